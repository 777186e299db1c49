"""The device's supply, which decides what its joules cost: a primary cell's are orders above the grid's.

Grams per delivered joule: mains and rechargeable, the grid's (losses are a line, and so is a pack's wear);
primary, the pack's over its usable energy; harvested, none: the harvester is a line of its own. A first pack
is bought whole, and one that is old is replaced: what is left in them all is a line, too.
"""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Chooser, Cited, Default, Gap, Quantity, Word, Words
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import MAKING, Cost, Entry, Sums, cost_of
from tinykit.comparison.lines import entries
from tinykit.comparison.lines.grid import market
from tinykit.comparison.parameters import Array, Derived, Values

KINDS = ("mains", "primary", "rechargeable", "harvested")
PACKS = {"li": "l91", "alkaline": "e91", "cr2032": "cr2032", "thionyl": "ls14500", "li-ion": "liion"}
"""Named packs, and the catalogue's prefix of their cell."""
YEAR_D = 365.25
_BATTERY = ("primary", "rechargeable")
_CHARGES = ("li-ion",)
"""Of the packs, those that charge."""
_OLD = "a choice: replaced then, whatever is left in it; ten years and more are said of lithium on a shelf"
_SHELF = {
    "alkaline": Assumed(7.0, 5.0, 10.0, "triangular", _OLD),
    "li-ion": Assumed(5.0, 3.0, 10.0, "triangular", _OLD),
}
_NO_MAKING = "no figure for a harvester, its store and its electronics"


def _cell(suffix: str) -> Chooser:
    def choose(words: Words) -> Default:
        if words["supply.kind"] not in _BATTERY:
            return Gap("no battery in this supply")
        return Cited(f"{PACKS[words['supply.pack']]}.{suffix}")

    return choose


def _embodied(words: Words) -> Default:
    pack = words["supply.pack"]
    if pack == "alkaline":
        return Cited("alkaline.embodied")
    stand_in = f"a rechargeable lithium cell's stands in for the {pack} cell's, which has no figure"
    return Cited("act.battery.li", note="" if pack in _CHARGES else stand_in)


def _shelf(words: Words) -> Default:
    if words["supply.kind"] not in _BATTERY:
        return Gap("no battery in this supply")
    return _SHELF.get(words["supply.pack"], Assumed(10.0, 5.0, 20.0, "triangular", _OLD))


def _only(kind: str, default: Default) -> Chooser:
    return lambda words: default if words["supply.kind"] == kind else Gap(f"not {kind}")


FIELDS = (
    Word("supply.kind", "What the device lives on.", "mains", KINDS),
    Word(
        "supply.pack",
        "Which cells.",
        lambda w: _CHARGES[0] if w["supply.kind"] == "rechargeable" else "li",
        tuple(PACKS),
        by=(
            "supply.kind",
            {"rechargeable": _CHARGES, "primary": tuple(one for one in PACKS if one not in _CHARGES)},
        ),
    ),
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
    Quantity("supply.shelf_years", "year", "After which a pack is old, and is replaced.", _shelf, least=0.01),
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
        "Joules delivered per joule of mains by the adapter: to the device, or to the cell that it charges.",
        Cited("mains.efficiency"),
        least=0.01,
        most=1.0,
    ),
    Quantity(
        "supply.charge_efficiency",
        "1",
        "Rechargeable: joules out of the cell per joule into it.",
        _only("rechargeable", Cited("liion.charge_efficiency")),
        least=0.01,
        most=1.0,
    ),
    Quantity("supply.no_load_w", "W", "Of a mains adapter, all day.", _only("mains", Cited("mains.no_load"))),
    Quantity(
        "supply.harvest_w",
        "W",
        "What the harvester gives, on average over the worst day that it must serve.",
        Gap("nobody said what is harvested: whether it is enough is not checked"),
    ),
    Quantity("supply.harvester_g", "g", "Harvester, store, electronics.", Cited("harvester.embodied")),
    Quantity("supply.harvester_l", "L", "Water of making the harvester.", Gap(_NO_MAKING)),
    Quantity("supply.harvester_usd", "USD", "Price of the harvester.", Gap("no price was given")),
    Quantity("supply.visit_g", "g", "A visit to replace the cells.", Cited("visit.carbon")),
    Quantity("supply.visit_l", "L", "Water of a visit.", Gap("no figure for water of a visit")),
    Quantity("supply.visit_usd", "USD", "A visit.", Cited("visit.price")),
)


def capacity_j(v: Values) -> Array:
    """Joules that are in a new pack."""
    return v["supply.cells"] * v["supply.capacity_c"] * v["supply.voltage_v"]


def usable_j(v: Values) -> Array:
    """Joules that one filling of the pack delivers to the device."""
    return capacity_j(v) * v["supply.usable"]


def _per_joule(pack: str, grid: str) -> Derived:
    """A factor of the device's joule: the pack's where the joule uses it up, or the grid's."""

    def of(v: Values) -> Array:
        kind = v.word("supply.kind")
        if kind == "harvested":
            return np.zeros(())
        return v[pack] / v["supply.usable"] if kind == "primary" else v[grid]

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
    delivered = v["supply.efficiency"]
    if v.word("supply.kind") == "rechargeable":
        delivered = delivered * v["supply.charge_efficiency"]
    return Cost(s["device"] * (1.0 / delivered - 1.0))


def _no_load(v: Values, _: Flow, __: Sums) -> Cost | None:
    return Cost(DAY_S * v["supply.no_load_w"]) if v.word("supply.kind") == "mains" else None


def _life_d(v: Values) -> Array:
    return v["device.life_years"] * YEAR_D


def _used(v: Values, s: Sums) -> Array:
    """Packs that the joules use up in the device's life; a rechargeable one, its cycles."""
    fillings = s["device"] * _life_d(v) / usable_j(v)
    return fillings / v["supply.cycles"] if v.word("supply.kind") == "rechargeable" else fillings


def _bought(v: Values, s: Sums) -> Array:
    """Packs of the device's life: the first one whole, and of more the average of many devices, a fraction
    and all, so that no answer turns on the rounding of the last; none gets too old."""
    return np.maximum(np.maximum(_used(v, s), v["device.life_years"] / v["supply.shelf_years"]), 1.0)


def _each(v: Values, a_day: Array, keys: tuple[str, str, str], scale: Array | float = 1.0) -> Cost:
    """``a_day`` of something, in grams, litres and money; none of it costs nothing, at whatever price."""
    if not np.any(a_day > 0):
        return Cost()
    whole = (v.maybe(f"supply.{key}") for key in keys)
    return Cost(0.0, *(None if one is None else a_day * one * scale for one in whole))


_PACK = ("pack_g_per_j", "pack_l_per_j", "pack_usd_per_j")


def _wear(v: Values, _: Flow, s: Sums) -> Cost | None:
    if v.word("supply.kind") != "rechargeable":
        return None
    return _each(v, _used(v, s) / _life_d(v), _PACK, capacity_j(v))


def _unused(v: Values, _: Flow, s: Sums) -> Cost | None:
    if v.word("supply.kind") not in _BATTERY:
        return None
    return _each(v, (_bought(v, s) - _used(v, s)) / _life_d(v), _PACK, capacity_j(v))


def _visits(v: Values, _: Flow, s: Sums) -> Cost | None:
    if v.word("supply.kind") not in _BATTERY:
        return None
    return _each(v, (_bought(v, s) - 1.0) / _life_d(v), ("visit_g", "visit_l", "visit_usd"))


def _harvester(v: Values, _: Flow, __: Sums) -> Cost | None:
    if v.word("supply.kind") != "harvested":
        return None
    return _each(v, 1.0 / _life_d(v), ("harvester_g", "harvester_l", "harvester_usd"))


def drawn_w(v: Values, f: Flow) -> Array:
    """What the device draws on average: its supply must give that."""
    its = [entry for entry in entries() if entry.site == "device"]
    return np.asarray(cost_of(its, v, f, "energy_j") / DAY_S)


ENTRIES = (
    Entry("supply.self_discharge", "device", "usable joules x self-discharge / 365.25", _self_discharge),
    Entry("supply.loss", "premises", "device joules x (1 / (efficiency x charge_efficiency) - 1)", _loss),
    Entry("supply.no_load", "premises", "86,400 s x no_load_w", _no_load),
    Entry(
        "supply.wear",
        "none",
        "rechargeable: device joules / (usable joules x cycles) x making a pack",
        _wear,
        MAKING,
    ),
    Entry(
        "supply.unused",
        "none",
        "(max(packs used, life / shelf life, 1) - packs used) / life x making a pack",
        _unused,
        MAKING,
    ),
    Entry(
        "supply.visits",
        "none",
        "(max(packs used, life / shelf life, 1) - 1) / life x a visit",
        _visits,
        MAKING,
    ),
    Entry("supply.harvester", "none", "harvester (grams, litres, price) / life", _harvester, MAKING),
)
