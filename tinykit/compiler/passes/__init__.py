"""Passes: one function a file, from a Program to one that computes the same with less."""
