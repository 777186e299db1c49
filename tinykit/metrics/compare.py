"""``compare_metric``: one call for every metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykit.datasets import Dataset
from tinykit.errors import DatasetError, ModelError, UsageError
from tinykit.metrics import auc, mse, top1
from tinykit.metrics.record import MetricComparison

Array: TypeAlias = npt.NDArray[Any]
Compare: TypeAlias = Callable[[Array, Array, Dataset], MetricComparison]

METRICS: Mapping[str, Compare] = MappingProxyType(
    {"top1": top1.compare, "auc": auc.compare, "mse": mse.compare}
)


def compare_metric(
    name: str, float_out: Array, int8_out: Array, y: Array | None, x: Array | None = None
) -> MetricComparison:
    """Compare two models' outputs (N, ...) on the same samples; ``name`` is ``top1``, ``auc`` or ``mse``.

    Outputs are real values: those of an int8 model dequantized. ``y`` are the labels or targets (N, ...),
    ``x`` the real inputs, needed for an autoencoder. See each metric's ``compare`` for formulas and sources.

    Raises UsageError for an unknown name, DatasetError for labels or targets that do not fit and for
    zero samples, ModelError (``NOT_FINITE``) for outputs that are NaN or infinite.
    """
    if name not in METRICS:
        raise UsageError(f"There is no metric {name!r}.", hint=f"choose one of: {', '.join(METRICS)}.")
    if float_out.shape != int8_out.shape:
        raise ModelError(
            f"The models' outputs differ in shape: float {float_out.shape}, int8 {int8_out.shape}.",
            hint="compare a model with its own int8 version, on the same samples.",
        )
    n = len(float_out)
    if n == 0:
        raise DatasetError("There are no samples to evaluate on.", hint="give evaluation data.", code="EMPTY")
    for what, array in (("labels", y), ("inputs", x)):
        if array is not None and len(array) != n:
            raise DatasetError(
                f"There are {n} outputs and {len(array)} {what}.", hint="give one for each sample."
            )
    for what, out in (("float", float_out), ("int8", int8_out)):
        finite = np.isfinite(out.reshape(n, -1)).all(axis=1)
        if not finite.all():
            raise ModelError(
                f"The {what} model gives NaN or infinity for sample {int(np.argmin(finite))} "
                f"({n - int(finite.sum())} such samples).",
                hint="check the data and the model's weights for NaN and for values that are too large.",
                code="NOT_FINITE",
            )
    inputs = np.empty((n, 0), dtype=np.float32) if x is None else x
    return METRICS[name](float_out, int8_out, Dataset(inputs, y, "evaluation data", ""))
