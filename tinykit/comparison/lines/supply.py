"""The device's supply, which decides what its joules cost: a primary cell's are orders above the grid's.

Grams per delivered joule: mains, the grid's (conversion losses are a line); primary, the pack's over its
usable energy; rechargeable, the pack's over all its cycles, and the grid's; harvested, none: the harvester is
a line of its own.
"""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Chooser, Cited, Default, Gap, Quantity, Word, Words
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.lines.grid import market
from tinykit.comparison.parameters import Array, Derived, Values

KINDS = ("mains", "primary", "rechargeable", "harvested")
PACKS = {"li": "l91", "alkaline": "e91", "cr2032": "cr2032", "thionyl": "ls14500", "li-ion": "liion"}
"""Named packs, and the catalogue's prefix of their cell."""
YEAR_D = 365.25
_BATTERY = ("primary", "rechargeable")


def _cell(suffix: str) -> Chooser:
    def choose(words: Words) -> Default:
        if words["supply.kind"] not in _BATTERY:
            return Gap("no battery in this supply")
        return Cited(f"{PACKS[words['supply.pack']]}.{suffix}")

    return choose


def _embodied(words: Words) -> Default:
    pack = words["supply.pack"]
    return Cited("alkaline.embodied" if pack == "alkaline" else "act.battery.li")


def _only(kind: str, default: Default) -> Chooser:
    return lambda words: default if words["supply.kind"] == kind else Gap(f"not {kind}")


FIELDS = (
    Word("supply.kind", "What the device lives on.", "mains", KINDS),
    Word("supply.pack", "Which cells.", "li", tuple(PACKS)),
    Quantity(
        "supply.cells",
        "1",
        "Cells in series.",
        lambda w: Assumed(
            2.0 if w["supply.pack"] in ("li", "alkaline") else 1.0, note="a choice of the scenario"
        ),
        least=1,
        design=True,
    ),
    Quantity("supply.capacity_c", "C", "Of a cell, at a light load.", _cell("capacity"), least=1e-3),
    Quantity("supply.voltage_v", "V", "Of a cell, nominal.", _cell("voltage"), least=0.1),
    Quantity(
        "supply.usable",
        "1",
        "Share of a cell's energy above the device's cut-off voltage, at its temperature and pulses.",
        Assumed(
            0.85, 0.6, 1.0, "triangular", "by cut-off voltage, cold and pulses; see the cell's data sheet"
        ),
        least=0.01,
        most=1.0,
    ),
    Quantity(
        "supply.self_discharge_per_year", "1/year", "Share lost a year.", _cell("self_discharge"), most=1.0
    ),
    Quantity("supply.pulse_a", "A", "Current that the cells stand in a pulse.", _cell("pulse")),
    Quantity("supply.pack_g_per_j", "g/J", "Making the cells, per joule of capacity.", _embodied),
    Quantity("supply.pack_l_per_j", "L/J", "Water of making the cells.", Cited("battery.water")),
    Quantity("supply.pack_usd_per_j", "USD/J", "Price of the cells.", Cited("battery.price")),
    Quantity(
        "supply.cycles", "1", "Full charges of a life.", _only("rechargeable", Cited("liion.cycles")), least=1
    ),
    Quantity(
        "supply.efficiency",
        "1",
        "Joules delivered per joule of mains.",
        lambda w: Cited("mains.efficiency" if w["supply.kind"] == "mains" else "liion.charge_efficiency"),
        least=0.01,
        most=1.0,
    ),
    Quantity("supply.no_load_w", "W", "Of a mains adapter, all day.", _only("mains", Cited("mains.no_load"))),
    Quantity("supply.harvester_g", "g", "Harvester, store, electronics.", Cited("harvester.embodied")),
    Quantity("supply.visit_g", "g", "A visit to replace the cells.", Cited("visit.carbon")),
    Quantity("supply.visit_l", "L", "Water of a visit.", Gap("no figure for water of a visit")),
    Quantity("supply.visit_usd", "USD", "A visit.", Cited("visit.price")),
)


def usable_j(v: Values) -> Array:
    """Joules that one filling of the pack delivers to the device."""
    return v["supply.cells"] * v["supply.capacity_c"] * v["supply.voltage_v"] * v["supply.usable"]


def _per_joule(pack: str, grid: str | None) -> Derived:
    """A factor of the device's joule, from the pack's and the grid's."""

    def of(v: Values) -> Array:
        kind = v.word("supply.kind")
        if kind == "harvested":
            return np.zeros(())
        if kind == "mains":
            return v[grid] if grid is not None else np.zeros(())
        worn = v[pack] / v["supply.usable"]
        if kind == "primary":
            return worn
        return worn / v["supply.cycles"] + (v[grid] if grid is not None else 0.0)

    return of


DERIVED: dict[str, Derived] = {
    "supply.usable_j": usable_j,
    "grid.device_or_market_g_per_j": market("device"),
    "device.g_per_j": _per_joule("supply.pack_g_per_j", "grid.device_g_per_j"),
    "device.market_g_per_j": _per_joule("supply.pack_g_per_j", "grid.device_or_market_g_per_j"),
    "device.l_per_j": _per_joule("supply.pack_l_per_j", "grid.device_l_per_j"),
    "device.usd_per_j": _per_joule("supply.pack_usd_per_j", "grid.device_usd_per_j"),
}


def _self_discharge(v: Values, _: Flow, __: Sums) -> Cost | None:
    if v.word("supply.kind") not in _BATTERY:
        return None
    return Cost(usable_j(v) * v["supply.self_discharge_per_year"] / YEAR_D)


def _loss(v: Values, _: Flow, s: Sums) -> Cost | None:
    if v.word("supply.kind") not in ("mains", "rechargeable"):
        return None
    return Cost(s["device"] * (1.0 / v["supply.efficiency"] - 1.0))


def _no_load(v: Values, _: Flow, __: Sums) -> Cost | None:
    return Cost(DAY_S * v["supply.no_load_w"]) if v.word("supply.kind") == "mains" else None


def _visits(v: Values, _: Flow, s: Sums) -> Cost | None:
    if v.word("supply.kind") != "primary":
        return None
    visits = s["device"] / usable_j(v)
    grams, litres, usd = (v.maybe(f"supply.visit_{unit}") for unit in ("g", "l", "usd"))
    return Cost(
        0.0 * visits,
        None if grams is None else visits * grams,
        None if litres is None else visits * litres,
        None if usd is None else visits * usd,
    )


def _harvester(v: Values, _: Flow, __: Sums) -> Cost | None:
    if v.word("supply.kind") != "harvested":
        return None
    grams = v.maybe("supply.harvester_g")
    return Cost(carbon_g=None if grams is None else grams / (v["device.life_years"] * YEAR_D))


ENTRIES = (
    Entry("supply.self_discharge", "device", "usable joules x self-discharge / 365.25", _self_discharge),
    Entry("supply.loss", "premises", "device joules x (1 / efficiency - 1)", _loss),
    Entry("supply.no_load", "premises", "86,400 s x no_load_w", _no_load),
    Entry("supply.visits", "none", "device joules / usable joules x a visit", _visits),
    Entry("supply.harvester", "none", "harvester / life", _harvester),
)
