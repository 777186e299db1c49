"""An on-premises gateway that infers: a small machine where the devices are, on their mains.

No network carries the inputs, no data centre cools it, and nobody else shares it: it waits all day for its
own devices. Its operating point is a published one; nobody published its floor.
"""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Chooser, Gap, Quantity, Word
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import MAKING, Cost, Entry, Sums
from tinykit.comparison.parameters import Array, Derived, Values
from tinykit.comparison.servers import GATEWAYS, POINTS, floor, point_figure

GATEWAY = "gateway"
"""The tier's name."""
YEAR_D = 365.25


def _point(what: str) -> Chooser:
    return lambda words: point_figure(words["gateway.name"], words["gateway.workload"], POINTS[0], what)


FIELDS = (
    Word("gateway.name", "On-premises: which machine.", GATEWAYS[0], GATEWAYS),
    Word("gateway.workload", "On-premises: which published model stands for its own.", "resnet50"),
    Quantity("gateway.power_w", "W", "On-premises: inferring, one at a time.", _point("power")),
    Quantity("gateway.busy_s", "s", "On-premises: an inference.", _point("time"), least=1e-9),
    Quantity(
        "gateway.floor_w", "W", "On-premises: waiting, software loaded.", lambda w: floor(w["gateway.name"])
    ),
    Quantity(
        "gateway.travel",
        "1",
        "On-premises: how well a published point serves here.",
        Assumed(1.0, 0.8, 1.25, note="another model or driver than the published run's"),
    ),
    Quantity(
        "gateway.devices",
        "1",
        "On-premises: devices that it serves.",
        Assumed(10, note="a choice of the scenario"),
        least=1.0,
        design=True,
    ),
    Quantity("gateway.embodied_g", "g", "On-premises: making it.", Gap("no footprint of this gateway")),
    Quantity("gateway.embodied_l", "L", "On-premises: water of making it.", Gap("no figure for this water")),
    Quantity("gateway.price_usd", "USD", "On-premises: buying it.", Gap("no price was given")),
    Quantity(
        "gateway.life_years",
        "year",
        "On-premises: of the machine.",
        Assumed(4.0, note="a choice of the scenario"),
        least=0.1,
        design=True,
    ),
)


def _busy_j(v: Values) -> Array:
    """An inference above the floor; all of its power where no floor is known, which leaves less to wait."""
    waiting = v.maybe("gateway.floor_w")
    power = v["gateway.power_w"]
    above = power if waiting is None else np.maximum(power - waiting, 0.0)
    return above * v["gateway.busy_s"] * v["gateway.travel"]


DERIVED: dict[str, Derived] = {"gateway.busy_j": _busy_j}


def here(f: Flow) -> bool:
    """Whether this policy's inferences run on the premises."""
    return f.hand.tier == GATEWAY


def machines(v: Values, f: Flow) -> Array:
    """Gateways that a device answers for: as many as the devices need, one at least."""
    devices = v["gateway.devices"]
    needed = np.ceil(f.cloud_inferences * v["gateway.busy_s"] * devices / DAY_S)
    return np.where(f.cloud_inferences > 0, np.maximum(needed, 1.0) / devices, 0.0)


def _inference(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge" or not here(f):
        return None
    return Cost(f.cloud_inferences * v["gateway.busy_j"])


def _idle(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge" or not here(f):
        return None
    return Cost(machines(v, f) * DAY_S * v["gateway.floor_w"])


def _hardware(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge" or not here(f):
        return None
    share = machines(v, f) / (v["gateway.life_years"] * YEAR_D)
    whole = (v.maybe(f"gateway.{key}") for key in ("embodied_g", "embodied_l", "price_usd"))
    return Cost(0.0, *(None if one is None else share * one for one in whole))


ENTRIES = (
    Entry(
        "gateway.inference",
        "premises",
        "cloud inferences x (power_w - floor_w) x busy_s x travel",
        _inference,
    ),
    Entry("gateway.idle", "premises", "machines x 86,400 s x floor_w", _idle),
    Entry("gateway.hardware", "none", "machines x (embodied_g, litres, price) / life", _hardware, MAKING),
)
