"""From a data file to the arrays that go in: stored values as they are, real ones by the input's scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinykit.datasets import Dataset, load_dataset
from tinykit.datasets.formats.numpy_arrays import read_arrays
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, TensorSpec
from tinykit.runtime import TensorInfo

RANDOM_SEED = 0
# Below this share a clipped value is an outlier of the data, above it a sign of the wrong scaling.
_SATURATED_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Samples:
    """``arrays[i]`` is input i for all N inferences, (N, ...), in the input's own dtype.

    ``source`` is the file, or "random" with its seed; ``interpretation`` says how its values were taken;
    ``labels`` are its targets and ``data`` all of it, where there is a file with one input.
    """

    arrays: tuple[Array, ...]
    source: str
    interpretation: str
    data: Dataset | None = None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.arrays[0])


def random_samples(specs: tuple[TensorSpec, ...]) -> Samples:
    """One inference on seeded bytes: counts and times are right, outputs mean nothing."""
    rng = np.random.RandomState(RANDOM_SEED)
    arrays: list[Array] = []
    for spec in specs:
        shape = (1, *spec.row_shape)
        if spec.dtype.kind == "f":
            arrays.append(rng.standard_normal(shape).astype(spec.dtype))
        elif spec.dtype.kind == "b":
            arrays.append(rng.randint(0, 2, shape).astype(spec.dtype))
        else:
            info = np.iinfo(spec.dtype)
            arrays.append(rng.randint(info.min, info.max + 1, shape, dtype=np.int64).astype(spec.dtype))
    return Samples(tuple(arrays), f"random, seed {RANDOM_SEED}", "stored values")


def load_samples(
    specs: tuple[TensorSpec, ...], path: Path, *, limit: int | None = None, progress: Progress = SILENT
) -> Samples:
    """The samples of the file ``path`` for a model with the inputs ``specs``.

    A model with one input takes ``x`` of any data file; one with several an .npz with an array for each
    input's name. ``limit`` takes the first samples only.

    Raises DatasetError for a file that does not fit, InputError: INPUT_EMPTY, INPUT_SHAPE, INPUT_NOT_FINITE,
    INPUT_INTEGERS.
    """
    if len(specs) == 1:
        data = load_dataset(path, input_shape=specs[0].row_shape, progress=progress)
        data = Dataset(
            data.x[:limit],
            None if data.y is None else data.y[:limit],
            data.source,
            data.sha256,
            data.class_names,
            data.notes,
        )
        columns: tuple[Array, ...] = (data.x,)
    else:
        data = None
        columns = tuple(column[:limit] for column in _named(specs, path))
        if len({len(column) for column in columns}) != 1:
            raise InputError(
                f"{path}: the inputs hold {', '.join(str(len(c)) for c in columns)} samples.",
                hint="save as many rows for each input.",
                code="INPUT_SHAPE",
            )
    if len(columns[0]) == 0:
        raise InputError(f"{path} holds no samples.", hint="give at least one.", code="INPUT_EMPTY")
    taken = [store(spec, column, progress) for spec, column in zip(specs, columns, strict=True)]
    words = "; ".join(dict.fromkeys(how for _, how in taken))
    return Samples(tuple(array for array, _ in taken), str(path), words, data)


def _named(specs: tuple[TensorSpec, ...], path: Path) -> tuple[Array, ...]:
    """Rows of each input, from an .npz whose arrays have the inputs' names."""
    arrays = read_arrays(path, [spec.name for spec in specs])
    columns = []
    for spec in specs:
        rows = arrays[spec.name]
        if rows.shape[1:] not in (spec.row_shape, spec.shape):
            raise InputError(
                f"Input {spec.name!r} has shape {rows.shape}, and the model takes N × {spec.row_shape}.",
                hint="the first axis counts inferences.",
                code="INPUT_SHAPE",
            )
        columns.append(rows.reshape(len(rows), *spec.row_shape))
    return tuple(columns)


def store(spec: TensorSpec, data: Array, progress: Progress = SILENT) -> tuple[Array, str]:
    """``data`` as the model stores them, and in words how they were taken.

    Raises InputError: INPUT_NOT_FINITE; INPUT_INTEGERS where integers of another dtype would be ambiguous.
    """
    if data.dtype == spec.dtype:
        return np.ascontiguousarray(data), f"stored {spec.dtype} values, as they are"
    if spec.scale == 0.0 and spec.dtype.kind == "f" and data.dtype.kind in "fiu":
        return data.astype(spec.dtype), f"{data.dtype} values, as {spec.dtype}"
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        first = int(np.argmin(np.isfinite(data).reshape(len(data), -1).all(axis=1)))
        raise InputError(
            f"The input data hold NaN or infinity, first in sample {first}.",
            hint=f"an {spec.dtype} input has no such value: leave the sample out or repair it.",
            code="INPUT_NOT_FINITE",
        )
    if data.dtype.kind in "iu":
        _refuse_stored_look(spec, data)
    info = TensorInfo(0, spec.name, spec.dtype, spec.shape, spec.scale, spec.zero_point)
    stored = info.accept(data)
    _warn_saturation(spec, data, stored, progress)
    how = f"quantized by scale {spec.scale:g}, zero point {spec.zero_point}"
    if data.dtype.kind in "iu":
        how = f"{data.dtype} values taken as real numbers, {how}"
    else:
        how = f"real {data.dtype} values, {how}"
    return stored, how


def _refuse_stored_look(spec: TensorSpec, data: Array) -> None:
    """Integers that only make sense as stored values of another width must not be quantized again."""
    if spec.scale == 0.0 or not data.size:
        return
    limits = np.iinfo(spec.dtype)
    least, most = int(data.min()), int(data.max())
    real_least = spec.scale * (limits.min - spec.zero_point)
    real_most = spec.scale * (limits.max - spec.zero_point)
    fits_stored = limits.min <= least and most <= limits.max
    outside = least < real_least - spec.scale or most > real_most + spec.scale
    if fits_stored and outside:
        raise InputError(
            f"The data are {data.dtype} from {least} to {most}: as real numbers they leave what the input"
            f" can hold ({real_least:g} to {real_most:g}), as stored values they would fit.",
            hint=f"save stored values as {spec.dtype}, real ones as float32.",
            code="INPUT_INTEGERS",
        )


def _warn_saturation(spec: TensorSpec, data: Array, stored: Array, progress: Progress) -> None:
    if spec.scale == 0.0:
        return
    limits = np.iinfo(spec.dtype)
    real = data.astype(np.float64) / spec.scale + spec.zero_point
    clipped = int(((real < limits.min - 0.5) | (real > limits.max + 0.5)).sum())
    if clipped > _SATURATED_SHARE * stored.size:
        progress.warn(
            "INPUT_SATURATED",
            f"{clipped:,} of {stored.size:,} input values are beyond the input's range and were clipped.",
            "scale the data as in training; the model's representative dataset shows the range.",
        )
