"""Top-1 accuracy of two classifiers on the same samples."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykit.datasets import Dataset, check_labels
from tinykit.errors import DatasetError
from tinykit.estimate import Estimate
from tinykit.metrics.intervals import covariance_for, drop_estimate, label_of, paired_estimates, tango, wilson
from tinykit.metrics.record import Metric, MetricComparison

Array = npt.NDArray[Any]
WILSON = "Wilson score interval"
TANGO = "Tango score interval of a paired difference"


def compare(float_out: Array, int8_out: Array, data: Dataset) -> MetricComparison:
    """Outputs (N, classes), labels in ``data.y``; the class is the first largest output.

    The gate sees float - int8 with Tango's score interval, and the drop's uncertainty is that interval's.
    The uncertainties of the two accuracies are Agresti and Coull's (1998, Am. Stat. 52:119), which are
    not 0 where nothing was ever wrong.
    """
    float_class, int8_class = predicted(float_out), predicted(int8_out)
    labels = check_labels(data, float_out.reshape(len(float_out), -1).shape[1])
    float_hit, int8_hit = float_class == labels, int8_class == labels
    n = len(labels)
    both = int((float_hit & int8_hit).sum())
    only_float, only_int8 = int(float_hit.sum()) - both, int(int8_hit.sum()) - both
    float_value, int8_value = float(float_hit.mean()), float(int8_hit.mean())
    label = label_of("top1", float_class, int8_class, labels)
    source = f"top-1 on {n} samples, {WILSON}"
    interval = tango(only_float, only_int8, n)
    drop = drop_estimate(
        float_value - int8_value, interval, label=label, source=f"top-1 on {n} samples, {TANGO}"
    )
    variances = _variance(both + only_float, n), _variance(both + only_int8, n)
    first, second = paired_estimates(
        (float_value, int8_value),
        (*variances, covariance_for(*variances, drop.u**2)),
        label=label,
        source=source,
    )
    return MetricComparison(
        name="top1",
        float_metric=Metric("top1", first, wilson(both + only_float, n), n, WILSON),
        int8_metric=Metric("top1", second, wilson(both + only_int8, n), n, WILSON),
        drop=drop,
        drop_interval95=interval,
        drop_interval_at=partial(_drop_interval_at, only_float / n, only_int8 / n),
        drop_method=TANGO,
        drop_is_relative=False,
        agreement=agreement(float_class, int8_class),
    )


def predicted(out: Array) -> npt.NDArray[np.int64]:
    """The class named by each row of ``out`` (N, classes): the first of the largest."""
    flat = out.reshape(len(out), -1)
    if flat.shape[1] < 2:
        raise DatasetError(
            f"top-1 needs an output for each class; the model gives {out.shape[1:]} a sample.",
            hint="for one score use `--metric auc`, for real targets `--metric mse`.",
            code="METRIC",
        )
    classes: npt.NDArray[np.int64] = flat.argmax(axis=1).astype(np.int64)
    return classes


def agreement(float_class: Array, int8_class: Array) -> Metric:
    """Share of samples where both models name the same class."""
    n, same = len(float_class), int((float_class == int8_class).sum())
    estimate = Estimate.normal(
        same / n,
        "1",
        math.sqrt(_variance(same, n)),
        name=f"{label_of('agreement', float_class, int8_class)}.samples",
        kind="measured",
        source=f"agreement on {n} samples, {WILSON}",
    )
    return Metric("agreement", estimate, wilson(same, n), n, WILSON)


def _variance(hits: int, n: int) -> float:
    p = (hits + 2) / (n + 4)
    return p * (1 - p) / (n + 4)


def _drop_interval_at(only_float: float, only_int8: float, n: int) -> tuple[float, float]:
    return tango(only_float * n, only_int8 * n, n)
