"""Access and core network. The mode is a choice, printed; modes are never averaged together."""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Cited, Default, Gap, Quantity, Word, Words
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.lines.gateway import here
from tinykit.comparison.parameters import Values

CELLULAR = ("ltem", "nbiot", "cat1")
MODES = ("average", "marginal", "legacy-high", "power")


def _per_byte(words: Words) -> Default:
    mode, access = words["network.mode"], words["network.access"]
    if mode == "power":
        return Assumed(0.0, note="counted by time and rate, not by byte")
    table: dict[tuple[str, str], Default] = {
        ("average", "fixed"): Cited("avg.fixed.carbontrust2021", stance="attributional"),
        ("average", "mobile"): Cited("avg.mobile.carbontrust2021", stance="attributional"),
        ("marginal", "fixed"): Cited("marginal.fixed.malmodin2020", stance="consequential"),
        ("marginal", "mobile"): Cited("marginal.mobile.malmodin2020", stance="consequential"),
        ("legacy-high", "fixed"): Cited("avg.onebyte.wired", stance="attributional"),
        ("legacy-high", "mobile"): Cited("avg.onebyte.4g", stance="attributional"),
    }
    return table.get((mode, access), Gap(f"no figure for {mode}, {access}"))


FIELDS = (
    Word(
        "network.mode",
        "By the stance average or marginal; legacy-high for sensitivity alone; power: by time and rate.",
        lambda w: "average" if w["stance"] == "attributional" else "marginal",
        MODES,
    ),
    Word(
        "network.access",
        "What carries the device's data.",
        lambda w: "mobile" if w["radio.kind"] in CELLULAR else "fixed",
        ("fixed", "mobile"),
    ),
    Quantity("network.byte_j", "J/B", "Access and core, a byte.", _per_byte),
    Quantity(
        "network.base_w",
        "W",
        "Power model: the line's or subscriber's own, whatever the traffic.",
        lambda w: Assumed(
            18.0 if w["network.access"] == "fixed" else 1.2, note="Malmodin 2020, access and core"
        ),
    ),
    Quantity(
        "network.base_share",
        "1",
        "Attributional: share of the base power that this device answers for.",
        Gap("the power model needs a share: what part of the line is there for this device?"),
        most=1.0,
        design=True,
    ),
    Quantity(
        "network.slope_j_per_byte",
        "J/B",
        "Power model: power per rate, which is energy per byte.",
        lambda w: Assumed(
            (0.05 if w["network.access"] == "fixed" else 1.53) * 8e-6, note="Malmodin 2020, W per Mb/s"
        ),
    ),
    Quantity(
        "network.attach_j",
        "J",
        "Cellular: what a base station takes for a connection beyond its bytes, in signalling.",
        Cited("iot.base_station_per_attach"),
    ),
    Quantity(
        "network.usd_per_byte", "USD/B", "Tariff of the device's data.", Cited("price.iot.data.cellular")
    ),
    Quantity(
        "gateway.share_w",
        "W",
        "Attributional: this device's share of a router's or hub's power, all day.",
        Gap("no gateway was allocated"),
    ),
)


def _gateway(v: Values, _: Flow, __: Sums) -> Cost | None:
    """Allocated, and so no part of a margin: the router runs anyway."""
    return None if v.word("stance") == "consequential" else Cost(DAY_S * v["gateway.share_w"])


def _bytes(v: Values, f: Flow, _: Sums) -> Cost | None:
    if here(f):
        return None
    if v.word("network.mode") == "power":
        return Cost((f.up_bytes + f.down_bytes) * v["network.slope_j_per_byte"])
    return Cost((f.up_bytes + f.down_bytes) * v["network.byte_j"])


def _attach(v: Values, f: Flow, _: Sums) -> Cost | None:
    """No average by the byte tells it, nobody published it, and a connection of few bytes is mostly that."""
    if v.word("radio.kind") not in CELLULAR or here(f) or not np.any(f.connections):
        return None
    return Cost(f.connections * v["network.attach_j"])


def _tariff(v: Values, f: Flow, _: Sums) -> Cost | None:
    if here(f):
        return None
    usd = v.maybe("network.usd_per_byte")
    return Cost(money_usd=None if usd is None else (f.up_bytes + f.down_bytes) * usd)


def _base(v: Values, f: Flow, _: Sums) -> Cost | None:
    # A margin has no base: the line is there anyway.
    if v.word("network.mode") != "power" or v.word("stance") == "consequential" or here(f):
        return None
    return Cost(DAY_S * v["network.base_w"] * v["network.base_share"])


ENTRIES = (
    Entry("gateway.share", "premises", "attributional: 86,400 s x share_w", _gateway),
    Entry("network.traffic", "network", "bytes x byte_j, or bytes x slope", _bytes),
    Entry("network.attach", "network", "cellular: connections x attach_j", _attach),
    Entry("network.tariff", "none", "bytes x usd_per_byte", _tariff, ("money_usd",)),
    Entry("network.base", "network", "attributional: 86,400 s x base_w x base_share", _base),
)
