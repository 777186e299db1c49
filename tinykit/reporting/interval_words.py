"""What an interval contains, in a line: of the same joule, a session's own is narrow, a comparison's wide."""

from __future__ import annotations

import math
from collections.abc import Mapping

_LEAST = 1e-3


def half_width(value: float, low: float, high: float) -> float:
    """Half of an interval, relative to its value; 0 where there is none."""
    return (high - low) / 2.0 / abs(value) if value else 0.0


def percent(half: float) -> str:
    """``± 1.1 %``, two digits of it."""
    return "less than ± 0.1 %" if half < _LEAST else f"± {100.0 * half:.2g} %"


def contents(influences: Mapping[str, float], half: float) -> str:
    """``the meter's errors, ± 1.1 %; …``: the parts of an interval of ± ``half``, relative; '' without one.

    ``influences``: name → standard uncertainty, of independent influences. Each part is shown at the
    interval's own coverage, so that the parts' squares add up to the square of ``half``.
    """
    squares: dict[str, float] = {}
    for name, u in influences.items():
        part = _part(name)
        squares[part] = squares.get(part, 0.0) + u * u
    whole = sum(squares.values())
    if not whole or not half:
        return ""
    parts = sorted(squares.items(), key=lambda one: -one[1])
    return "; ".join(f"{part}, {percent(half * math.sqrt(square / whole))}" for part, square in parts)


def _part(name: str) -> str:
    """Whose doubt an influence is, by the names that meters, sessions and emulators give theirs."""
    if name.startswith("emulator."):
        return "how far the emulator may be from a real chip"
    if name.startswith("session "):
        return "the windows (scatter, edges, settling)"
    if "#" in name:
        return "the meter's errors"
    return "the spread that its source states"
