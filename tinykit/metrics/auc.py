"""Area under the ROC curve of two scores on the same samples, with DeLong's covariance."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykit.datasets import Dataset, check_labels
from tinykit.errors import DatasetError
from tinykit.metrics.intervals import (
    Z95,
    covariance_for,
    drop_estimate,
    label_of,
    nothing_differs,
    paired_estimates,
    root,
)
from tinykit.metrics.record import Metric, MetricComparison
from tinykit.metrics.top1 import agreement, predicted

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
DELONG = "DeLong interval of a paired difference"
NO_PAIR = "Tango score interval of no discordant pair in the smaller class (DeLong's variance says nothing)"


def compare(float_out: Array, int8_out: Array, data: Dataset) -> MetricComparison:
    """Labels 0 and 1 in ``data.y``; 1 is what the score should be high for (for anomalies: the odd ones).

    Scores: one column, as it is; two columns, second minus first; an output of the shape of the input
    (an autoencoder), the mean squared reconstruction error, as MLPerf Tiny's anomaly detection does.
    The gate sees float - int8 with the paired interval of DeLong et al. (1988), Biometrics 44:837. Where
    no placement differs, or one sample stands for a class, that has no width; then the drop gets the
    width that Tango's interval has where none of the smaller class's samples are discordant.
    """
    labels = check_labels(data, 2)
    m, n = int((labels == 1).sum()), int((labels == 0).sum())
    if m == 0 or n == 0:
        raise DatasetError(
            f"{data.source}: AUC needs both classes; all {len(labels)} labels are {1 if m else 0}.",
            hint="give evaluation data with normal (0) and positive (1) samples.",
            code="ONE_CLASS",
        )
    scores = np.stack([_scores(out, data.x) for out in (float_out, int8_out)])
    values, covariance = delong(scores[:, labels == 1], scores[:, labels == 0])
    lows, highs, variances, methods = zip(
        *(_interval(values[i], covariance[i, i], m, n) for i in range(2)), strict=True
    )
    label = label_of("auc", scores, labels)
    source = f"AUC on {m} positive and {n} negative samples"
    value, variance = float(values[0] - values[1]), _drop_variance(covariance, min(m, n))
    reach_at = partial(_reach_at, variance, m + n, min(m, n) / (m + n))
    method = NO_PAIR if variance is None else DELONG
    reach = reach_at(m + n)
    drop = drop_estimate(value, (value - reach, value + reach), label=label, source=f"{source}, {method}")
    # Two models that rank all samples alike do not err in opposite ways, however little that shows.
    shown = min(drop.u**2, sum(variances)) if variance is None else drop.u**2
    first, second = paired_estimates(
        (float(values[0]), float(values[1])),
        (variances[0], variances[1], covariance_for(variances[0], variances[1], shown)),
        label=label,
        source=f"{source}, DeLong",
    )
    has_classes = float_out.reshape(len(float_out), -1).shape[1] == 2
    return MetricComparison(
        name="auc",
        float_metric=Metric("auc", first, (lows[0], highs[0]), m + n, methods[0]),
        int8_metric=Metric("auc", second, (lows[1], highs[1]), m + n, methods[1]),
        drop=drop,
        drop_interval95=_around(value, reach_at, m + n),
        drop_interval_at=partial(_around, value, reach_at),
        drop_method=method,
        drop_is_relative=False,
        agreement=agreement(predicted(float_out), predicted(int8_out)) if has_classes else None,
    )


def delong(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """AUCs (k,) and covariance (k, k) of k scores of m positive (k, m) and n negative (k, n) samples.

    Placement values by mid-ranks, O((m + n) log(m + n)) (Sun and Xu 2014, IEEE Sig. Proc. Lett. 21:1389).
    A pair with equal scores counts one half. With one sample of a class its part of the variance is 0.
    """
    m, n = positive.shape[1], negative.shape[1]
    above, below = np.empty(positive.shape), np.empty(negative.shape)
    for k in range(len(positive)):
        together = midranks(np.concatenate([positive[k], negative[k]]))
        above[k] = (together[:m] - midranks(positive[k])) / n
        below[k] = 1.0 - (together[m:] - midranks(negative[k])) / m
    covariance = sum(
        np.atleast_2d(np.cov(part)) / count if count > 1 else np.zeros((len(part), len(part)))
        for part, count in ((above, m), (below, n))
    )
    return above.mean(axis=1), np.asarray(covariance)


def midranks(x: Array) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2.0)[inverse]
    return ranks


def _scores(out: Array, x: Array) -> Floats:
    flat = out.reshape(len(out), -1).astype(np.float64)
    if flat.shape[1] == 1:
        return flat[:, 0]
    if flat.shape[1] == 2:
        return flat[:, 1] - flat[:, 0]
    if out.shape == x.shape:
        errors: Floats = np.mean(np.square(flat - x.reshape(len(x), -1)), axis=1)
        return errors
    raise DatasetError(
        f"AUC needs one or two outputs, or an autoencoder; the model gives {out.shape[1:]} a sample.",
        hint="for many classes use `--metric top1`.",
        code="METRIC",
    )


def _interval(auc: float, variance: float, m: int, n: int) -> tuple[float, float, float, str]:
    """(low, high, variance, method): DeLong on the logit scale, or by scores where that has no width.

    Perfectly separated samples have a DeLong variance of 0, and a class of one sample hides its part of it.
    Then the ends solve the score equation with Hanley and McNeil's variance (1982, Radiology 143:29), as
    Newcombe does (2006, Statist. Med. 25:559).
    """
    if 0.0 < auc < 1.0 and variance > 0.0 and min(m, n) > 1:
        centre, reach = math.log(auc / (1 - auc)), Z95 * math.sqrt(variance) / (auc * (1 - auc))
        low, high = (
            1 / (1 + math.exp(-max(-700.0, min(700.0, e)))) for e in (centre - reach, centre + reach)
        )
        return low, high, variance, "DeLong interval on the logit scale"

    def gap(a: float) -> float:
        q = 1 + (m - 1) * (1 - a) / (2 - a) + (n - 1) * a / (1 + a)
        return Z95 * math.sqrt(a * (1 - a) * q / (m * n)) - abs(auc - a)

    low = root(lambda a: -gap(a), 0.0, auc) if auc > 0 else 0.0
    high = root(gap, auc, 1.0) if auc < 1 else 1.0
    return low, high, ((high - low) / (2 * Z95)) ** 2, "score interval with Hanley and McNeil's variance"


def _drop_variance(covariance: Floats, smaller: int) -> float | None:
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return variance if variance > 1e-18 and smaller > 1 else None


def _reach_at(variance: float | None, n: int, smaller: float, samples: int) -> float:
    """Half the width on ``samples``; ``variance`` is DeLong's on ``n``, ``smaller`` a class's share."""
    if variance is None:
        return nothing_differs(smaller * samples)[1]
    return Z95 * math.sqrt(variance * n / samples)


def _around(drop: float, reach_at: Callable[[int], float], samples: int) -> tuple[float, float]:
    reach = reach_at(samples)
    return max(-1.0, drop - reach), min(1.0, drop + reach)
