"""What an emulated PowerShield is, what is wrong with it, and how its command line writes numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tinykit.bench.meters.powershield_stream import Losses

RATES_HZ = (1e5, 5e4, 2e4, 1e4, 5e3, 2e3, 1e3, 500.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0)
OVERCURRENT_A = 0.05
_SUFFIX = {"u": 1e-6, "m": 1e-3, "k": 1e3, "": 1.0}


@dataclass(frozen=True)
class ShieldModel:
    """What differs between the two meters that speak PowerShield."""

    take: str
    name: str
    binary: str
    volts: tuple[float, float]
    has_events: bool
    has_energy: bool


LPM01A = ShieldModel("htc", "540619864-1110659081-4784204", "bin_hexa", (1.8, 3.3), True, True)
V3PWR = ShieldModel("power_monitor", "STLINK-V3PWR", "bin_hex", (1.6, 3.6), False, False)


@dataclass(frozen=True)
class ShieldErrors:
    """What is wrong with this one: drawn once by whoever emulates, never told to whoever measures.

    A current is seen as ``gain`` × true + ``offset_a`` + noise of ``noise_a`` (1 s.d., a sample);
    the output has ``voltage_gain`` × what was set; the clock is ``clock_ppm`` fast.
    """

    gain: float = 1.0
    offset_a: float = 0.0
    noise_a: float = 0.0
    voltage_gain: float = 1.0
    clock_ppm: float = 0.0


@dataclass(frozen=True)
class ShieldFaults:
    """What goes wrong. ``stale`` lies in the queue before the first command; ``error_detail`` is the second
    line of an error, which real firmware may leave out; a ``silent`` shield answers nothing; ``mute_stop``
    forgets to say that an acquisition is over.
    """

    stale: bytes = b""
    silent: bool = False
    error_detail: bool = True
    mute_stop: bool = False
    losses: Losses = field(default_factory=Losses)


class RefusedError(Exception):
    """A command the shield does not carry out; the text is its detail."""


def choice(value: str, *allowed: str) -> str:
    """``value``, which must be one of ``allowed``. Raises RefusedError."""
    if value not in allowed:
        raise RefusedError(f"one of: {' '.join(allowed)}")
    return value


def version(text: str) -> tuple[int, ...]:
    """``1.0.6`` as numbers that can be compared."""
    return tuple(int(part) for part in text.split("."))


def number(text: str) -> float:
    """The value of ``2000``, ``2k``, ``2+3``, ``2m``, ``2-3`` or ``100u``. Raises RefusedError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:([umk])|([+-]\d+))?", text)
    if found is None:
        raise RefusedError(f"'{text}' is not a number")
    scale = 10.0 ** int(found[3]) if found[3] else _SUFFIX[found[2] or ""]
    return round(float(found[1]) * scale, 9)
