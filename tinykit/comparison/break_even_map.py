"""Where the edge wins and where it loses, over the event rate and the share reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.comparison.break_even import cheapest
from tinykit.comparison.compare import Comparison
from tinykit.comparison.ledger import Column
from tinykit.comparison.limits import accuracy_limits, kept
from tinykit.comparison.lines import entries
from tinykit.comparison.parameters import Array, nominal_values

EVENTS_PER_DAY = (1.0, 86_400.0)
SHARES = (1e-4, 1.0)


@dataclass(frozen=True)
class BreakEvenMap:
    """``ratio[i, j]``: what cloud-only costs by what edge-only costs at ``share[i]``, ``events_per_day[j]``.

    Each with its best feasible hand there; NaN where a side has none (``feasible`` is False), or where it
    cannot be told. Below 1 the edge loses.
    """

    column: Column
    events_per_day: Array
    share: Array
    ratio: Array
    feasible: npt.NDArray[np.bool_]

    @property
    def edge_loses(self) -> float:
        """Share of the map's points at which the edge costs more, of those where both sides can play."""
        known = self.ratio[np.isfinite(self.ratio)]
        return float(np.mean(known < 1.0)) if known.size else 0.0


def break_even_map(comparison: Comparison, column: Column = "energy_j", points: int = 48) -> BreakEvenMap:
    """The map on ``points`` x ``points``, nominal figures."""
    events = np.geomspace(*EVENTS_PER_DAY, points)
    shares = np.geomspace(*SHARES, points)
    at_events, at_shares = (axis.ravel() for axis in np.meshgrid(events, shares))
    changed = {"service.events_per_day": at_events, "service.report_share": at_shares}
    tiers = {
        tier: nominal_values(one, {**comparison.words, "cloud.case": tier}).with_arrays(changed)
        for tier, one in comparison.parameters.items()
    }
    edge, cloud = (
        np.broadcast_to(cheapest(entries(), tiers, policy, column), at_events.shape)
        for policy in ("edge", "cloud")
    )
    some = next(iter(tiers.values()))
    feasible = np.isfinite(edge) & np.isfinite(cloud)
    feasible = feasible & kept(accuracy_limits(some, "edge")) & kept(accuracy_limits(some, "cloud"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(feasible, cloud / edge, np.nan)
    if comparison.difference("edge", column).saving is None:
        ratio = np.full(ratio.shape, np.nan)
    square = (points, points)
    return BreakEvenMap(column, events, shares, ratio.reshape(square), feasible.reshape(square))
