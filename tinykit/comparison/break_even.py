"""Where the sign of the difference turns: the share reported, the payload, the rate, the load, the grid.

Each side plays its best feasible hand at every point, so that a break-even is not a straw man's. Found on a
grid of points in one evaluation, and then narrowed in a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinykit.comparison.flow import Hand, Policy, make_flow
from tinykit.comparison.hand import choose, play
from tinykit.comparison.ledger import Column, Entry
from tinykit.comparison.limits import accuracy_limits, kept
from tinykit.comparison.lines.datacentre import replica_seconds
from tinykit.comparison.lines.gateway import GATEWAY
from tinykit.comparison.parameters import Array, Values

_POINTS = 241
RANGES: Mapping[str, tuple[float, float]] = {
    "service.report_share": (1e-4, 10.0),
    "service.payload_bytes": (1.0, 1e8),
    "service.events_per_day": (0.1, 1e6),
    "radio.batch_most": (1.0, 256.0),
    "cloud.requests_per_s": (1e-3, 1e5),
    "edge.inference_j": (1e-7, 1e2),
    "grid.device_g_per_j": (1e-6, 1e-3),
    "grid.cloud_g_per_j": (1e-6, 1e-3),
    "device.life_years": (1e-2, 1e3),
    "edge.increment_g": (1e-2, 1e6),
    "edge.price_usd": (1e-3, 1e5),
    "edge.recall": (1e-3, 1.0),
}
"""What is searched, and where. A share above 1 is impossible, and says that the edge wins at any share; a
life is the time that repays the edge's hardware; a recall, where misses have a price, says how far behind the
cloud's model the edge's may be."""
_MONEY = ("edge.price_usd", "edge.recall")
_GRAMS = ("grid.", "device.life_years", "edge.increment_g")
_LOAD = "cloud.requests_per_s"


def solved_in(key: str, column: Column) -> Column:
    """The column that ``key`` is solved in: the searched one, or, where it moves no joules, its own."""
    if key in _MONEY or (key == "device.life_years" and column == "money_usd"):
        return "money_usd"
    if key.startswith(_GRAMS) and column != "carbon_market_g":
        return "carbon_g"
    return column


@dataclass(frozen=True)
class BreakEven:
    """``points``: values of ``key``, rising, where neither side wins; ``now`` is the scenario's own.

    ``searched`` is where both sides can play, around ``now`` if they can there. No points: the side that
    ``edge_wins_at_low_end`` tells of wins all over it.
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
    played = play(entries, tiers, policy, column)
    index, found = choose(played)
    costs = np.stack(np.broadcast_arrays(*(one.cost for one in played), index)[:-1])
    return np.where(found, np.take_along_axis(costs, index[None], axis=0)[0], np.inf)


def break_even(
    entries: Sequence[Entry],
    tiers: Mapping[str, Values],
    key: str,
    unit: str,
    column: Column,
    policy: Policy = "edge",
) -> BreakEven | None:
    """Solve ``policy`` = cloud over ``key``; None where there is no figure of it, or nothing moves."""
    now = _now(tiers, key)
    if key not in RANGES or now is None:
        return None
    at = np.geomspace(*_range(tiers, key), _POINTS)
    saving = np.broadcast_to(_saving(entries, tiers, key, at, column, policy), at.shape)
    stretch = _stretch(saving, at, now)
    if stretch is None or np.ptp(saving[stretch]) == 0.0:
        return None
    points, ends = [], [float(at[stretch][0]), float(at[stretch][-1])]
    for k in range(max(stretch.start - 1, 0), min(stretch.stop, _POINTS - 1)):
        inside = np.isfinite(saving[k : k + 2])
        if inside.all() and not _turns(saving[k : k + 2]):
            continue
        fine = np.geomspace(at[k], at[k + 1], _POINTS)
        finer = np.broadcast_to(_saving(entries, tiers, key, fine, column, policy), fine.shape)
        if not inside.all():
            known = fine[np.isfinite(finer)]
            ends[int(inside[0])] = float(known[-1] if inside[0] else known[0])
        for j in _turns(finer)[:1]:
            a, b = finer[j], finer[j + 1]
            points.append(float(fine[j] + (fine[j + 1] - fine[j]) * a / (a - b)))
    low, high = ends
    return BreakEven(key, unit, column, now, tuple(points), bool(saving[stretch][0] > 0), (low, high))


def _now(tiers: Mapping[str, Values], key: str) -> float | None:
    """The scenario's own value; of the load, where it is not given, what its case comes to."""
    tier, first = next(iter(tiers.items()))
    if key not in first.gaps:
        return float(first.arrays[key]) if key in first.arrays else None
    if key != _LOAD or tier == GATEWAY or not first.has("cloud.busy_s"):
        return None
    flow = make_flow(first, "cloud", Hand(tier=tier))
    seconds = float(replica_seconds(first, flow))
    return float(flow.cloud_inferences) / seconds if seconds > 0.0 else None


def _range(tiers: Mapping[str, Values], key: str) -> tuple[float, float]:
    """Where ``key`` is searched; a load no further than the server that is fastest can serve."""
    low, high = RANGES[key]
    if key == _LOAD:
        most = [1.0 / float(one["cloud.busy_s"]) for one in tiers.values() if one.has("cloud.busy_s")]
        high = min(high, max(most, default=high))
    return low, max(high, 2.0 * low)


def _stretch(saving: Array, at: Array, now: float) -> slice | None:
    """The neighbouring points at which both sides can play: those around ``now``, else the most."""
    known = np.concatenate(([False], np.isfinite(saving), [False]))
    starts, stops = np.flatnonzero(~known[:-1] & known[1:]), np.flatnonzero(known[:-1] & ~known[1:])
    if not len(starts):
        return None
    around = (at[starts] <= now) & (now <= at[stops - 1])
    k = int(np.argmax(around)) if around.any() else int(np.argmax(stops - starts))
    return slice(int(starts[k]), int(stops[k]))


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
        cloud, mine = (
            np.where(
                kept(accuracy_limits(next(iter(swept.values())), one)),
                cheapest(entries, swept, one, column),
                np.inf,
            )
            for one in ("cloud", policy)
        )
        return np.asarray(cloud - mine)


def _turns(saving: Array) -> list[int]:
    """Where neighbours, both finite, differ in sign."""
    finite = np.isfinite(saving)
    sign = np.sign(saving)
    both = finite[:-1] & finite[1:] & (sign[:-1] * sign[1:] <= 0) & (sign[:-1] != 0)
    return [int(k) for k in np.flatnonzero(both)]
