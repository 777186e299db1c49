"""What happens in a device-day under a policy and a hand: how many events, messages, bytes and inferences.

The functional unit is one device-day of service. A *hand* is how a side plays: it is searched, and printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinykit.comparison.parameters import Array, Values

Policy = Literal["edge", "cloud", "hybrid"]
POLICIES: tuple[Policy, ...] = ("edge", "cloud", "hybrid")
DAY_S = 86_400.0


@dataclass(frozen=True)
class Hand:
    """Choices within the latency bound: how the radio waits, messages a connection, form of the payload,
    tier.

    ``mode`` is ``reconnect`` or ``associated``; ``batch`` counts messages a connection; ``payload`` names
    a form that the scenario lists (``raw`` is always there); ``tier`` is where the cloud's inference runs.
    """

    mode: Literal["reconnect", "associated"] = "reconnect"
    batch: int = 1
    payload: str = "raw"
    tier: str = "shared"

    def __str__(self) -> str:
        return f"{self.mode}, {self.batch} a connection, {self.payload}, {self.tier}"


@dataclass(frozen=True)
class Flow:
    """Counts per device-day; arrays broadcast with the scenario's values.

    ``reports`` go up with ``service.report_bytes``, ``uploads`` with the payload, heartbeats with their own.
    ``connections`` counts radio connections, of which none are made while the radio stays associated;
    ``largest_bytes`` is the longest message that goes up.
    """

    policy: Policy
    hand: Hand
    decisions: Array
    edge_inferences: Array
    cloud_inferences: Array
    reports: Array
    uploads: Array
    heartbeats: Array
    connections: Array
    up_bytes: Array
    down_bytes: Array
    largest_bytes: Array

    @property
    def messages(self) -> Array:
        """Everything that goes up."""
        return self.reports + self.uploads + self.heartbeats


def make_flow(values: Values, policy: Policy, hand: Hand) -> Flow:
    """Counts under ``policy``. Raises Missing where the scenario lacks a rate."""
    decisions = values["service.events_per_day"]
    zero = np.zeros(())
    uploads = {"edge": zero, "cloud": decisions, "hybrid": decisions * values["hybrid.share"]}[policy]
    reports = zero if policy == "cloud" else _reports(values, decisions, uploads)
    heartbeats = values["device.heartbeats_per_day"]
    messages = reports + uploads + heartbeats
    connections = messages / hand.batch if hand.mode == "reconnect" else zero * messages
    payload = values["service.payload_bytes"] * (
        values["service.compression"] if hand.payload == "compressed" else 1.0
    )
    up = (
        reports * values["service.report_bytes"]
        + uploads * payload
        + heartbeats * values["device.heartbeat_bytes"]
    )
    down = uploads * values["service.answer_bytes"] + values["device.ota_bytes_per_year"] / 365.25
    return Flow(
        policy,
        hand,
        decisions,
        edge_inferences=zero if policy == "cloud" else decisions,
        cloud_inferences=zero if policy == "edge" else uploads,
        reports=reports,
        uploads=uploads,
        heartbeats=heartbeats,
        connections=connections,
        up_bytes=up,
        down_bytes=down,
        largest_bytes=_largest(values, reports, uploads, heartbeats, payload),
    )


def _reports(values: Values, decisions: Array, uploads: Array) -> Array:
    """What the device itself tells: the share that is reported, and its false alarms, which look the same.

    The hybrid's uploads are among them, those that it doubts or would report: so that a hybrid which sends
    nothing up reports like the edge.
    """
    alarms = values["edge.false_alarms_per_day"] if values.has("edge.false_alarms_per_day") else 0.0
    return np.maximum(decisions * values["service.report_share"] + alarms - uploads, 0.0)


def _largest(values: Values, reports: Array, uploads: Array, heartbeats: Array, payload: Array) -> Array:
    sizes = (
        (reports, values["service.report_bytes"]),
        (uploads, payload),
        (heartbeats, values["device.heartbeat_bytes"]),
    )
    largest: Array = np.zeros(())
    for count, size in sizes:
        largest = np.maximum(largest, np.where(count > 0, size, 0.0))
    return largest
