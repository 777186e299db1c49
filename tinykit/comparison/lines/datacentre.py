"""The cloud's side of an inference: requests, accelerator, idle reserve, cooling, storage, rent, hardware.

A replica is measured at one operating point: P watts at r inferences a second (single-stream, or under a
server's latency bound; offline is a floor that breaks the bound). Busy, it draws P; else its floor F. With
L inferences a second on it, from all its users, an inference is ``(P - F)/r + F/L``. No line is drawn from
floor to load, and PUE multiplies only what the hall's meter would not see already.
"""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Chooser, Cited, Default, Gap, Quantity, Word, Words
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.parameters import Array, Derived, Values

CASES = ("shared", "autoscaled", "dedicated", "best")
SERVERS = {
    "a10": "a10-x1",
    "a10x2": "a10-x2",
    "a2": "a2-x1",
    "a30": "a30-x1",
    "l4": "l4-x1",
    "a100x2": "a100-pcie-x2",
    "a100": "a100-pcie-x8",
    "dgx-a100": "dgx-a100-x8",
    "h100": "h100-pcie-x8",
    "h200": "h200-sxm-x8",
}
"""Named servers and the catalogue's prefix of their figures, by the wall, MLPerf Inference."""
POINTS = ("singlestream", "server", "offline")
_RENT = {"a10": "aws.g5.xlarge", "l4": "aws.g6.xlarge", "a100": "aws.p4d.24xlarge", "h100": "aws.p5.48xlarge"}
_MADE = {"a10": "g5.xlarge.boavizta", "a100": "p4d.24xlarge.boavizta", "h100": "p5.48xlarge.boavizta"}
_TRAVELS = "another model, driver or hall than the published run's"


def _point(suffix: str) -> Chooser:
    def choose(words: Words) -> Default:
        if words["cloud.endpoint"] != "server":
            return Gap("an LLM endpoint has joules a request, and no operating point")
        server, point = SERVERS[words["cloud.accelerator"]], words["cloud.point"]
        key = f"server.{server}.{words['cloud.workload']}.{point}"
        if suffix == "power":
            return Cited(f"{key}.power")
        if point == "singlestream":
            return Cited(f"{key}.latency")
        return Cited(f"{key}.rate", inverse=True)

    return choose


def _floor(words: Words) -> Default:
    if words["cloud.endpoint"] != "server":
        return Gap("an LLM endpoint's idle reserve is a multiplier")
    return Cited(f"server.{SERVERS[words['cloud.accelerator']]}.floor")


def _endpoint(words: Words) -> Default:
    if words["cloud.endpoint"] == "server":
        return Gap("follows from the server's operating point")
    return Cited(words["cloud.endpoint"])


def _multiplier(key: str) -> Chooser:
    """On a GPU-only figure, visibly; 1 on one by the wall."""
    return lambda w: (
        Assumed(1.0, note="by the wall already") if w["cloud.endpoint"] == "server" else Cited(key)
    )


def _named(table: dict[str, str], prefix: str, what: str) -> Chooser:
    def choose(words: Words) -> Default:
        name = table.get(words["cloud.accelerator"])
        if words["cloud.endpoint"] != "server" or name is None:
            return Gap(f"no {what} in the catalogue for this server")
        return Cited(f"{prefix}.{name}")

    return choose


FIELDS = (
    Word(
        "cloud.case",
        "Whose server: shared by many, scaled to the load, this service's own, or the best of the three.",
        "shared",
        CASES,
    ),
    Word(
        "cloud.endpoint",
        "server; or a row of the catalogue in joules a request (an LLM), GPU alone.",
        "server",
    ),
    Word("cloud.accelerator", "Which server.", "a10", tuple(SERVERS)),
    Word("cloud.workload", "Which published model stands for the cloud's.", "resnet50"),
    Word(
        "cloud.point",
        "Its operating point; offline is a floor alone: it breaks a latency bound.",
        "singlestream",
        POINTS,
    ),
    Word("cloud.task", "What the cloud's model does; else as service.task.", "same"),
    Quantity("cloud.power_w", "W", "The server at its operating point, by the wall.", _point("power")),
    Quantity("cloud.busy_s", "s", "An inference there: 1/r.", _point("time"), least=1e-9),
    Quantity("cloud.floor_w", "W", "The server that waits, software loaded.", _floor),
    Quantity(
        "cloud.inference_j", "J", "An inference or request, where it is known without a point.", _endpoint
    ),
    Quantity(
        "cloud.travel", "1", "How well a published point serves here.", Assumed(1.0, 0.8, 1.25, note=_TRAVELS)
    ),
    Quantity("cloud.host", "1", "Host and memory, by GPU alone.", _multiplier("multiplier.host"), least=1.0),
    Quantity(
        "cloud.idle_reserve",
        "1",
        "Idle reserve of an endpoint, by what it serves.",
        _multiplier("multiplier.idle_reserve"),
        least=1.0,
    ),
    Quantity(
        "cloud.requests_per_s",
        "1/s",
        "Inferences a second on one replica, from all its users; else by the case.",
        Gap("follows from the case"),
        least=1e-9,
        design=True,
    ),
    Quantity(
        "cloud.utilisation",
        "1",
        "Share of the time that a shared replica is busy.",
        Cited("gpu_server.operational_time_share"),
        least=1e-3,
        most=1.0,
        design=True,
    ),
    Quantity(
        "cloud.devices",
        "1",
        "Devices that a dedicated server serves.",
        Assumed(1000, note="a choice of the scenario"),
        least=1.0,
        design=True,
    ),
    Quantity(
        "cloud.inference_s", "s", "Queue and inference, for latency.", Assumed(0.05, note="for latency alone")
    ),
    Quantity(
        "cloud.rtt_s", "s", "There and back through the network.", Assumed(0.1, note="for latency alone")
    ),
    Quantity("cloud.request_j", "J", "TLS and broker, a request.", Gap("no figure for TLS and the broker")),
    Quantity("cloud.decode_j", "J", "Decoding an input.", Gap("no figure for decoding")),
    Quantity(
        "cloud.pue", "1", "Power usage effectiveness.", Assumed(1.3, 1.09, 1.8, "triangular"), least=1.0
    ),
    Quantity("cloud.redundancy", "1", "Reserve for failures, as a share.", Assumed(0.0, note="none")),
    Quantity(
        "cloud.storage_j_per_byte",
        "J/B",
        "Keeping an upload for as long as it is kept.",
        Gap("no figure for storage"),
    ),
    Quantity("cloud.wue_l_per_j", "L/J", "Water evaporated on site, by IT energy.", Cited("wue.us.average")),
    Quantity("cloud.usd_per_s", "USD/s", "Renting the server.", _named(_RENT, "price", "price")),
    Quantity("cloud.embodied_g", "g", "Making the server.", _named(_MADE, "server", "footprint")),
    Quantity(
        "cloud.life_years",
        "year",
        "Of the server.",
        Assumed(4.0, note="a choice of the scenario"),
        least=0.1,
        design=True,
    ),
    Quantity("cloud.recall", "1", "Recall, or accuracy, of the cloud's model.", Gap("not stated"), most=1.0),
)
YEAR_S = 365.25 * DAY_S


def _busy_j(v: Values) -> Array:
    """An inference above the floor."""
    if v.has("cloud.inference_j"):
        return v["cloud.inference_j"] * v["cloud.travel"]
    return np.maximum(v["cloud.power_w"] - v["cloud.floor_w"], 0.0) * v["cloud.busy_s"] * v["cloud.travel"]


DERIVED: dict[str, Derived] = {"cloud.busy_j": _busy_j}


def replica_seconds(v: Values, f: Flow) -> Array:
    """Seconds a day of one replica that this device answers for, busy or waiting.

    Shared: its inferences' time over the replica's utilisation. Scaled to the load: its inferences' time
    alone. Dedicated: its part of all the day, and of as many replicas as the devices
    need. ``cloud.requests_per_s``, where it is given, says it outright.
    """
    if v.has("cloud.requests_per_s"):
        return f.cloud_inferences / v["cloud.requests_per_s"]
    busy_s = f.cloud_inferences * v["cloud.busy_s"]
    case = f.hand.tier
    if case == "autoscaled":
        return busy_s
    if case == "dedicated":
        devices = v["cloud.devices"]
        replicas = np.maximum(np.ceil(busy_s * devices / DAY_S), 1.0)
        return np.where(f.cloud_inferences > 0, replicas * DAY_S / devices, 0.0)
    return busy_s / v["cloud.utilisation"]


def _accelerator(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if f.policy == "edge" else Cost(f.cloud_inferences * v["cloud.busy_j"])


def _host(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge" or v.word("cloud.endpoint") == "server":
        return None
    return Cost(f.cloud_inferences * v["cloud.busy_j"] * (v["cloud.host"] - 1.0))


def _idle(v: Values, f: Flow, s: Sums) -> Cost | None:
    if f.policy == "edge":
        return None
    if v.word("cloud.endpoint") != "server":
        return Cost(
            f.cloud_inferences * v["cloud.busy_j"] * v["cloud.host"] * (v["cloud.idle_reserve"] - 1.0)
        )
    if v.word("stance") == "consequential" and f.hand.tier != "dedicated":
        # The server runs for its other users anyway: nothing is added but the work itself.
        return Cost()
    return Cost(replica_seconds(v, f) * v["cloud.floor_w"])


def _requests(v: Values, f: Flow, _: Sums) -> Cost:
    return Cost(f.messages * v["cloud.request_j"])


def _decode(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if f.policy == "edge" else Cost(f.cloud_inferences * v["cloud.decode_j"])


def _storage(v: Values, f: Flow, _: Sums) -> Cost:
    return Cost(f.up_bytes * v["cloud.storage_j_per_byte"])


def _water(v: Values, _: Flow, s: Sums) -> Cost:
    litres = v.maybe("cloud.wue_l_per_j")
    return Cost(water_l=None if litres is None else s["datacentre"] / v["cloud.pue"] * litres)


def _rent(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge":
        return None
    usd = v.maybe("cloud.usd_per_s")
    return Cost(money_usd=None if usd is None else replica_seconds(v, f) * usd)


def _hardware(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge":
        return None
    if v.word("stance") == "consequential" and f.hand.tier != "dedicated":
        return Cost()
    grams = v.maybe("cloud.embodied_g")
    life_s = v["cloud.life_years"] * YEAR_S
    return Cost(carbon_g=None if grams is None else replica_seconds(v, f) * grams / life_s)


ENTRIES = (
    Entry("cloud.requests", "datacentre", "messages x request_j", _requests),
    Entry("cloud.decode", "datacentre", "cloud inferences x decode_j", _decode),
    Entry("cloud.accelerator", "datacentre", "cloud inferences x (power_w - floor_w) x busy_s", _accelerator),
    Entry("cloud.host", "datacentre", "GPU-only figures: x (host - 1)", _host),
    Entry("cloud.idle", "datacentre", "replica seconds x floor_w", _idle),
    Entry("cloud.storage", "datacentre", "bytes up x storage_j_per_byte", _storage),
    Entry(
        "cloud.redundancy",
        "datacentre",
        "the lines above x redundancy",
        lambda v, _, s: Cost(s["datacentre"] * v["cloud.redundancy"]),
    ),
    Entry(
        "cloud.facility",
        "datacentre",
        "the lines above x (PUE - 1)",
        lambda v, _, s: Cost(s["datacentre"] * (v["cloud.pue"] - 1.0)),
    ),
    Entry("cloud.water", "none", "IT joules x wue_l_per_j", _water),
    Entry("cloud.rent", "none", "replica seconds x usd_per_s", _rent),
    Entry("cloud.hardware", "none", "replica seconds x embodied_g / life", _hardware),
)
