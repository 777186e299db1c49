"""From a figure and its range to an `Estimate`: how a scenario's and the catalogue's ranges are read."""

from __future__ import annotations

import math

from tinykit.estimate import Estimate
from tinykit.estimate.record import Kind

Z95 = 1.959963984540054


def spread(
    value: float,
    unit: str,
    low: float | None,
    high: float | None,
    distribution: str,
    *,
    name: str,
    kind: Kind,
    source: str,
) -> Estimate:
    """``value`` with 95 % of it between ``low`` and ``high`` (all of it where the law has ends).

    A lognormal's median is ``value``, each of its halves as wide as its own end on a logarithmic scale;
    where only one end is known, or the ends are not on both sides, the farther one counts for both. Raises
    ValueError.
    """
    if low is None and high is None:
        return Estimate.exact(value, unit, kind=kind, source=source)
    if distribution == "lognormal":
        return _lognormal(value, unit, low, high, name, kind, source)
    ends = (value if low is None else low, value if high is None else high)
    if not ends[0] <= value <= ends[1]:
        raise ValueError(f"{name}: {value} is not between {ends[0]} and {ends[1]}")
    if ends[0] == ends[1]:
        return Estimate.exact(value, unit, kind=kind, source=source)
    if distribution == "triangular":
        return Estimate.triangular(ends[0], value, ends[1], unit, name=name, kind=kind, source=source)
    if distribution == "rectangular":
        half, middle = (ends[1] - ends[0]) / 2, (ends[0] + ends[1]) / 2
        return Estimate.rectangular(middle, unit, half, name=name, kind=kind, source=source)
    if distribution == "normal":
        u = (ends[1] - ends[0]) / (2 * Z95)
        return Estimate.normal(value, unit, u, name=name, kind=kind, source=source)
    raise ValueError(f"{name}: no distribution '{distribution}'")


def _lognormal(
    value: float, unit: str, low: float | None, high: float | None, name: str, kind: Kind, source: str
) -> Estimate:
    below, above = _reach(value, low), _reach(value, high)
    reaches = [one for one in (below, above) if one is not None]
    if not reaches:
        raise ValueError(f"{name}: a lognormal needs figures above 0")
    if low is None or high is None or below is None or above is None or not low <= value <= high:
        below = above = max(reaches)
    if not max(below, above):
        return Estimate.exact(value, unit, kind=kind, source=source)
    widths = math.exp(above / Z95), math.exp(below / Z95)
    return Estimate.lognormal(value, unit, *widths, name=name, kind=kind, source=source)


def _reach(value: float, end: float | None) -> float | None:
    """How far ``end`` is from ``value`` on a logarithmic scale; None where there is none."""
    return abs(math.log(end / value)) if end is not None and end > 0 and value > 0 else None
