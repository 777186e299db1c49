"""The units of the catalogue: each spelling, the unit it is calculated in, and the factor between them.

Joules, watts, seconds and metres are SI; carbon is kept in grams of CO2 equivalent, water in litres, data
in bytes, money in its own currency. What a figure is *per* is dropped where it is a count ("J/message" is
joules: the row's unit still says of what), and kept where it is a quantity (J/B, g/J).
"""

from __future__ import annotations

import difflib

from tinykit.errors import InputError

_KWH = 3.6e6
_YEAR_S = 365.25 * 86400.0
_PER_COUNT = {
    "J": ("", "inference", "image", "request", "message", "event", "exchange", "connect", "attach", "boot",
          "promotion", "frame", "handshake"),
    "W": ("", "chip", "line", "user", "server"),
    "g": ("", "prompt", "reply"),
    "kg": ("", "device", "GPU", "server", "instance", "platform", "visit"),
}  # fmt: skip

UNITS: dict[str, tuple[str, float]] = {
    **{f"J/{of}".rstrip("/"): ("J", 1.0) for of in _PER_COUNT["J"]},
    **{f"W/{of}".rstrip("/"): ("W", 1.0) for of in _PER_COUNT["W"]},
    **{f"gCO2e/{of}".rstrip("/"): ("g", 1.0) for of in _PER_COUNT["g"]},
    **{f"kgCO2e/{of}".rstrip("/"): ("g", 1e3) for of in _PER_COUNT["kg"]},
    # energy
    "mJ": ("J", 1e-3),
    "uJ": ("J", 1e-6),
    "uJ/inference": ("J", 1e-6),
    "Wh": ("J", 3600.0),
    "kWh": ("J", _KWH),
    "MWh": ("J", 1e3 * _KWH),
    "TWh": ("J", 1e9 * _KWH),
    "Wh/prompt": ("J", 3600.0),
    "Wh/query": ("J", 3600.0),
    "kWh/1000 queries": ("J", _KWH / 1e3),
    "J/token": ("J/token", 1.0),
    "J/audio-s": ("J/audio-s", 1.0),
    "Wh/token": ("J/token", 3600.0),
    "Wh/token/Gparam": ("J/token/Gparam", 3600.0),
    # power
    "mW": ("W", 1e-3),
    "uW": ("W", 1e-6),
    # energy a byte: 1 W at 1 Mbit/s is 1 J every 125,000 B
    "J/B": ("J/B", 1.0),
    "uJ/B": ("J/B", 1e-6),
    "kWh/GB": ("J/B", _KWH / 1e9),
    "W/Mbps": ("J/B", 8e-6),
    "mW/Mbps": ("J/B", 8e-9),
    "W/TB": ("W/B", 1e-12),
    # carbon
    "tCO2e": ("g", 1e6),
    "ktCO2e": ("g", 1e9),
    "gCO2e/kWh": ("g/J", 1.0 / _KWH),
    "gCO2/kWh": ("g/J", 1.0 / _KWH),
    "kgCO2e/kWh": ("g/J", 1e3 / _KWH),
    "gCO2e/GB": ("g/B", 1e-9),
    "kgCO2e/cm2": ("g/m2", 1e7),
    "kWh/cm2": ("J/m2", 1e4 * _KWH),
    # water
    "L": ("L", 1.0),
    "m3": ("L", 1e3),
    "L/kWh": ("L/J", 1.0 / _KWH),
    "mL/prompt": ("L", 1e-3),
    "mL/reply": ("L", 1e-3),
    # money
    "USD": ("USD", 1.0),
    "USD/visit": ("USD", 1.0),
    "USD/h": ("USD/s", 1.0 / 3600.0),
    "USD/kWh": ("USD/J", 1.0 / _KWH),
    "USD/MB": ("USD/B", 1e-6),
    "KRW/kWh": ("KRW/J", 1.0 / _KWH),
    # the rest
    "s": ("s", 1.0),
    "ms": ("s", 1e-3),
    "GPU-h": ("s", 3600.0),
    "1/s": ("1/s", 1.0),
    "1/year": ("1/s", 1.0 / _YEAR_S),
    "1/day": ("1/s", 1.0 / 86400.0),
    "B/year": ("B/s", 1.0 / _YEAR_S),
    "g/s": ("g/s", 1.0),
    "year": ("s", _YEAR_S),
    "Hz": ("1/s", 1.0),
    "Mbit/s": ("B/s", 1.25e5),
    "A": ("A", 1.0),
    "mA": ("A", 1e-3),
    "uA": ("A", 1e-6),
    "V": ("V", 1.0),
    "mAh": ("C", 3.6),
    "B": ("B", 1.0),
    "kg": ("kg", 1.0),
    "degC": ("degC", 1.0),
    "ratio": ("1", 1.0),
    "fraction": ("1", 1.0),
    "1": ("1", 1.0),
}  # fmt: skip
"""Spelling → (unit that is calculated in, factor): a value times the factor is in that unit."""

UNITS |= {si: (si, 1.0) for si, _ in tuple(UNITS.values()) if si not in UNITS}


def si_unit(unit: str) -> tuple[str, float]:
    """The unit that ``unit`` is calculated in, and what to multiply a value by.

    Raises InputError, code CATALOG_UNIT, for a spelling that is not in `UNITS`.
    """
    try:
        return UNITS[unit]
    except KeyError:
        near = difflib.get_close_matches(unit, UNITS, n=3, cutoff=0.5)
        like = f"did you mean {', '.join(near)}? " if near else ""
        hint = f"{like}tinykit catalog list shows the units in use."
        raise InputError(f"unknown unit {unit!r}.", hint=hint, code="CATALOG_UNIT") from None


def convert(value: float, unit: str, to: str) -> float:
    """``value`` of ``unit`` in the unit ``to``.

    Raises InputError, code CATALOG_UNIT, where either is unknown or they measure different things.
    """
    from_si, from_factor = si_unit(unit)
    to_si, to_factor = si_unit(to)
    if from_si != to_si:
        raise InputError(
            f"{unit} is not {to}: the one is calculated in {from_si}, the other in {to_si}.",
            hint="use a figure of the kind that is asked for.",
            code="CATALOG_UNIT",
        )
    return value * from_factor / to_factor
