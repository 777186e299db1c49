"""Data that ship with the package: JSON Schemas and cited reference figures."""
