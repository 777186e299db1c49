"""What a metric and a comparison of two metrics say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tinykit.estimate import Estimate

_EPSILON = 1e-12  # forgives the rounding of (correct_a - correct_b) / n against a typed 0.005
_MOST_SAMPLES = 10**12


@dataclass(frozen=True)
class Metric:
    """One metric of one model on ``n`` samples. ``interval95`` is the method's own and may be lopsided.

    The estimate is symmetric, which is what arithmetic with it needs. Documents show ``interval95`` alone.
    """

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
            "estimate": _shown(self.estimate, self.interval95),
            "interval95": list(self.interval95),
            "n": self.n,
            "method": self.method,
        }


@dataclass(frozen=True)
class MetricComparison:
    """A float and an int8 model on the same samples.

    ``drop`` is what int8 costs, positive when it is worse: float - int8 for top-1 and AUC (a share, not
    per cent), int8 / float - 1 for MSE. ``drop_interval95`` is paired: it knows that both models saw the
    same samples. It may be lopsided; ``drop`` has its uncertainty, made symmetric, on an influence of its
    own. The two metrics' estimates share a named influence, so that their difference has the paired
    uncertainty too, as nearly as their own uncertainties allow; what int8 costs is ``drop``.
    ``drop_interval_at`` gives the interval that the same drop would have on another number of samples.
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
    drop_interval_at: Callable[[int], tuple[float, float]] = field(repr=False, compare=False)

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.float_metric.n

    def passes(self, max_drop: float) -> bool:
        """Whether the point value of the drop is within ``max_drop``: this decides the gate."""
        return self.drop.value <= max_drop + _EPSILON

    def spans(self, max_drop: float) -> bool:
        """Whether the drop's interval holds ``max_drop``, so that more samples might turn the verdict."""
        return _holds(self.drop_interval95, max_drop)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "n": self.n,
            "float": self.float_metric.to_dict(),
            "int8": self.int8_metric.to_dict(),
            "drop": _shown(self.drop, self.drop_interval95),
            "drop_interval95": list(self.drop_interval95),
            "drop_method": self.drop_method,
            "drop_is_relative": self.drop_is_relative,
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
        }


def samples_to_settle(comparison: MetricComparison, max_drop: float) -> int | None:
    """The smallest number of samples, in all, on which the drop's interval would not span ``max_drop``.

    Assumes that the drop stays what it is, and asks the metric's own interval: where nothing differs it
    shrinks with 1/n, elsewhere nearer to 1/sqrt(n). Gives the comparison's own number where the interval
    does not span the limit, and None where the drop is at the limit or so near that 10^12 samples would
    not settle it.
    """
    if not comparison.spans(max_drop):
        return comparison.n
    if abs(max_drop - comparison.drop.value) <= _EPSILON:
        return None
    short = enough = comparison.n
    while _holds(comparison.drop_interval_at(enough), max_drop):
        short, enough = enough, 2 * enough
        if enough > _MOST_SAMPLES:
            return None
    while enough - short > 1:
        middle = (short + enough) // 2
        if _holds(comparison.drop_interval_at(middle), max_drop):
            short = middle
        else:
            enough = middle
    return enough


def _holds(interval: tuple[float, float], limit: float) -> bool:
    return interval[0] < limit < interval[1]


def _shown(estimate: Estimate, interval95: tuple[float, float]) -> dict[str, Any]:
    """The estimate with the method's interval: one document must not hold two 95 % intervals of one thing."""
    return {**estimate.to_dict(), "interval95": list(interval95)}
