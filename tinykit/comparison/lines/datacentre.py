"""The data centre around the inference: requests, idle reserve, cooling, storage, rent, hardware.

Busy, a replica draws its point's power; else its floor F. With L inferences a second on it, from all its
users, waiting adds ``F/L`` to each. No line is drawn from floor to load, and PUE multiplies only what the
hall's meter would not see already.
"""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Cited, Default, Gap, Quantity, Words, by_stance
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.lines.gateway import here
from tinykit.comparison.lines.server import WHOLE, beyond, is_closed, is_request
from tinykit.comparison.llm import ECOLOGITS
from tinykit.comparison.parameters import Array, Values


def _pue(words: Words) -> Default:
    if is_closed(words["cloud.boundary"]):
        return Assumed(1.0, note=beyond(words["cloud.boundary"], "the claim holds its facility"))
    return Assumed(1.3, 1.09, 1.8, "triangular")


def _inference_s(words: Words) -> Default:
    """A vision model's is no language model's, which writes for seconds to minutes."""
    endpoint = words["cloud.endpoint"]
    if endpoint.startswith(ECOLOGITS):
        return Gap("follows from the tokens")
    if is_request(endpoint):
        return Gap("the catalogue has no time of this endpoint; a language model's are seconds to minutes")
    return Assumed(0.05, note="for latency alone")


_US_WATER = Cited(
    "wue.us.average",
    # Operators' own, of the catalogue: wue.aws 0.15, wue.google.ecologits 0.99 L/kWh, by the row's 0.36.
    within=(0.15 / 0.36, 0.99 / 0.36),
    note="the United States' average stands in, wherever the data centre is; AWS says 0.15 L/kWh of its own,"
    " Google 0.99",
    stance="attributional",
)
_NO_MARGIN = Gap("nobody publishes the water of one more joule: the sites' figures are averages")

FIELDS = (
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
    Quantity("cloud.inference_s", "s", "Queue and inference, for latency.", _inference_s),
    Quantity(
        "cloud.rtt_s", "s", "There and back through the network.", Assumed(0.1, note="for latency alone")
    ),
    Quantity("cloud.request_j", "J", "TLS and broker, a request.", Gap("no figure for TLS and the broker")),
    Quantity("cloud.decode_j", "J", "Decoding an input.", Gap("no figure for decoding")),
    Quantity("cloud.pue", "1", "Power usage effectiveness.", _pue, least=1.0),
    Quantity("cloud.redundancy", "1", "Reserve for failures, as a share.", Assumed(0.0, note="none")),
    Quantity(
        "cloud.storage_j_per_byte",
        "J/B",
        "Keeping an upload for as long as it is kept.",
        Gap("no figure for storage"),
    ),
    Quantity(
        "cloud.wue_l_per_j",
        "L/J",
        "Water evaporated on site, by IT energy.",
        by_stance(_US_WATER, _NO_MARGIN),
    ),
    Quantity(
        "cloud.life_years",
        "year",
        "Of the server.",
        Assumed(4.0, note="a choice of the scenario"),
        least=0.1,
        design=True,
    ),
    Quantity("cloud.recall", "1", "Recall, or accuracy, of the cloud's model.", Gap("not stated"), most=1.0),
    Quantity(
        "cloud.false_alarms_per_day",
        "1/day",
        "Of the cloud's model; told in the answers, which every input gets.",
        Gap("not stated"),
    ),
)
YEAR_S = 365.25 * DAY_S


def replica_seconds(v: Values, f: Flow) -> Array:
    """Seconds a day of one replica that this device answers for, busy or waiting.

    Shared: its inferences' time over the replica's utilisation. Scaled to the load, or a CPU's: its
    inferences' time alone. Dedicated: its part of all the day, and of as many replicas as the devices
    need. ``cloud.requests_per_s``, where it is given, says it outright.
    """
    if v.has("cloud.requests_per_s"):
        return f.cloud_inferences / v["cloud.requests_per_s"]
    busy_s = f.cloud_inferences * v["cloud.busy_s"] * v["cloud.travel"]
    case = f.hand.tier
    if case in ("autoscaled", "cpu"):
        return busy_s
    if case == "dedicated":
        devices = v["cloud.devices"]
        replicas = np.maximum(np.ceil(busy_s * devices / DAY_S), 1.0)
        return np.where(f.cloud_inferences > 0, replicas * DAY_S / devices, 0.0)
    return busy_s / v["cloud.utilisation"]


def _out(f: Flow) -> bool:
    """No inference of this policy runs in a data centre."""
    return f.policy == "edge" or here(f)


def _waiting_j(v: Values, f: Flow) -> Array:
    """What the replica draws while it waits, this device's part."""
    if v.word("stance") == "consequential" and f.hand.tier in ("shared", "cpu"):
        # The server runs for its other users anyway: nothing is added but the work itself.
        return 0.0 * f.cloud_inferences
    return replica_seconds(v, f) * v["cloud.floor_w"]


def _accelerator(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if _out(f) else Cost(f.cloud_inferences * v["cloud.busy_j"])


def _host_line(v: Values, f: Flow, _: Sums) -> Cost | None:
    if _out(f) or v.word("cloud.boundary") in WHOLE:
        return None
    metered = f.cloud_inferences * v["cloud.busy_j"]
    if not is_request(v.word("cloud.endpoint")) and v.has("cloud.floor_w"):
        metered = metered + _waiting_j(v, f)
    return Cost(metered * (v["cloud.host"] - 1.0))


def _idle(v: Values, f: Flow, _: Sums) -> Cost | None:
    if _out(f):
        return None
    if is_request(v.word("cloud.endpoint")):
        if v.word("stance") == "consequential":
            return Cost()  # a reserve is there for all its users, and no part of a margin
        return Cost(
            f.cloud_inferences * v["cloud.busy_j"] * v["cloud.host"] * (v["cloud.idle_reserve"] - 1.0)
        )
    return Cost(_waiting_j(v, f))


def _requests(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if here(f) or not np.any(f.messages) else Cost(f.messages * v["cloud.request_j"])


def _decode(v: Values, f: Flow, _: Sums) -> Cost | None:
    return (
        None if _out(f) or not np.any(f.cloud_inferences) else Cost(f.cloud_inferences * v["cloud.decode_j"])
    )


def _storage(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if here(f) or not np.any(f.up_bytes) else Cost(f.up_bytes * v["cloud.storage_j_per_byte"])


def _facility(v: Values, _: Flow, s: Sums) -> Cost | None:
    if is_closed(v.word("cloud.boundary")):
        return None  # in the joules above already, or nobody knows
    return Cost(s["datacentre"] * (v["cloud.pue"] - 1.0))


def _water(v: Values, _: Flow, s: Sums) -> Cost:
    if not np.any(s["datacentre"]):
        return Cost()
    litres = v.maybe("cloud.wue_l_per_j")
    return Cost(water_l=None if litres is None else s["datacentre"] / v["cloud.pue"] * litres)


def _rent(v: Values, f: Flow, _: Sums) -> Cost | None:
    if _out(f):
        return None
    usd = v.maybe("cloud.usd_per_s")
    return Cost(money_usd=None if usd is None else replica_seconds(v, f) * usd)


def _hardware(v: Values, f: Flow, _: Sums) -> Cost | None:
    if _out(f):
        return None
    if v.word("stance") == "consequential" and f.hand.tier != "dedicated":
        return Cost()
    share = replica_seconds(v, f) / (v["cloud.life_years"] * YEAR_S)
    grams, litres = (
        None if one is None else share * one
        for one in (v.maybe("cloud.embodied_g"), v.maybe("cloud.embodied_l"))
    )
    return Cost(0.0, grams, litres)


ENTRIES = (
    Entry("cloud.requests", "datacentre", "messages x request_j", _requests),
    Entry("cloud.decode", "datacentre", "cloud inferences x decode_j", _decode),
    Entry("cloud.accelerator", "datacentre", "cloud inferences x (power_w - floor_w) x busy_s", _accelerator),
    Entry("cloud.host", "datacentre", "of parts of a machine: the joules beside it x (host - 1)", _host_line),
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
        _facility,
    ),
    Entry("cloud.water", "none", "IT joules x wue_l_per_j", _water, ("water_l",)),
    Entry("cloud.rent", "none", "replica seconds x usd_per_s", _rent, ("money_usd",)),
    Entry(
        "cloud.hardware",
        "none",
        "replica seconds x (embodied_g, litres) / life; its price is in the rent",
        _hardware,
        ("carbon_g", "carbon_market_g", "water_l"),
    ),
)
