"""Writing what a run gave: arrays with the stamp of what they came from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tinykit import __version__
from tinykit.errors import OutputError
from tinykit.running.result import Array


def stamped(arrays: Mapping[str, Array], stamp: Mapping[str, str | bool | float]) -> dict[str, Array]:
    """``arrays`` with the stamp's values as arrays without axes beside them."""
    return {
        **arrays,
        **{name: np.array(value) for name, value in stamp.items()},
        "tinykit": np.array(__version__),
    }


def check_name(path: Path) -> None:
    """Refuse a name that is not .npz before the work. Raises OutputError."""
    if path.suffix.lower() != ".npz":
        raise OutputError(
            f"{path} does not end in .npz.",
            hint="outputs are kept with their model's hash and target, which takes an .npz.",
            code="OUTPUT_NAME",
        )


def write_arrays(arrays: Mapping[str, Array], path: Path) -> None:
    """Write ``arrays`` as .npz, whole or not at all. Raises OutputError."""
    partial = None
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        Path(partial).replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", hint="check the folder and the room on its disk."
        ) from error
    finally:
        if partial is not None:
            Path(partial).unlink(missing_ok=True)
