"""Electricity by zone: grams and litres a joule, averages and margins, from `ecologits` or the catalogue.

ecologits (MPL-2.0, extra ``cloud``) ships averages of 215 zones; without it the catalogue has a handful of
the same figures. Margins are single citations: a zone without one is a gap, never an average in disguise.
A row of the user's own catalogue, ``grid.KOR.average`` or ``water.KOR.average``, goes before both.
"""

from __future__ import annotations

import difflib
from functools import cache

from tinykit.comparison.fields import Between, Cited, Default, Found, Gap, Refused, Stance
from tinykit.errors import InputError

KWH_J = 3.6e6
_DATA_SETS = (0.75, 1.16)
"""Of 46 yearly averages of Ember 2024, Electricity Maps 2025 and codecarbon 3.3, 44 lie between these factors
of what ecologits 0.11.3 has for the zone; the farthest are Sweden's 0.60 and France's 1.35."""
_METHODS = (0.5, 2.0)
"""Of water: how a reservoir's evaporation is allocated decides more than the zone."""
_CODES = (
    "A zone is a country's ISO 3166 code, of three letters (KOR) or, of many, of two (KR); or world. "
    "tinykit catalog zones lists all."
)
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

    Average: as far apart as data sets are; hourly variation is not in it. Margin: anywhere from the combined
    margin to the operating margin (IFI/UNFCCC 2021); their middle is the figure used.
    """
    code = zone_code(zone)
    if stance == "consequential":
        gap = Gap(f"the catalogue has no margin of {code}: give grid.device_g_per_j and its like yourself")
        combined, operating = (f"grid.{code}.marginal.{of}" for of in ("combined", "operating"))
        return Between(combined, operating, f"grid.{code}.margin", gap, "consequential")
    own = f"grid.{code}.average"
    mix = _mix(code)
    if mix is None or isinstance(mix, Refused):
        return _rows(own, mix or f"grid.{code}.ecologits", _DATA_SETS)
    value = mix[0] * 1e3 / KWH_J
    if value <= 0:
        return _rows(own, Gap(f"{mix[2]}, gives 0 g, which no electricity is"), _DATA_SETS)
    return _rows(own, Found(value, mix[2], own, stance="attributional", within=_DATA_SETS), _DATA_SETS)


@cache
def water(zone: str, stance: Stance) -> Default:
    """Litres a joule evaporated in generating it (off-site); a factor of 2 either way, by method.

    Hydro reservoirs' evaporation is allocated to their electricity: zones with much of it look worst.
    """
    code = zone_code(zone)
    if stance == "consequential":
        return Gap("nobody publishes water of the marginal plant")
    own = f"water.{code}.average"
    mix = _mix(code)
    if isinstance(mix, Refused):
        return _rows(own, Gap(mix.message), _METHODS)
    if mix is None:
        return _rows(own, f"wue.offsite.{code}", _METHODS)
    if mix[1] is None:
        return _rows(own, Gap(f"nobody has {code}'s water: ecologits puts the world's there"), _METHODS)
    found = Found(mix[1] / KWH_J, mix[2], f"water.{code}", stance="attributional", within=_METHODS)
    return _rows(own, found, _METHODS)


def zone_codes() -> frozenset[str]:
    """The codes of all zones that ecologits knows; none without it."""
    try:
        from ecologits.electricity_mix_repository import electricity_mixes
    except ImportError:
        return frozenset()
    return frozenset(mix.zone for mix in electricity_mixes.list_electricity_mixes())


def short_names() -> dict[str, str]:
    """What else a zone may be called, by its code of three letters: KR, GB or UK, world."""
    names: dict[str, list[str]] = {}
    for short, code in _ALPHA3.items():
        names.setdefault(code, []).append(short.lower() if code == "WOR" else short)
    return {code: ", ".join(of) for code, of in names.items()}


def _rows(own: str, ours: str | Default, within: tuple[float, float]) -> Default:
    """The user's own row, which no catalogue of ours has; else our figure, else a gap."""
    if isinstance(ours, str):
        gap = Gap(f"the catalogue has no {ours}; pip install 'tinykit[cloud]' brings 215 zones")
        ours = Cited(ours, within=within, stance="attributional", otherwise=gap)
    return Cited(own, within=within, stance="attributional", otherwise=ours)


def _mix(code: str) -> tuple[float, float | None, str] | Refused | None:
    """kgCO2e and litres a kWh, and the source; None without ecologits, and it has not every code.

    The litres are None where ecologits warns that the world's stand there: of 165 zones, in 0.11.3.
    """
    try:
        from ecologits.electricity_mix_repository import electricity_mixes
    except ImportError:
        return None
    from importlib.metadata import version

    found = electricity_mixes.find_electricity_mix(code)
    if found is None:
        return Refused(
            f"ecologits has no electricity mix of '{code}'.",
            f"--grid with another zone; or a row grid.{code}.average of your own (--catalog). {_CODES}",
            "GRID_ZONE",
        )
    is_the_worlds = any(warning.code == "electricity-mix-wue-world" for warning in found.warnings)
    litres = None if is_the_worlds else float(found.wue)
    return float(found.gwp), litres, f"ecologits {version('ecologits')} electricity mixes, {code}"
