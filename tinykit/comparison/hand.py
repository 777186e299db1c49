"""Each side plays its best feasible hand: radio mode, messages a connection, payload and tier are searched.

The search is over nominal values, within the latency bound; the choice is printed, and holds for every draw.
In a sweep each point has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.comparison.flow import DAY_S, Flow, Hand, Policy, make_flow
from tinykit.comparison.ledger import Column, Entry, cost_of
from tinykit.comparison.limits import kept, limits
from tinykit.comparison.lines.gateway import here
from tinykit.comparison.parameters import Array, Values

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Played:
    """A hand, with what it costs in the column that was searched and its latency in s."""

    hand: Hand
    cost: Array
    latency_s: Array
    feasible: npt.NDArray[np.bool_]


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
    longest.

    An edge's decision is there once it is inferred, but whoever is told of it waits for the report.
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
    time = time + a_message / values["radio.rate_bytes_per_s"]
    if flow.policy != "edge" and here(flow):
        time = time + values["gateway.busy_s"]
    elif flow.policy != "edge":
        time = time + values["cloud.rtt_s"] + values["cloud.inference_s"]
    return np.asarray(time)


def play(
    entries: Sequence[Entry], tiers: Mapping[str, Values], policy: Policy, column: Column
) -> tuple[Played, ...]:
    """Every hand of ``policy`` with its cost: ``tiers`` holds the values of each tier's server."""
    found = []
    for tier, values in tiers.items():
        for hand in hands(values, [tier]):
            flow = make_flow(values, policy, hand)
            late = latency_s(values, flow)
            cost = cost_of(entries, values, flow, column)
            found.append(Played(hand, cost, late, kept(limits(values, flow, late))))
        if policy == "edge":
            break  # no inference runs in a tier
    return tuple(found)


def best(played: Sequence[Played]) -> Played:
    """The cheapest feasible hand; where none is feasible the fastest, which is not ``feasible``. Scalars
    only."""
    feasible = [one for one in played if bool(one.feasible)]
    if feasible:
        return min(feasible, key=lambda one: float(one.cost))
    return min(played, key=lambda one: float(one.latency_s))
