"""Data formats, one file each: a module here with a ``LOADER`` is a format, found by scanning."""
