"""What a metric and a comparison of two metrics say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tinykit.estimate import Estimate

_EPSILON = 1e-12  # forgives the rounding of (correct_a - correct_b) / n against a typed 0.005


@dataclass(frozen=True)
class Metric:
    """One metric of one model on ``n`` samples. ``interval95`` is the method's own and may be lopsided."""

    name: str
    estimate: Estimate
    interval95: tuple[float, float]
    n: int
    method: str

    @property
    def value(self) -> float:
        """The point value."""
        return self.estimate.value

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "estimate": self.estimate.to_dict(),
            "interval95": list(self.interval95),
            "n": self.n,
            "method": self.method,
        }


@dataclass(frozen=True)
class MetricComparison:
    """A float and an int8 model on the same samples.

    ``drop`` is what int8 costs, positive when it is worse: float - int8 for top-1 and AUC (a share, not
    per cent), int8 / float - 1 for MSE. ``drop_interval95`` and the uncertainty of ``drop`` are paired:
    they know that both models saw the same samples. The two metrics' estimates share a named influence
    for the same reason, so their difference as estimates has the paired uncertainty too.
    ``agreement`` is the share of samples where both name the same class; None where there are no classes.
    """

    name: str
    float_metric: Metric
    int8_metric: Metric
    drop: Estimate
    drop_interval95: tuple[float, float]
    drop_method: str
    drop_is_relative: bool
    agreement: Metric | None

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.float_metric.n

    def passes(self, max_drop: float) -> bool:
        """Whether the point value of the drop is within ``max_drop``: this decides the gate."""
        return self.drop.value <= max_drop + _EPSILON

    def spans(self, max_drop: float) -> bool:
        """Whether the drop's interval holds ``max_drop``, so that more samples might turn the verdict."""
        low, high = self.drop_interval95
        return low < max_drop < high

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "n": self.n,
            "float": self.float_metric.to_dict(),
            "int8": self.int8_metric.to_dict(),
            "drop": self.drop.to_dict(),
            "drop_interval95": list(self.drop_interval95),
            "drop_method": self.drop_method,
            "drop_is_relative": self.drop_is_relative,
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
        }


def samples_to_settle(comparison: MetricComparison, max_drop: float) -> int | None:
    """How many samples, in all, would make the drop's interval stop short of ``max_drop``.

    Assumes that the observed drop d is the true one and that the interval's reach towards the limit,
    h = |end - d|, shrinks with the root of the number of samples: n' = n * (h / |max_drop - d|)^2,
    rounded up. Gives n itself where the interval does not span the limit, and None where d is at the
    limit: then no number of samples settles it.
    """
    if not comparison.spans(max_drop):
        return comparison.n
    drop = comparison.drop.value
    distance = abs(max_drop - drop)
    if distance <= _EPSILON:
        return None
    low, high = comparison.drop_interval95
    reach = high - drop if max_drop > drop else drop - low
    return max(comparison.n + 1, math.ceil(comparison.n * (reach / distance) ** 2))
