"""What a policy must keep to: its latency, what its link carries, the accuracy that is asked for.

A hand beyond a limit is not feasible; a policy that is not accurate enough is not, whatever its hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.comparison.flow import Flow, Policy
from tinykit.comparison.lines.radio_states import duty
from tinykit.comparison.parameters import Array, Values

RECALL: dict[Policy, str] = {"edge": "edge.recall", "cloud": "cloud.recall", "hybrid": "hybrid.recall"}


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


def limits(values: Values, flow: Flow, latency_s: Array) -> Iterator[Limit]:
    """Of a hand: latency, and what a message of its link may be."""
    if values.has("service.latency_s"):
        yield Limit(
            latency_s, values["service.latency_s"], "it decides in {:.4g} s, and {:.4g} s are allowed"
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


def accuracy_limits(values: Values, policy: Policy) -> Iterator[Limit]:
    """Of a policy, where accuracy is asked for and known."""
    key = RECALL[policy]
    if values.has("service.recall_least") and values.has(key):
        least = values["service.recall_least"]
        yield Limit(least, values[key], f"{{:.4g}} is asked for at least, and {key} is {{:.4g}}")
    alarms, most = "edge.false_alarms_per_day", "service.false_alarms_per_day_most"
    if policy != "cloud" and values.has(most) and values.has(alarms):
        yield Limit(values[alarms], values[most], f"{alarms} is {{:.4g}}, and {{:.4g}} are allowed")


def kept(found: Iterable[Limit]) -> npt.NDArray[np.bool_]:
    """Where all of them are kept."""
    every = np.asarray(True)
    for one in found:
        every = every & one.kept
    return every


def broken(found: Iterable[Limit]) -> tuple[str, ...]:
    """Those that are not, in words. Scalars only."""
    return tuple(one.text.format(float(one.got), float(one.most)) for one in found if not one.kept)
