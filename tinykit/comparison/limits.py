"""What a policy must keep to: its latency, a day of its link and of its device, what its supply stands and
its server serves, the accuracy that is asked for.

A hand beyond a limit is not feasible; a policy that is not accurate enough is not, whatever its hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.comparison.flow import DAY_S, POLICIES, Flow, Policy
from tinykit.comparison.lines.gateway import here
from tinykit.comparison.lines.radio_states import duty
from tinykit.comparison.lines.supply import drawn_w
from tinykit.comparison.parameters import Array, Values

RECALL: dict[Policy, str] = {policy: f"{policy}.recall" for policy in POLICIES}
FALSE_ALARMS: dict[Policy, str] = {policy: f"{policy}.false_alarms_per_day" for policy in POLICIES}

_UNKNOWN = np.asarray(np.nan)
"""Neither more nor less than anything: a limit with it is never kept."""


@dataclass(frozen=True)
class Limit:
    """``got`` may be ``most``; ``text`` says in words where it is more, with both."""

    got: Array
    most: Array
    text: str

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Where it is kept, at every point."""
        return np.asarray(self.got <= self.most)


def unknown_answer(values: Values, flow: Flow) -> bool:
    """Whether this policy waits for a cloud of which nobody knows how long it takes."""
    return flow.policy != "edge" and not here(flow) and not values.has("cloud.answer_s")


def limits(values: Values, flow: Flow, latency_s: Array) -> Iterator[Limit]:
    """Of a hand: latency, what a message of its link may be, and what fits into a day."""
    if values.has("service.latency_s"):
        # What is known of a latency may be too long already; where it is not, a note says what is not known.
        least = "at least " if unknown_answer(values, flow) else ""
        yield Limit(
            latency_s,
            values["service.latency_s"],
            f"it decides in {least}{{:.4g}} s, and {{:.4g}} s are allowed (service.latency_s)",
        )
    kind = values.word("radio.kind")
    if values.has("radio.payload_most_bytes"):
        yield Limit(
            flow.largest_bytes,
            values["radio.payload_most_bytes"],
            f"{{:,.0f}} B do not fit into a message of {kind}, which holds {{:,.0f}} B",
        )
    if values.has("radio.duty_most"):
        yield Limit(
            duty(values, flow),
            values["radio.duty_most"],
            f"its messages take {{:.2%}} of {kind}'s time on the air, and {{:.2%}} are allowed",
        )
    if flow.hand.mode == "reconnect":
        yield Limit(
            np.asarray(float(flow.hand.batch)),
            values["radio.batch_most"],
            "{:.0f} messages would go up in a connection, and {:.0f} may",
        )
    yield Limit(
        flow.connections * values["radio.connection_s"]
        + (flow.up_bytes + flow.down_bytes) / values["radio.rate_bytes_per_s"],
        np.asarray(DAY_S),
        f"{kind} would be busy {{:,.0f}} s of a day that has {{:,.0f}} s",
    )
    yield Limit(
        flow.edge_inferences * values["edge.inference_s"],
        np.asarray(DAY_S),
        "the device would infer {:,.0f} s of a day that has {:,.0f} s",
    )
    yield from supply_limits(values)
    yield from harvest_limits(values, flow)
    if flow.policy != "edge":
        yield from server_limits(values, "gateway" if here(flow) else "cloud")


def harvest_limits(values: Values, flow: Flow) -> Iterator[Limit]:
    """Of a harvester, where it is known what it gives."""
    if values.word("supply.kind") == "harvested" and values.has("supply.harvest_w"):
        yield Limit(
            drawn_w(values, flow),
            values["supply.harvest_w"],
            "the device draws {:.3g} W on average, and its harvester gives {:.3g} W",
        )


def supply_limits(values: Values) -> Iterator[Limit]:
    """Of a battery: its radio's burst."""
    needs = ("supply.pulse_a", "supply.voltage_v", "supply.cells", "radio.peak_w")
    if values.word("supply.kind") not in ("primary", "rechargeable") or not all(map(values.has, needs)):
        return
    volts = values["supply.voltage_v"] * values["supply.cells"]
    pack, radio = values.word("supply.pack"), values.word("radio.kind")
    yield Limit(
        values["radio.peak_w"] / volts,
        values["supply.pulse_a"],
        f"a {radio} burst takes {{:.3g}} A, and a {pack} supply stands {{:.3g}} A",
    )


def server_limits(values: Values, side: str) -> Iterator[Limit]:
    """Of the machine whose keys start with ``side``: it cannot serve more than its rate, nor wait dearer than
    it works."""
    load, busy_s = f"{side}.requests_per_s", f"{side}.busy_s"
    if side == "cloud" and values.has(load) and values.has(busy_s):
        # A rate that busy_s was made of is not beyond it for a rounding.
        yield Limit(
            values[load],
            (1.0 + 1e-9) / values[busy_s],
            f"{load} is {{:.4g}}, and {busy_s} allows {{:.4g}} a second",
        )
    power, waiting = f"{side}.power_w", f"{side}.floor_w"
    if _by_power(values, side) and values.has(power) and values.has(waiting):
        yield Limit(
            values[waiting], values[power], f"{waiting} is {{:.4g}} W, more than the {{:.4g}} W of {power}"
        )


def _by_power(values: Values, side: str) -> bool:
    """Whether an inference's joules follow from powers, and are not given outright."""
    return side != "cloud" or not (values.has("cloud.inference_j") or values.has("cloud.token_j"))


def accuracy_limits(values: Values, policy: Policy) -> Iterator[Limit]:
    """Of a policy, where accuracy is asked for. One that nobody knows is not good enough."""
    key = RECALL[policy]
    if values.has("service.recall_least"):
        least = values["service.recall_least"]
        if values.has(key):
            yield Limit(least, values[key], f"{{:.4g}} is asked for at least, and {key} is {{:.4g}}")
        else:
            yield Limit(least, _UNKNOWN, f"{{:.4g}} is asked for at least, and {key} is not known")
    alarms, most = FALSE_ALARMS[policy], "service.false_alarms_per_day_most"
    if values.has(most):
        if values.has(alarms):
            yield Limit(values[alarms], values[most], f"{alarms} is {{:.4g}}, and {{:.4g}} are allowed")
        else:
            yield Limit(_UNKNOWN, values[most], f"{alarms} is not known, and {{1:.4g}} are allowed")


def kept(found: Iterable[Limit]) -> npt.NDArray[np.bool_]:
    """Where all of them are kept."""
    every = np.asarray(True)
    for one in found:
        every = every & one.kept
    return every


def broken(found: Iterable[Limit]) -> tuple[str, ...]:
    """Those that are not, in words. Scalars only."""
    return tuple(one.text.format(float(one.got), float(one.most)) for one in found if not one.kept)
