"""``Dataset``: samples, labels and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykit.errors import DatasetError

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Dataset:
    """Samples ``x`` (N, ...) and, where known, targets ``y`` (N,) or (N, ...).

    ``x`` is float32, or the integer dtype it was stored in. ``y`` is as stored: labels from 0 (whole
    numbers of any dtype), one-hot rows, or real targets; :func:`check_labels` makes labels of it.
    ``sha256`` is that of the content: the file's bytes, or of a folder the sorted names and hashes.
    ``notes`` say in words what the loader did to make the data fit.
    """

    x: Array
    y: Array | None
    source: str
    sha256: str
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.x)

    def real_x(self) -> npt.NDArray[np.float32]:
        """``x`` as float32 real values, what a float model takes.

        Use this wherever a float and an int8 model see the same data: an int8 model takes int8 data
        for stored values, a float model takes them for real ones. Raises DatasetError for integers
        that float32 cannot hold exactly.
        """
        if self.x.dtype == np.float32:
            return self.x
        real = self.x.astype(np.float32)
        if not np.array_equal(real, self.x):
            raise DatasetError(
                f"{self.source}: some {self.x.dtype} values of x cannot be held exactly by float32.",
                hint="scale the data as in training and save them as float32.",
            )
        return real


def check_labels(dataset: Dataset, n_classes: int) -> npt.NDArray[np.int64]:
    """The labels of ``dataset`` as int64 (N,), each in 0 .. n_classes - 1.

    Taken are whole numbers of any dtype, in shape (N,) or (N, 1), and one-hot rows (N, n_classes).
    Raises DatasetError: ``NO_LABELS``, ``LABEL_SHAPE``, ``LABEL_VALUE`` (not a whole number) or
    ``LABEL_RANGE``.
    """
    y = dataset.y
    if y is None:
        raise DatasetError(
            f"{dataset.source}: there are no labels.",
            hint="put them in `y` of an .npz, a column `label` of a .csv, or a folder for each class.",
            code="NO_LABELS",
        )
    if y.ndim == 2 and y.shape[1] == n_classes and n_classes > 1 and _is_one_hot(y):
        hot: npt.NDArray[np.int64] = y.argmax(axis=1).astype(np.int64)
        return hot
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DatasetError(
            f"{dataset.source}: labels have shape {y.shape}; {n_classes} classes need ({len(y)},).",
            hint=f"save the class number of each sample, or one-hot rows of length {n_classes}.",
            code="LABEL_SHAPE",
        )
    with np.errstate(invalid="ignore"):
        labels = y.astype(np.int64)
    wrong = np.flatnonzero(labels != y)
    if len(wrong):
        raise DatasetError(
            f"{dataset.source}: label {y[wrong[0]]} of sample {wrong[0]} is not a whole number.",
            hint="labels are class numbers from 0. For real targets use `--metric mse`.",
            code="LABEL_VALUE",
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if len(wrong):
        raise DatasetError(
            f"{dataset.source}: label {labels[wrong[0]]} of sample {wrong[0]} is out of range; "
            f"the model has {n_classes} classes, 0 to {n_classes - 1} ({len(wrong)} such labels).",
            hint="classes are numbered from 0; is this the data set of another model?",
            code="LABEL_RANGE",
        )
    return labels


def _is_one_hot(y: Array) -> bool:
    return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())
