"""Writing what a run gave."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from tinykit.errors import OutputError
from tinykit.running.result import Array


def write_output(array: Array, path: Path) -> None:
    """Write ``array`` as .npy, whole or not at all. Raises OutputError."""
    partial = None
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            np.save(file, array, allow_pickle=False)
        Path(partial).replace(path)
    except OSError as error:
        if partial is not None:
            Path(partial).unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", hint="check the folder and the room on its disk."
        ) from error
