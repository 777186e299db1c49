"""Mean squared error of two models on the same samples, and its relative rise."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykit.datasets import Dataset
from tinykit.errors import DatasetError
from tinykit.estimate import Estimate, student_t_quantile
from tinykit.metrics.intervals import label_of, paired_estimates
from tinykit.metrics.record import Metric, MetricComparison

Array = npt.NDArray[Any]
_METHOD = "t interval of the samples' squared errors"


def compare(float_out: Array, int8_out: Array, data: Dataset) -> MetricComparison:
    """Targets are ``data.y`` where it has the output's shape, else ``data.x`` (an autoencoder).

    A sample's error is the mean over its outputs of the squared difference. The gate sees the relative
    rise r = int8 / float - 1; its interval is symmetric in log(1 + r), with the paired variance of the log
    ratio by the delta method: (s_q^2/q^2 + s_f^2/f^2 - 2 s_fq/(f q)) / n, and Student's t with n - 1.
    """
    target = _target(float_out, data)
    n = len(target)
    if not np.isfinite(target).all():
        raise DatasetError(
            f"{data.source}: targets hold NaN or infinity.", hint="remove these samples.", code="NOT_FINITE"
        )
    if n < 2:
        raise DatasetError(
            f"{data.source}: one sample gives no interval.", hint="give two evaluation samples at least."
        )
    errors = np.stack([_errors(out, target) for out in (float_out, int8_out)])
    means, covariance = errors.mean(axis=1), np.cov(errors) / n
    if means[0] == 0.0 and means[1] > 0.0:
        raise DatasetError(
            f"{data.source}: the float model's error is exactly 0, so the relative rise is unbounded.",
            hint="are the targets the model's own outputs? Give real targets.",
            code="METRIC",
        )
    label, t95 = label_of("mse", errors), student_t_quantile(0.975, n - 1)
    first, second = paired_estimates(
        (float(means[0]), float(means[1])),
        (float(covariance[0, 0]), float(covariance[1, 1]), float(covariance[0, 1])),
        label=label,
        source=f"MSE on {n} samples, {_METHOD}",
        dof=n - 1,
    )
    drop, u_log = _rise(means, covariance, n, label)
    interval_at = partial(_rise_interval, drop.value + 1.0, u_log * math.sqrt(n))
    return MetricComparison(
        name="mse",
        float_metric=Metric("mse", first, _interval(first, t95), n, _METHOD),
        int8_metric=Metric("mse", second, _interval(second, t95), n, _METHOD),
        drop=drop,
        drop_interval95=interval_at(n),
        drop_interval_at=interval_at,
        drop_method="paired interval of the log ratio (delta method, Student's t)",
        drop_is_relative=True,
        agreement=None,
    )


def _target(out: Array, data: Dataset) -> Array:
    if data.y is not None and data.y.reshape(len(data.y), -1).shape == out.reshape(len(out), -1).shape:
        return data.y
    # One y a sample beside an autoencoder are labels; any other y of a wrong shape is a mistake.
    if data.x.shape == out.shape and (data.y is None or data.y.size == len(data.y)):
        return data.x
    have = "there is no y" if data.y is None else f"y has shape {data.y.shape}"
    raise DatasetError(
        f"{data.source}: MSE needs targets of the output's shape {out.shape}; {have}.",
        hint="save the targets as y; an autoencoder (output like input) needs none.",
        code="METRIC",
    )


def _errors(out: Array, target: Array) -> npt.NDArray[np.float64]:
    difference = out.reshape(len(out), -1).astype(np.float64) - target.reshape(len(target), -1)
    errors: npt.NDArray[np.float64] = np.mean(np.square(difference), axis=1)
    return errors


def _interval(estimate: Estimate, t95: float) -> tuple[float, float]:
    reach = t95 * estimate.u
    return max(0.0, estimate.value - reach), estimate.value + reach


def _rise(
    means: npt.NDArray[np.float64], covariance: npt.NDArray[np.float64], n: int, label: str
) -> tuple[Estimate, float]:
    """The relative rise, and the standard uncertainty of the log ratio."""
    source = f"relative rise of MSE on {n} samples, log ratio"
    if means[1] == 0.0:
        value = 0.0 if means[0] == 0.0 else -1.0
        return Estimate.exact(value, "1", kind="measured", source=source), 0.0
    gradient = np.array([-1.0 / means[0], 1.0 / means[1]])
    u_log = math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    ratio = float(means[1] / means[0])
    drop = Estimate.normal(
        ratio - 1.0, "1", ratio * u_log, name=f"{label}.rise", kind="measured", source=source, dof=n - 1
    )
    return drop, u_log


def _rise_interval(ratio: float, spread_log: float, samples: int) -> tuple[float, float]:
    reach = student_t_quantile(0.975, samples - 1) * spread_log / math.sqrt(samples)
    return ratio * math.exp(-reach) - 1.0, ratio * math.exp(min(reach, 700.0)) - 1.0
