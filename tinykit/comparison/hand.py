"""Each side plays its best feasible hand: radio mode, messages a connection, payload and tier are searched.

The search is over nominal values, within the latency bound; the choice is printed, and holds for every draw.
In a sweep each point has its own. In a column that lacks the figure of joules it is the least joules that are
searched, and of hands that cost the same it is the one of the least joules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinykit.comparison.flow import DAY_S, Flow, Hand, Policy, make_flow
from tinykit.comparison.ledger import Column, Entry, Ledger, make_ledger
from tinykit.comparison.limits import kept, limits, unknown_answer
from tinykit.comparison.lines.gateway import GATEWAY, here
from tinykit.comparison.parameters import Array, Values

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Played:
    """A hand, with what it costs in the column that was asked for, its joules, and its latency in s.

    ``searched`` is the column that hands are chosen in: the one asked for, or joules where some have no
    figure there. ``lacks`` counts its lines without a figure in that. ``at_least``: nobody knows the cloud's
    own part of the latency, and ``latency_s`` is without it.
    """

    hand: Hand
    cost: Array
    energy_j: Array
    latency_s: Array
    feasible: npt.NDArray[np.bool_]
    lacks: int
    searched: Column
    at_least: bool


def hands(values: Values, tiers: Sequence[str]) -> Iterator[Hand]:
    """Every hand that this scenario allows."""
    modes = ("reconnect", "associated") if values.has("radio.associated_w") else ("reconnect",)
    # A hand is never cheaper for want of a figure: compressing counts only where its joules are known.
    compresses = values.has("device.compress_j") and bool(np.any(values["service.compression"] < 1.0))
    payloads = ("raw", "compressed") if compresses else ("raw",)
    for tier in tiers:
        for payload in payloads:
            for mode in modes:
                for batch in BATCHES if mode == "reconnect" else (1,):
                    yield Hand(mode, batch, payload, tier)  # type: ignore[arg-type]


def latency_s(values: Values, flow: Flow) -> Array:
    """From an event to its decision where it is needed, without luck: the first message of a batch waits
    longest, and goes up with all the others.

    An edge's decision is there once it is inferred, but whoever is told of it waits for the report. Where
    nobody knows how long the cloud takes (`unknown_answer`), it is all the rest, and so the least.
    """
    time: Array = np.zeros(())
    if values.word("service.rhythm") == "events":
        time = time + values["device.boot_s"]
    if flow.policy != "cloud":
        time = time + values["edge.inference_s"]
    if flow.hand.mode == "reconnect":
        time = time + values["radio.connection_s"]
    with np.errstate(divide="ignore", invalid="ignore"):
        if flow.hand.batch > 1:
            time = time + np.where(flow.messages > 0, (flow.hand.batch - 1) * DAY_S / flow.messages, 0.0)
        a_message = np.where(flow.messages > 0, flow.up_bytes / flow.messages, 0.0)
    time = time + flow.hand.batch * a_message / values["radio.rate_bytes_per_s"]
    if flow.hand.mode == "associated" and flow.policy != "edge":
        time = time + values["radio.listen_s"]
    if flow.policy != "edge" and here(flow):
        time = time + values["gateway.busy_s"]
    elif flow.policy != "edge":
        time = time + values["cloud.rtt_s"]
        if not unknown_answer(values, flow):
            time = time + values["cloud.answer_s"]
    return np.asarray(time)


def play(
    entries: Sequence[Entry], tiers: Mapping[str, Values], policy: Policy, column: Column
) -> tuple[Played, ...]:
    """Every hand of ``policy`` with its cost: ``tiers`` holds the values of each tier's server.

    The edge infers in none; where its reports go, to the premises or beyond, is a choice all the same.
    """
    found: list[tuple[Played, int]] = []
    bare = False
    if policy == "edge":
        first = {tier == GATEWAY: tier for tier in reversed(list(tiers))}
        tiers = {tier: tiers[tier] for tier in reversed(list(first.values()))}
    for tier, values in tiers.items():
        for hand in hands(values, [tier]):
            flow = make_flow(values, policy, hand)
            late = latency_s(values, flow)
            ledger = make_ledger(entries, values, flow, tuple({column: None, "energy_j": None}))
            can = kept(limits(values, flow, late))
            cost, energy_j = ledger.total(column), ledger.total("energy_j")
            at_least = unknown_answer(values, flow)
            one = Played(hand, cost, energy_j, late, can, len(ledger.gaps(column)), column, at_least)
            found.append((one, len(ledger.gaps("energy_j"))))
            bare = bare or _is_bare(ledger, column)
    if bare:
        return tuple(replace(one, searched="energy_j", lacks=lacks) for one, lacks in found)
    return tuple(one for one, _ in found)


def _is_bare(ledger: Ledger, column: Column) -> bool:
    """Whether joules have no figure in ``column``."""
    return any(
        line.columns[column] is None and line.energy_j is not None and bool(np.any(line.energy_j))
        for line in ledger.lines
    )


def choose(played: Sequence[Played]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Which hand is the cheapest feasible one at each point, and whether any is; shape (points,) or ()."""
    rows = np.broadcast_arrays(*prices(played), *(one.energy_j for one in played))
    cost, joules = np.stack(rows[: len(played)]), np.stack(rows[len(played) :])
    least = np.min(cost, axis=0)
    index = np.argmin(np.where(cost == least, joules, np.inf), axis=0)
    return np.asarray(index), np.asarray(np.isfinite(least))


def prices(played: Sequence[Played]) -> Array:
    """What each hand costs in what is searched, shape (hands, points) or (hands,): infinite where it is not
    feasible, or where another of its tier is and lacks fewer figures. None is the cheapest for want of
    one."""
    count = len(played)
    both = np.stack(
        np.broadcast_arrays(*map(_sought, played), *(one.feasible.astype(float) for one in played))
    )
    cost, feasible = both[:count], both[count:] > 0.0
    lacks = np.array([one.lacks for one in played]).reshape((-1,) + (1,) * (cost.ndim - 1))
    if len(np.unique(lacks)) > 1:
        for tier in {one.hand.tier for one in played}:
            of = np.array([one.hand.tier == tier for one in played])
            counts = np.where(feasible[of], lacks[of], np.iinfo(lacks.dtype).max)
            feasible[of] &= counts == counts.min(axis=0)
    return np.where(feasible, cost, np.inf)


def _sought(one: Played) -> Array:
    return one.energy_j if one.searched == "energy_j" else one.cost


def best(played: Sequence[Played]) -> Played:
    """The cheapest feasible hand; where none is feasible the fastest, which is not ``feasible``. Scalars
    only."""
    index, found = choose(played)
    if found:
        return played[int(index)]
    return min(played, key=lambda one: float(one.latency_s))
