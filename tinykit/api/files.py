"""What the functions take for a file's or folder's name."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

File = str | PathLike[str]


def path_or_none(file: File | None) -> Path | None:
    """``file`` as a Path, where there is one."""
    return None if file is None else Path(file)
