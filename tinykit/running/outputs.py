"""Writing what a run gave: arrays with the stamp of what they came from."""

from __future__ import annotations

import uuid
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
    """Refuse a name that is not .npz, or a folder that is not there, before the work. Raises OutputError."""
    if path.suffix.lower() != ".npz":
        raise OutputError(
            f"{path} does not end in .npz.",
            hint="outputs are kept with their model's hash and target, which takes an .npz.",
            code="OUTPUT_NAME",
        )
    if not path.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written: there is no folder {path.parent}.", hint="make it, or name another."
        )


def write_arrays(arrays: Mapping[str, Array], path: Path) -> None:
    """Write ``arrays`` as .npz, whole or not at all. Raises OutputError."""
    partial = None
    try:
        # Not tempfile's: its files are for their owner alone.
        unfinished = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
        with unfinished.open("xb") as file:
            partial = unfinished
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", hint="check the folder and the room on its disk."
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
