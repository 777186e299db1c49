"""Electricity by zone: grams and litres a joule, averages and margins, from `ecologits` or the catalogue.

ecologits (MPL-2.0, extra ``cloud``) ships averages of 215 zones; without it the catalogue has a handful of
the same figures. Margins are single citations: a zone without one is a gap, never an average in disguise.
A row of the user's own catalogue, ``grid.KOR.average`` or ``water.KOR.average``, goes before both.
"""

from __future__ import annotations

import difflib
from functools import cache

from tinykit.comparison.fields import Between, Cited, Default, Found, Gap, Stance
from tinykit.errors import InputError

KWH_J = 3.6e6
_CODES = "A zone is a country's ISO 3166 code, of three letters (KOR) or, of many, of two (KR); or world."
# ISO 3166-1 alpha-2 of zones that people name; any alpha-3 code that ecologits knows is taken as it is.
_ALPHA3 = {
    "KR": "KOR", "US": "USA", "DE": "DEU", "FR": "FRA", "CN": "CHN", "IN": "IND", "SE": "SWE", "TW": "TWN",
    "JP": "JPN", "GB": "GBR", "UK": "GBR", "NO": "NOR", "PL": "POL", "VN": "VNM", "SG": "SGP", "IE": "IRL",
    "NL": "NLD", "BR": "BRA", "AU": "AUS", "CA": "CAN", "ZA": "ZAF", "ID": "IDN", "IS": "ISL", "FI": "FIN",
    "DK": "DNK", "ES": "ESP", "IT": "ITA", "PT": "PRT", "AT": "AUT", "CH": "CHE", "BE": "BEL", "CZ": "CZE",
    "MX": "MEX", "TR": "TUR", "NZ": "NZL", "WORLD": "WOR", "WLD": "WOR",
}  # fmt: skip


def zone_code(name: str) -> str:
    """The ISO 3166-1 alpha-3 code of a zone; ``WOR`` is the world. Raises InputError (GRID_ZONE)."""
    code = _ALPHA3.get(name.upper(), name.upper())
    if len(code) == 3 and code.isalpha():
        return code
    near = difflib.get_close_matches(name.upper(), _ALPHA3, n=3)
    like = f"Did you mean {', '.join(near)}? " if near else ""
    raise InputError(
        f"there is no zone '{name}'.",
        hint=f"{like}{_CODES}",
        code="GRID_ZONE",
    )


@cache
def carbon(zone: str, stance: Stance) -> Default:
    """gCO2e a joule of electricity in ``zone``, location-based: the average, or the margin.

    Average: ±10 % between data sets; hourly variation is not in it. Margin: anywhere from the combined margin
    to the operating margin (IFI/UNFCCC 2021); their middle is the figure used.
    """
    code = zone_code(zone)
    if stance == "consequential":
        gap = Gap(f"no margin is known for {code}: give grid.device_g_per_j and its like yourself")
        combined, operating = (f"grid.{code}.marginal.{of}" for of in ("combined", "operating"))
        return Between(combined, operating, f"grid.{code}.margin", gap, "consequential")
    mix = _mix(code)
    own = f"grid.{code}.average"
    if mix is None:
        return _rows(own, f"grid.{code}.ecologits", 0.9, 1.1)
    value = mix[0] * 1e3 / KWH_J
    return _rows(own, Found(value, mix[2], own, value * 0.9, value * 1.1, stance="attributional"), 0.9, 1.1)


@cache
def water(zone: str, stance: Stance) -> Default:
    """Litres a joule evaporated in generating it (off-site); a factor of 2 either way, by method.

    Hydro reservoirs' evaporation is allocated to their electricity: zones with much of it look worst.
    """
    code = zone_code(zone)
    if stance == "consequential":
        return Gap("nobody publishes water of the marginal plant")
    mix = _mix(code)
    own = f"water.{code}.average"
    if mix is None:
        return _rows(own, f"wue.offsite.{code}", 0.5, 2.0)
    value = mix[1] / KWH_J
    found = Found(value, mix[2], f"water.{code}", value / 2, value * 2, stance="attributional")
    return _rows(own, found, 0.5, 2.0)


def _rows(own: str, ours: str | Found, low: float, high: float) -> Default:
    """The user's own row, which no catalogue of ours has; else our figure, else a gap."""
    if isinstance(ours, str):
        gap = Gap(f"the catalogue has no {ours}; pip install 'tinykit[cloud]' brings 215 zones")
        second: Default = Cited(ours, within=(low, high), stance="attributional", otherwise=gap)
    else:
        second = ours
    return Cited(own, within=(low, high), stance="attributional", otherwise=second)


def _mix(code: str) -> tuple[float, float, str] | None:
    """kgCO2e and litres a kWh, and the source; None without ecologits. Raises InputError for no such zone."""
    try:
        from ecologits.electricity_mix_repository import electricity_mixes
    except ImportError:
        return None
    from importlib.metadata import version

    found = electricity_mixes.find_electricity_mix(code)
    if found is None:
        raise InputError(
            f"ecologits has no electricity mix of '{code}'.",
            hint=f"--grid with another zone, or give grid.device_g_per_j and its like yourself. {_CODES}",
            code="GRID_ZONE",
        )
    return float(found.gwp), float(found.wue), f"ecologits {version('ecologits')} electricity mixes, {code}"
