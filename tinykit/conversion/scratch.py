"""The private folder that parent and child share, and writing into it when the disk may be full."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinykit.errors import OutputError

if TYPE_CHECKING:
    import numpy.typing as npt


@contextmanager
def work_folder() -> Iterator[Path]:
    """A new folder, gone afterwards."""
    with _enough_room():
        work = Path(tempfile.mkdtemp(prefix="tinykit-convert-"))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write ``array`` as .npy. Raises OutputError."""
    import numpy as np

    with _enough_room():
        np.save(path, array, allow_pickle=False)


def save_bytes(path: Path, content: bytes) -> None:
    """Write ``content``. Raises OutputError."""
    with _enough_room():
        path.write_bytes(content)


@contextmanager
def _enough_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{tempfile.gettempdir()} does not take temporary files: {error.strerror or error}.",
            hint="free some space there, or name another folder in the environment variable TMPDIR.",
            code="CANNOT_WRITE",
        ) from error
