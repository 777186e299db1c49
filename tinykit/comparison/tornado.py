"""What moves the difference: each uncertain figure at both ends of its own 95 %, all others nominal.

Only what varies by chance or by want of knowledge is here. Choices (a share reported, a grid, a network's
mode) are not: they are swept, or solved for in `break_even`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinykit.comparison.flow import Hand, Policy, make_flow
from tinykit.comparison.ledger import Column, Entry, cost_of
from tinykit.comparison.parameters import Array, Parameter, Values, nominal_values


@dataclass(frozen=True)
class Bar:
    """One influence: the difference (other - mine, per device-day) where ``key`` is ``low`` and ``high``."""

    key: str
    low: float
    high: float
    at_low: float
    at_high: float
    nominal: float

    @property
    def swing(self) -> float:
        """How far it moves the difference."""
        return abs(self.at_high - self.at_low)


Side = tuple[Policy, Hand]


def tornado(
    entries: Sequence[Entry],
    parameters: Mapping[str, Parameter],
    words: Mapping[str, str],
    mine: Side,
    other: Side,
    column: Column,
) -> tuple[Bar, ...]:
    """Bars, the longest first; figures that do not move the difference are left out.

    Figures that share an influence (one row of the catalogue, one meter) move together, in one bar that is
    named after it. One evaluation: point 0 is nominal, then two points an influence.
    """
    groups = _groups(parameters)
    values, ends = _points(parameters, words, groups)
    moved = _difference(entries, values, mine, other, column)
    moved = np.broadcast_to(moved, (1 + 2 * len(groups),))
    bars = [
        Bar(name, *ends[k], float(moved[1 + 2 * k]), float(moved[2 + 2 * k]), float(moved[0]))
        for k, name in enumerate(groups)
    ]
    # Rounding of a figure that cancels is no influence.
    least = 1e-12 * max((abs(bar.nominal) for bar in bars), default=0.0)
    return tuple(sorted((bar for bar in bars if bar.swing > least), key=lambda bar: -bar.swing))


def _groups(parameters: Mapping[str, Parameter]) -> dict[str, list[str]]:
    """Influence → keys that it moves: one figure's many influences (a session's budget) are one bar."""
    groups: dict[str, list[str]] = {}
    for key, one in parameters.items():
        if one.varies and one.estimate is not None:
            names = list(one.estimate.influences)
            groups.setdefault(names[0] if len(names) == 1 else key, []).append(key)
    return groups


def _points(
    parameters: Mapping[str, Parameter], words: Mapping[str, str], groups: Mapping[str, list[str]]
) -> tuple[Values, list[tuple[float, float]]]:
    arrays: dict[str, Array | float] = {}
    ends: list[tuple[float, float]] = []
    for k, keys in enumerate(groups.values()):
        for key in keys:
            one = parameters[key]
            assert one.estimate is not None and one.nominal is not None
            interval = one.estimate.interval()
            points = np.full(1 + 2 * len(groups), one.nominal)
            points[1 + 2 * k : 3 + 2 * k] = np.clip(interval, one.spec.least, one.spec.most)
            arrays[key] = points
            if key == keys[0]:
                ends.append(interval)
    return nominal_values(parameters, words).with_arrays(arrays), ends


def _difference(entries: Sequence[Entry], values: Values, mine: Side, other: Side, column: Column) -> Array:
    a, b = (cost_of(entries, values, make_flow(values, *side), column) for side in (mine, other))
    return b - a
