"""Writes a program as a folder of C99 that drops into any project."""
