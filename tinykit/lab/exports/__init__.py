"""Formats that a session can be exported to, a file each with an ``EXPORT``."""
