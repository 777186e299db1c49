"""A scenario's keys and quantities as a newcomer reads them: the words of pictures, tables and sentences."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from tinykit.comparison.lines import fields
from tinykit.pretty import format_si

_CLAUSES: Mapping[str, tuple[str, str]] = {
    "service.report_share": ("the share of decisions that is reported", "were"),
    "service.payload_bytes": ("an input", "had"),
    "service.events_per_day": ("the number of decisions", "were"),
    "cloud.requests_per_s": ("the load of its server", "were"),
    "radio.batch_most": ("the messages of one connection", "were"),
    "edge.inference_j": ("one inference", "cost"),
    "edge.recall": ("the recall of the edge's model", "were"),
    "grid.device_g_per_j": ("electricity where the device is", "had"),
    "grid.cloud_g_per_j": ("electricity of the data centre", "had"),
    "device.life_years": ("the device", "lasted"),
    "edge.increment_g": ("making what inferring adds to the device", "cost"),
    "edge.price_usd": ("the device that infers", "cost"),
}
"""Of break-evens: what, and the verb before a quantity. Of any other key, `label` and "were"."""
_LABELS: Mapping[str, str] = {
    "edge.inference_j": "edge: joules of one inference",
    "edge.inference_s": "edge: seconds of one inference",
    "device.sleep_w": "device: power asleep",
    "device.boot_j": "device: joules of waking and booting",
    "radio.connection_j": "radio: joules of one connection",
    "radio.byte_j": "radio: joules of one more byte",
    "radio.associated_w": "radio: power while it stays connected",
    "network.byte_j": "network: joules of one byte",
    "cloud.power_w": "data centre: power of a server at work",
    "cloud.busy_s": "data centre: seconds of one inference",
    "cloud.floor_w": "data centre: power of a server that waits",
    "cloud.travel": "data centre: how far a published run is from yours",
    "cloud.pue": "data centre: cooling and conversion (PUE)",
    "grid.device_g_per_j": "electricity of the device: carbon",
    "grid.network_g_per_j": "electricity of the network: carbon",
    "grid.cloud_g_per_j": "electricity of the data centre: carbon",
    "supply.usable": "cells: share of their energy that is usable",
    "supply.pack_g_per_j": "cells: carbon of making them",
}
"""Shorter than the scenario's own help, for those that pictures show most."""
_REAL = {"were": "is", "had": "has", "cost": "costs", "lasted": "lasts"}
_UNITS: Mapping[str, str] = {"B": "bytes", "1/day": "a day", "1/s": "a second", "year": "years", "USD": "USD"}
_GROUPS: Mapping[str, str] = {
    "grid": "electricity",
    "cloud": "data centre",
    "node": "device",
    "supply": "cells",
}
_CASES = ("States: ", "On-premises: ", "Attributional: ", "Consequential: ", "Power model: ", "LoRaWAN: ")
_J_PER_KWH = 3.6e6
_LONGEST = 56


def label(key: str) -> str:
    """``key`` in words: whose it is, and what. The key itself where it is none of the scenario's."""
    if key in _LABELS:
        return _LABELS[key]
    field = fields().get(key)
    if field is None:
        return key
    group, what = key.partition(".")[0], field.help.rstrip(".")
    for case in _CASES:
        what = what.removeprefix(case)
    text = f"{_GROUPS.get(group, group)}: {what[:1].lower()}{what[1:]}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip(' ,.:')}…"


def bar_label(bar: str, influences: Mapping[str, Collection[str]]) -> tuple[str, tuple[str, ...]]:
    """A tornado's bar in words, and the keys that it moves: its own, or all that share its influence.

    ``influences`` are the names of each key's.
    """
    keys = (
        (bar,) if bar in influences else tuple(key for key, names in influences.items() if {*names} == {bar})
    )
    if not keys:
        return bar, (bar,)
    more = f", and {len(keys) - 1} more" if len(keys) > 1 else ""
    return label(keys[0]) + more, keys


TORNADO_HEADS = (
    "figure",
    ">its low end",
    ">its high end",
    ">edge saves at its low",
    ">edge saves at its high",
    "key",
)


def tornado_row(
    key: str,
    ends: tuple[float, float],
    saves: tuple[float, float],
    unit: str,
    influences: Mapping[str, Collection[str]],
    units: Mapping[str, str],
) -> tuple[str, ...]:
    """A bar under `TORNADO_HEADS`: words, ``ends`` in its first key's unit, what the edge ``saves`` there."""
    words, keys = bar_label(key, influences)
    of_key = (quantity(end, units.get(keys[0], "1")) for end in ends)
    return (words, *of_key, *(format_si(one, unit, 4) for one in saves), key)


def quantity(value: float, unit: str) -> str:
    """``value`` with its unit as people say it: grams a kilowatt-hour, bytes, percent."""
    if unit == "1":
        return f"{value:.3g}"
    if unit == "g/J":
        return f"{_plain(value * _J_PER_KWH)} gCO2e/kWh"
    if unit in _UNITS:
        return f"{_plain(value)} {_UNITS[unit]}"
    return format_si(value, unit)


def clause(key: str, how: str, *, real: bool = False) -> str:
    """``one inference cost more than 0.7 J``: ``key``, its verb, and ``how`` much; ``real``: it is so now."""
    what, verb = _CLAUSES.get(key, (label(key), "were"))
    return f"{what} {_REAL[verb] if real else verb} {how}"


def factor(value: float, now: float, unit: str) -> str:
    """``value`` by what the figure is ``now``: how far away a break-even is."""
    if now <= 0.0 or not math.isfinite(value / now):
        return f"it is {quantity(now, unit)}"
    times = value / now
    told = f"{times:.1%} of what it is" if times < 0.1 else f"{_plain(times, 2)} times what it is"
    return f"{told}: {quantity(now, unit)}"


def _plain(value: float, digits: int = 3) -> str:
    """``23,000``, ``0.69``: so many digits, and never a power of ten below a billion."""
    if not 1e-4 <= abs(value) < 1e9:
        return f"{value:.{digits}g}"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"
