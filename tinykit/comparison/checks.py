"""What makes a comparison impossible or unfair, said before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from tinykit.comparison.limits import broken, server_limits
from tinykit.comparison.lines import fields
from tinykit.comparison.lines.gateway import GATEWAY
from tinykit.comparison.lines.network import CELLULAR
from tinykit.comparison.parameters import Missing, Parameter, Values
from tinykit.comparison.scenario import Scenario
from tinykit.errors import InputError


@contextmanager
def calculable(scenario: Scenario) -> Iterator[None]:
    """Around all arithmetic on a scenario: what it cannot be without is named, InputError (NEEDED).

    Figures that are far out overflow here without a word, and are refused with the line that they broke where
    the result is made up (NOT_FINITE).
    """
    with np.errstate(all="ignore"):
        try:
            yield
        except Missing as gap:
            raise InputError(
                f"{scenario.where(gap.key)}: there is no comparison without {gap.key}.",
                hint=f"{fields()[gap.key].help} It cannot be a gap.",
                code="NEEDED",
            ) from gap


def refuse_no_edge(values: Values, place: str) -> None:
    """Refuse a comparison whose edge would infer for nothing. Raises InputError (EDGE)."""
    if not values.has("edge.inference_j"):
        raise InputError(
            f"{place}: nothing says what an inference costs at the edge.",
            hint="give --edge SESSION, --edge mlperf:ROUND/SYSTEM/BENCHMARK, or --edge '1.3 mJ'.",
            code="EDGE",
        )


def refuse_impossible(values: Values, place: str) -> None:
    """Refuse a supply that cannot stand its radio's burst, and a server that serves more than it can or
    waits dearer than it works. Raises InputError (SUPPLY_PULSE, SERVER)."""
    for why in (*broken(server_limits(values, "cloud")), *broken(server_limits(values, "gateway"))):
        raise InputError(
            f"{place}: no server does this: {why}.",
            hint="take a load below 1/busy_s, or more replicas; a floor below the power at work.",
            code="SERVER",
        )
    if values.word("supply.kind") not in ("primary", "rechargeable"):
        return
    needs = ("supply.pulse_a", "supply.voltage_v", "supply.cells", "radio.peak_w")
    if not all(values.has(key) for key in needs):
        return
    volts = float(values["supply.voltage_v"] * values["supply.cells"])
    burst_a = float(values["radio.peak_w"]) / volts
    most_a = float(values["supply.pulse_a"])
    if burst_a > most_a:
        pack, radio = values.word("supply.pack"), values.word("radio.kind")
        raise InputError(
            f"{place}: a {pack} supply stands {1e3 * most_a:.0f} mA, and a {radio} burst takes"
            f" {1e3 * burst_a:.0f} mA at {volts:.1f} V.",
            hint="take another supply.pack or radio.kind; or, with a capacitor beside it, your own pulse_a.",
            code="SUPPLY_PULSE",
        )


def is_reached(words: Mapping[str, str]) -> bool:
    """Whether the device's radio reaches a gateway on its premises: a cellular one reaches the operator."""
    return words["radio.kind"] not in CELLULAR


def refuse_unreached(words: Mapping[str, str], place: str) -> None:
    """Refuse a gateway that the radio does not reach. Raises InputError (TIER)."""
    if words["cloud.case"] == GATEWAY and not is_reached(words):
        raise InputError(
            f"{place}: a {words['radio.kind']} radio reaches its operator, and no gateway on the premises.",
            hint="take another cloud.case, or a radio.kind of the premises: wifi, ble, lorawan.",
            code="TIER",
        )


def refuse_mixed_stance(parameters: Mapping[str, Parameter], stance: str, place: str) -> None:
    """Refuse a figure that belongs to the other stance. Raises InputError (STANCE)."""
    for key, one in parameters.items():
        if one.stance is not None and one.stance != stance:
            raise InputError(
                f"{place}: {key} is a figure for the {one.stance} stance, and this comparison is {stance}.",
                hint="a total never mixes averages with margins: change --stance, or the figure or its mode"
                " (network.mode = marginal goes with consequential).",
                code="STANCE",
            )
