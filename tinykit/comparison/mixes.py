"""Electricity by zone: grams and litres a joule, averages and margins, from `ecologits` or the catalogue.

ecologits (MPL-2.0, extra ``cloud``) ships averages of 215 zones; without it the catalogue has a handful of
the same figures. Margins are single citations: a zone without one is a gap, never an average in disguise.
"""

from __future__ import annotations

import difflib
from functools import cache

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Default, Found, Gap, Stance
from tinykit.errors import InputError

KWH_J = 3.6e6
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
    raise InputError(
        f"There is no zone '{name}'.",
        hint=f"a country's code such as KR or KOR, or world. {' '.join(near)}".strip(),
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
        return _margin(code)
    mix = _mix(code)
    if mix is None:
        return _row(f"grid.{code}.ecologits", stance, 0.9, 1.1)
    value = mix[0] * 1e3 / KWH_J
    return Found(value, mix[2], f"grid.{code}.average", value * 0.9, value * 1.1, stance="attributional")


@cache
def water(zone: str, stance: Stance) -> Default:
    """Litres a joule evaporated in generating it (off-site); a factor of 2 either way, by method.

    Hydro reservoirs' evaporation is allocated to their electricity: zones with much of it look worst.
    """
    code = zone_code(zone)
    if stance == "consequential":
        return Gap("nobody publishes water of the marginal plant")
    mix = _mix(code)
    if mix is None:
        return _row(f"wue.offsite.{code}", stance, 0.5, 2.0)
    value = mix[1] / KWH_J
    return Found(value, mix[2], f"water.{code}", value / 2, value * 2, stance="attributional")


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
            hint="use another zone, or give grid.device_g_per_j and its like yourself.",
            code="GRID_ZONE",
        )
    return float(found.gwp), float(found.wue), f"ecologits {version('ecologits')} electricity mixes, {code}"


def _row(key: str, stance: Stance | None, low: float, high: float) -> Default:
    catalog = Catalog.load()
    if key not in catalog:
        return Gap(f"the catalogue has no {key}; pip install 'tinykit[cloud]' brings 215 zones")
    row = catalog.find(key)
    return Found(row.nominal, row.citation, key, row.nominal * low, row.nominal * high, stance=stance)


def _margin(code: str) -> Default:
    catalog = Catalog.load()
    keys = (f"grid.{code}.marginal.combined", f"grid.{code}.marginal.operating")
    if not all(key in catalog for key in keys):
        return Gap(f"no margin is known for {code}: give grid.device_g_per_j and its like yourself")
    low, high = (catalog.find(key) for key in keys)
    return Found(
        (low.nominal + high.nominal) / 2,
        f"{low.citation}; {high.citation}",
        f"grid.{code}.margin",
        low.nominal,
        high.nominal,
        "rectangular",
        stance="consequential",
    )
