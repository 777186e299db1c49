"""What is wrong with an emulated rig: declared by distribution, drawn once, told to nobody who measures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinykit.bench.meters.powershield_model import ShieldErrors
from tinykit.bench.meters.powershield_tolerances import ShieldTolerances
from tinykit.bench.meters.ppk2 import Ppk2Errors
from tinykit.bench.meters.ppk2_tolerances import Ppk2Tolerances
from tinykit.bench.meters.ppk2_units import RANGES
from tinykit.bench.rig_job import MeterName

BOARD_CLOCK = 100e-6
"""The board's clock is right within this, relative: two ordinary crystals and their temperature."""
_SKEW_S = 2e-6
_DRIFT = 5e-4
_DECOUPLING_S = 100e-6


@dataclass(frozen=True)
class RigErrors:
    """One rig's own: clocks relative to the true rate, the marker's delay, the gain's drift by the end of an
    hour, the time constant at the board's supply, whether its converter pulses.
    """

    board_clock: float = 0.0
    skew_s: float = 0.0
    drift: float = 0.0
    decoupling_s: float = 0.0
    pulses: bool = False


def draw_rig(names: Collection[str], seed: int) -> RigErrors:
    """The errors ``names`` (see `rig_job.ERRORS`) of one rig, apart from its meter's."""
    rng = np.random.default_rng([seed, 1])
    board_clock, skew_s, drift = (
        width * float(rng.uniform(-1.0, 1.0)) if name in names else 0.0
        for name, width in (("clock", BOARD_CLOCK), ("skew", _SKEW_S), ("drift", _DRIFT))
    )
    decoupling_s = _DECOUPLING_S if "decoupling" in names else 0.0
    return RigErrors(board_clock, skew_s, drift, decoupling_s, "dcdc" in names)


def draw_ppk2(names: Collection[str], seed: int) -> Ppk2Errors:
    """The errors ``names`` of one PPK2."""
    noise_lsb = 0.5 if "noise" in names else 0.0
    return _ppk2(names).draw(seed, noise_lsb, garbage=1 if "garbage" in names else 0)


def draw_shield(names: Collection[str], seed: int) -> ShieldErrors:
    """The errors ``names`` of one LPM01A."""
    return _shield(names).draw(seed)


def declare(meter: MeterName, names: Collection[str]) -> dict[str, Any]:
    """The tolerances that the meter's errors are drawn from: a ``tinykit.calibration`` of version 1."""
    instrument = f"{meter}#emulated"
    tolerances = _ppk2(names) if meter == "ppk2" else _shield(names)
    document = tolerances.to_calibration(instrument)
    if "skew" in names:
        document["terms"].append(_rectangular("skew", "s", _SKEW_S))
    if "drift" in names:
        document["terms"].append(_rectangular("temperature", "1", _DRIFT))
    return document


def _rectangular(quantity: str, unit: str, half_width: float) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "unit": unit,
        "distribution": "rectangular",
        "half_width": half_width,
        "range": None,
        "dof": None,
    }


def _ppk2(names: Collection[str]) -> Ppk2Tolerances:
    usual = Ppk2Tolerances()
    none = (0.0,) * RANGES
    return Ppk2Tolerances(
        gain=usual.gain if "gain" in names else none,
        offset_a=usual.offset_a if "offset" in names else none,
        voltage=usual.voltage if "voltage" in names else 0.0,
        timebase=usual.timebase if "clock" in names else 0.0,
    )


def _shield(names: Collection[str]) -> ShieldTolerances:
    off = {
        "gain": "gain",
        "offset": "offset_a",
        "voltage": "voltage",
        "clock": "timebase",
        "noise": "noise_a",
    }
    return replace(ShieldTolerances(), **{key: 0.0 for name, key in off.items() if name not in names})
