"""``load_dataset``: find the loader, load, fit to the model's input shape."""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import pkgutil
from pathlib import Path

import numpy as np

from tinykit.datasets.dataset import Array, Dataset
from tinykit.datasets.loader import DEFAULT_MAX_BYTES, Loader, LoadOptions, Shape
from tinykit.errors import DatasetError
from tinykit.progress import SILENT, Progress

ENTRY_POINTS = "tinykit.dataset_loaders"


def loaders() -> tuple[Loader, ...]:
    """The formats known here: built-in ones by name, then those of other packages."""
    from tinykit.datasets import formats

    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    built_in = [importlib.import_module(f"{formats.__name__}.{name}").LOADER for name in names]
    plugged = [entry.load() for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return (*built_in, *plugged)


def load_dataset(
    path: Path | str,
    *,
    input_shape: Shape | None = None,
    image_scale: float | tuple[float, ...] | None = None,
    image_mean: float | tuple[float, ...] = 0.0,
    label_column: str | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Progress = SILENT,
) -> Dataset:
    """Load ``path``: ``.npz`` (``x``, ``y``), ``.npy``, ``.csv`` or a folder of images.

    ``input_shape`` is the model's, without batch; samples are checked against it, and axes of length 1
    are added or dropped where that is all that differs. A value None in it matches any length.
    A pixel p of an image becomes (p - image_mean) * image_scale, numbers or one a channel;
    ``image_scale`` has no default, since no one but the model's trainer knows it. ``label_column`` names
    the label column of a .csv (see ``formats/csv_table.py``). Sets that would take more than ``max_bytes``
    of memory are refused before they are read.

    ``x`` comes back as float32, or in the integer dtype of the file. What was done to make the data fit
    is in ``notes``, and goes to ``progress.warn`` as ``DATASET_NOTE``. Raises DatasetError.
    """
    path = Path(path)
    options = LoadOptions(input_shape, image_scale, image_mean, label_column, max_bytes, progress)
    try:
        loader = _loader_for(path)
        loaded = loader.load(path, options)
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read: {error.strerror or error}.", hint="check the path and its permissions."
        ) from error
    if loaded.y is not None and loaded.y.shape[:1] != loaded.x.shape[:1]:
        labels = len(loaded.y) if loaded.y.ndim else "a single number instead of"
        raise DatasetError(
            f"{path}: {len(loaded.x)} samples in x, {labels} labels in y.",
            hint="save one label for each sample, in the same order.",
            code="LABEL_COUNT",
        )
    x, notes = _as_float32(path, loaded.x), list(loaded.notes)
    if input_shape is not None:
        x, note = _fit(path, x, input_shape, loaded.is_flat)
        notes += [note] if note else []
    for note in notes:
        progress.warn("DATASET_NOTE", note)
    return Dataset(x, loaded.y, str(path), loaded.sha256, loaded.class_names, tuple(notes))


def _loader_for(path: Path) -> Loader:
    if not path.exists():
        raise DatasetError(f"{path}: no such file or folder.", hint="check the path.", code="NOT_FOUND")
    known = loaders()
    for loader in known:
        if loader.accepts(path):
            return loader
    formats = "; ".join(loader.description for loader in known)
    raise DatasetError(
        f"{path}: data of this kind cannot be read.", hint=f"formats: {formats}.", code="FORMAT"
    )


def _as_float32(path: Path, x: Array) -> Array:
    """Floats of any width become float32; integers stay as they are, in native byte order."""
    if x.dtype.kind == "b":
        return x.astype(np.uint8)
    if x.dtype.kind != "f":
        return x.astype(x.dtype.newbyteorder("="), copy=False)
    with np.errstate(over="ignore"):
        narrow = x.astype(np.float32, copy=False)
    if narrow.dtype != x.dtype and (np.isinf(narrow) & np.isfinite(x)).any():
        raise DatasetError(
            f"{path}: some values of x are beyond float32.", hint="scale the data as in training."
        )
    return narrow


def _fit(path: Path, x: Array, shape: Shape, is_flat: bool) -> tuple[Array, str]:
    """``x`` with samples of ``shape``, and a note where that took a reshape."""
    have = x.shape[1:]
    if _matches(have, shape):
        return x, ""
    exact = tuple(n for n in shape if n is not None)
    if len(exact) == len(shape):
        wide = is_flat and math.prod(have) == math.prod(exact)
        # Axes of length 1 may move freely: they do not change the order of the values.
        if wide or [n for n in have if n != 1] == [n for n in exact if n != 1]:
            return x.reshape(len(x), *exact), f"Samples of shape {have} were taken as {exact}."
    raise DatasetError(
        f"{path}: samples have shape {_show(have)}, the model takes {_show(shape)}.",
        hint=_shape_hint(x, shape),
        code="SHAPE",
    )


def _matches(have: tuple[int, ...], shape: Shape) -> bool:
    return len(have) == len(shape) and all(n in (None, m) for m, n in zip(have, shape, strict=True))


def _shape_hint(x: Array, shape: Shape) -> str:
    if _matches(x.shape, shape):
        return "This is one sample without a batch axis; save x[np.newaxis], or better many samples."
    if x.ndim == 4 and _matches((*x.shape[2:], x.shape[1]), shape):
        return "The data have channels first; save np.moveaxis(x, 1, -1)."
    if math.prod(x.shape[1:]) == math.prod(n or 0 for n in shape):
        return "The sizes agree: save x.reshape(len(x), ...) in the order that the model was trained with."
    return "Prepare the data as they were prepared for training."


def _show(shape: Shape) -> str:
    return "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
