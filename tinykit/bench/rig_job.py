"""What an emulated board's meter is asked to be: crosses the process's border inside a `ServeJob`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MeterName = Literal["ppk2", "lpm01a"]
METERS: tuple[MeterName, ...] = ("ppk2", "lpm01a")

ERRORS = {
    "gain": "gain errors, range by range",
    "offset": "offset currents, range by range",
    "voltage": "an output voltage that is not quite what was set",
    "clock": "wrong clocks, of the meter and of the board",
    "noise": "noise on every sample",
    "garbage": "a wrong sample after a change of range",
    "skew": "a marker that comes early or late against the current",
    "drift": "a gain that drifts",
    "decoupling": "a capacitor at the board's supply",
    "dcdc": "a converter that draws its current in pulses",
}
"""What can be wrong with an emulated rig in daily life, by name."""
USUAL_ERRORS = tuple(name for name in ERRORS if name != "dcdc")

FAULTS = {
    "lost-samples": "37 samples in 20,000 are lost",
    "lost-64": "64 samples in 20,000 are lost, which a 6-bit counter does not show",
    "late-marker": "the marker rises 20 ms late",
    "double-marker": "the marker bounces once more after a window",
    "brown-out": "the supply fails for 20 ms in a window",
    "unplugged": "the meter is unplugged in a window",
    "board-reset": "the board resets in a window",
    "saturation": "the current leaves the meter's range in a window",
    "no-voltage": "the board gets no voltage",
    "back-powered": "a data line feeds the board, whatever the meter's output does",
}
"""What can go wrong, by name."""


@dataclass(frozen=True)
class RigJob:
    """The meter on ``port`` ("pty:LINK" or "tcp:HOST:PORT") that feeds the board and watches its marker.

    ``powers_w`` replaces the board file's watts by state. ``errors`` and ``faults`` are names of `ERRORS` and
    `FAULTS`; how large the errors are is drawn from their declared distributions by ``seed``. ``truth`` is a
    file for the true energy of every window, "" for none; ``clock`` one for the meter's own time (see
    `clock_file`).
    """

    meter: MeterName
    port: str
    seed: int
    truth: str = ""
    clock: str = ""
    powers_w: tuple[tuple[str, float], ...] = ()
    errors: tuple[str, ...] = USUAL_ERRORS
    faults: tuple[str, ...] = ()
