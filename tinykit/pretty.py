"""Numbers as people read them: digits that agree with the uncertainty, prefixes, bytes, times.

SI values come in and text goes out; nothing here prints. A number that carries its uncertainty shows
two significant digits of it and stops where it stops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinykit.estimate import Estimate

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_PREFIXED_UNITS = frozenset({"J", "W", "A", "V", "s", "Hz", "C", "F", "Ohm", "g", "gCO2e", "L", "Wh"})


def format_estimate(estimate: Estimate, *, percent: bool = False, with_kind: bool = False) -> str:
    """``12.34 ± 0.10 µJ``: the value and the half width of its 95 % interval, in one prefix.

    An interval that is not symmetric at the shown digits is written out: ``12.3 [11.9, 13.4] µJ``.
    ``percent`` shows a dimensionless value times 100. Without an influence the value stands alone.
    """
    low, high = estimate.interval()
    reach = max(abs(estimate.value), high - estimate.value, estimate.value - low)
    exponent, unit = (-2, "%") if percent else _prefix(reach, estimate.unit)
    scale = 10.0**-exponent
    value, low, high = estimate.value * scale, low * scale, high * scale
    below, above = value - low, high - value
    if max(below, above) <= 0.0:
        text = f"{value:.6g}"
    else:
        decimals = decimals_for(max(below, above))
        spread = _fixed(max(below, above), decimals)
        if _fixed(below, decimals) == _fixed(above, decimals):
            text = f"{_fixed(value, decimals)} ± {spread}"
        else:
            text = f"{_fixed(value, decimals)} [{_fixed(low, decimals)}, {_fixed(high, decimals)}]"
    suffix = "" if unit == "1" else f" {unit}"
    return f"{text}{suffix}" + (f" ({estimate.kind})" if with_kind else "")


def format_interval(value: float, low: float, high: float, unit: str) -> str:
    """``0.77 [0.33, 2.86] kJ``: a value and its interval in one prefix; the value may lie outside.

    Two significant digits of the shorter side, and at most four of the whole.
    """
    reach = max(abs(value), abs(low), abs(high))
    exponent, unit = _prefix(reach, unit)
    scale = 10.0**-exponent
    sides = [side * scale for side in (abs(value - low), abs(high - value)) if side > 0.0]
    suffix = "" if unit == "1" else f" {unit}"
    if not sides:
        return f"{value * scale:.4g}{suffix}"
    decimals = min(decimals_for(min(sides)), decimals_for(reach * scale) + 2)
    shown = [_fixed(one * scale, decimals) for one in (value, low, high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]{suffix}"


def decimals_for(uncertainty: float) -> int:
    """How many decimals show ``uncertainty`` (> 0) with two significant digits; -1 rounds to tens, and so on.

    Counted after rounding, so that 0.0996 is 0.10 and not 0.100.
    """
    return 1 - int(f"{uncertainty:.1e}".split("e")[1])


def format_bytes(size_bytes: float) -> str:
    """``812 B``, ``53.9 kB``, ``1.20 MB``: decimal prefixes, as flash and RAM are sold in both."""
    for limit, divisor, unit in ((1e3, 1.0, "B"), (1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (math.inf, 1e9, "GB")):
        if abs(size_bytes) < limit * 0.9995 or math.isinf(limit):
            number = size_bytes / divisor
            if unit == "B":
                return f"{number:.0f} B"
            return f"{number:.{2 if abs(number) < 9.995 else 1}f} {unit}"
    raise AssertionError("unreachable: the last limit is infinite")


def format_count(count: int) -> str:
    """``2,656,768``."""
    return f"{count:,}"


def format_shape(shape: Sequence[int]) -> str:
    """``1×96×96×3``; a dimension below 0 is open: ``?×10``. A single number has no dimensions: ""."""
    return "×".join("?" if n < 0 else str(n) for n in shape)


def format_duration(seconds: float) -> str:
    """``850 µs``, ``12.4 ms``, ``3.2 s``, ``2 min 05 s``, ``1 h 12 min``."""
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_si(value: float, unit: str, digits: int = 3) -> str:
    """A number without an uncertainty, in one prefix: ``4.32 mJ``."""
    exponent, shown_unit = _prefix(value, unit)
    suffix = "" if shown_unit == "1" else f" {shown_unit}"
    return f"{value * 10.0**-exponent:.{digits}g}{suffix}"


def _prefix(value: float, unit: str) -> tuple[int, str]:
    """The power of ten and the prefixed unit in which ``value`` has one to three digits before the point."""
    head = unit.split("/", 1)[0].split("·", 1)[0]
    if head not in _PREFIXED_UNITS or value == 0.0:
        return 0, unit
    exponent = 3 * (int(f"{value:.2e}".split("e")[1]) // 3)
    exponent = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    return exponent, f"{_PREFIXES[exponent]}{unit}"


def _fixed(value: float, decimals: int) -> str:
    text = f"{round(value, decimals):.{max(0, decimals)}f}"
    return text[1:] if text.startswith("-") and float(text) == 0.0 else text
