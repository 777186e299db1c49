"""The functions of ``import tinykit``: each does in one call what a command does, and prints nothing."""
