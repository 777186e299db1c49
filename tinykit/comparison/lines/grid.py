"""Electricity at each place of the path: where the device stands, the network's, and the data centre's.

Location-based throughout; a market-based figure (a contract's) is its own column, and where no contract is
given the location's stands there too. Offsets are nowhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinykit.comparison.fields import Chooser, Default, Gap, Quantity, Stance, Word, Words
from tinykit.comparison.mixes import carbon, water
from tinykit.comparison.parameters import Array, Derived, Values

PLACES = ("device", "network", "cloud")


def _carbon(place: str) -> Chooser:
    def choose(words: Words) -> Default:
        return carbon(words[f"grid.{place}"], _stance(words))

    return choose


def _water(place: str) -> Chooser:
    return lambda words: water(words[f"grid.{place}"], _stance(words))


def _stance(words: Words) -> Stance:
    return "attributional" if words["stance"] == "attributional" else "consequential"


FIELDS = (
    *(
        Word(f"grid.{place}", f"Zone of the {place}'s electricity: KR, US, world.", "world")
        for place in PLACES
    ),
    *(
        Quantity(
            f"grid.{place}_g_per_j",
            "g/J",
            f"Location-based, of the {place}'s electricity.",
            _carbon(place),
        )
        for place in PLACES
    ),
    *(
        Quantity(
            f"grid.{place}_market_g_per_j",
            "g/J",
            f"Market-based, of the contract for the {place}'s electricity.",
            Gap("no contract was given: the location's figure stands in the market-based column"),
        )
        for place in PLACES
    ),
    *(
        Quantity(
            f"grid.{place}_l_per_j",
            "L/J",
            f"Evaporated in generating the {place}'s electricity.",
            _water(place),
        )
        for place in PLACES
    ),
    Quantity(
        "grid.device_usd_per_j", "USD/J", "Electricity where the device stands.", Gap("no tariff was given")
    ),
)


def market(place: str) -> Derived:
    """The contract's figure, or the location's where there is none."""

    def of(values: Values) -> Array:
        key = f"grid.{place}_market_g_per_j"
        return values[key if values.has(key) else f"grid.{place}_g_per_j"]

    return of


def _same(key: str) -> Callable[[Values], Array]:
    return lambda values: values[key]


DERIVED: dict[str, Derived] = {
    **{
        f"{site}.{suffix}": _same(f"grid.{place}_{suffix}")
        for site, place in (("premises", "device"), ("network", "network"), ("datacentre", "cloud"))
        for suffix in ("g_per_j", "l_per_j")
    },
    **{
        f"{site}.market_g_per_j": market(place)
        for site, place in (("premises", "device"), ("network", "network"), ("datacentre", "cloud"))
    },
    "premises.usd_per_j": _same("grid.device_usd_per_j"),
    # Their electricity is in the tariff and in the rent, lines of their own: capacity is what one pays for.
    "network.usd_per_j": lambda _: np.zeros(()),
    "datacentre.usd_per_j": lambda _: np.zeros(()),
}
