"""Where the sign of the difference turns: the share reported, the payload, the rate, the load, the grid.

Each side plays its best feasible hand at every point, so that a break-even is not a straw man's. Found on a
grid of points in one evaluation, and then narrowed in a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinykit.comparison.flow import Policy
from tinykit.comparison.hand import play
from tinykit.comparison.ledger import Column, Entry
from tinykit.comparison.parameters import Array, Values

_POINTS = 241
RANGES: Mapping[str, tuple[float, float]] = {
    "service.report_share": (1e-4, 10.0),
    "service.payload_bytes": (1.0, 1e8),
    "service.events_per_day": (0.1, 1e6),
    "cloud.requests_per_s": (1e-3, 1e5),
    "edge.inference_j": (1e-7, 1e2),
    "grid.device_g_per_j": (1e-6, 1e-3),
    "grid.cloud_g_per_j": (1e-6, 1e-3),
}
"""What is searched, and where. A share above 1 is impossible, and says that the edge wins at any share."""


@dataclass(frozen=True)
class BreakEven:
    """``points``: values of ``key``, rising, where neither side wins; ``now`` is the scenario's own.

    No points: the side that ``edge_wins_at_low_end`` tells of wins all over ``searched``.
    """

    key: str
    unit: str
    column: Column
    now: float
    points: tuple[float, ...]
    edge_wins_at_low_end: bool
    searched: tuple[float, float]


def cheapest(entries: Sequence[Entry], tiers: Mapping[str, Values], policy: Policy, column: Column) -> Array:
    """What ``policy`` costs at each point with its best hand there; infinite where none is feasible."""
    costs = [np.where(one.feasible, one.cost, np.inf) for one in play(entries, tiers, policy, column)]
    return np.asarray(np.min(np.stack(np.broadcast_arrays(*costs)), axis=0))


def break_even(
    entries: Sequence[Entry],
    tiers: Mapping[str, Values],
    key: str,
    unit: str,
    column: Column,
    policy: Policy = "edge",
) -> BreakEven | None:
    """Solve ``policy`` = cloud over ``key``; None where there is no figure of it, or nothing moves."""
    first = next(iter(tiers.values()))
    if not first.has(key) or key not in RANGES:
        return None
    now = float(first[key])
    low, high = RANGES[key]
    at = np.geomspace(low, high, _POINTS)
    saving = _saving(entries, tiers, key, at, column, policy)
    if not np.isfinite(saving).any() or np.ptp(saving[np.isfinite(saving)]) == 0.0:
        return None
    points = []
    for k in _turns(saving):
        fine = np.geomspace(at[k], at[k + 1], _POINTS)
        finer = _saving(entries, tiers, key, fine, column, policy)
        turns = _turns(finer)
        if turns:
            j = turns[0]
            a, b = finer[j], finer[j + 1]
            points.append(float(fine[j] + (fine[j + 1] - fine[j]) * a / (a - b)))
    known = saving[np.isfinite(saving)]
    return BreakEven(key, unit, column, now, tuple(points), bool(known[0] > 0), (low, high))


def _saving(
    entries: Sequence[Entry],
    tiers: Mapping[str, Values],
    key: str,
    at: Array,
    column: Column,
    policy: Policy,
) -> Array:
    changed = {key: at, **({"hybrid.share": at} if key == "service.report_share" else {})}
    swept = {tier: values.with_arrays(changed) for tier, values in tiers.items()}
    with np.errstate(invalid="ignore"):
        return cheapest(entries, swept, "cloud", column) - cheapest(entries, swept, policy, column)


def _turns(saving: Array) -> list[int]:
    """Where neighbours, both finite, differ in sign."""
    finite = np.isfinite(saving)
    sign = np.sign(saving)
    both = finite[:-1] & finite[1:] & (sign[:-1] * sign[1:] <= 0) & (sign[:-1] != 0)
    return [int(k) for k in np.flatnonzero(both)]
