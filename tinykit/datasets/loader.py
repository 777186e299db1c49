"""What a loader of a data format is: the contract for the files in ``formats/`` and for plug-ins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykit.errors import DatasetError
from tinykit.progress import SILENT, Progress

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int | None, ...]

DEFAULT_MAX_BYTES = 2 * 1024**3
"""The most memory that one data set may take. Calibration needs hundreds of samples, not gigabytes."""


@dataclass(frozen=True)
class LoadOptions:
    """What the caller knows. ``input_shape`` is without batch; None in it leaves a dimension open."""

    input_shape: Shape | None = None
    image_scale: float | tuple[float, ...] | None = None
    image_mean: float | tuple[float, ...] = 0.0
    label_column: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    progress: Progress = SILENT


@dataclass(frozen=True)
class Loaded:
    """What a loader hands back. ``is_flat``: samples are rows that may be reshaped to the input shape."""

    x: Array
    y: Array | None
    sha256: str
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_flat: bool = False


@dataclass(frozen=True)
class Loader:
    """One data format. ``accepts`` looks at the path only; ``load`` raises DatasetError and nothing else."""

    name: str
    description: str
    accepts: Callable[[Path], bool]
    load: Callable[[Path, LoadOptions], Loaded]


def check_size(what: str, size_bytes: int, options: LoadOptions) -> None:
    """Raise DatasetError (``TOO_LARGE``) where ``what`` would take more memory than the caller allows."""
    if size_bytes > options.max_bytes:
        raise DatasetError(
            f"{what} would take {size_bytes:,} bytes; the limit is {options.max_bytes:,}.",
            hint="give a subset of the samples: some hundreds calibrate, some thousands evaluate.",
            code="TOO_LARGE",
        )


def check_numeric(what: str, dtype: np.dtype[Any]) -> None:
    """Raise DatasetError where ``dtype`` is not plain numbers; object arrays are pickles, never read."""
    if dtype.hasobject:
        raise DatasetError(
            f"{what} is an object array: it can only be read by running code from the file (pickle).",
            hint="save plain numbers: np.savez(path, x=np.stack(list(x)).astype('float32'), "
            "y=np.asarray(y, 'int64')); samples of different shapes must be made equal first.",
            code="OBJECT_ARRAY",
        )
    if dtype.kind not in "biuf":
        raise DatasetError(
            f"{what} has dtype {dtype}; numbers are needed.",
            hint="save whole numbers or floats: np.asarray(x, 'float32').",
            code="DTYPE",
        )


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
