"""Whether a meter's port belongs to an emulator, and what that says of itself.

Beside its ports an emulator leaves ``emulator.json``: what is emulated, and the tolerances its errors were
drawn from. The drawn values are in no file that this side reads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tinykit.errors import InputError
from tinykit.lab.calibration import Calibration, parse_calibration
from tinykit.lab.emulator_clock import CLOCK

FILE = "emulator.json"
SCHEMA = "tinykit.emulator"
_MAX_BYTES = 256 * 1024
_NOMINAL_TOLERANCE = 0.005
"""Of a board's clock whose file says nothing: no crystal is so bad, and an RC oscillator may be."""


@dataclass(frozen=True)
class Emulation:
    """What ``emulator.json`` says: the board and the meter that are emulated, and the meter's tolerances.

    ``clock_tolerance`` is that of the board's clock, relative. ``keeps_time``: its clock is the wall's.
    ``baud`` is the board's line, None where the file does not say. ``clock`` is the file in which it declares
    its own time (see `tinykit.lab.emulator_clock`); ``hashes`` are those that its image can announce.
    """

    board: str
    meter: str
    calibration: Calibration
    clock_tolerance: float | None
    keeps_time: bool = True
    baud: int | None = None
    clock: Path | None = None
    hashes: frozenset[str] = frozenset()


def find_emulation(port: str) -> Emulation | None:
    """The emulator whose port this is, by the file beside it; None for a real one.

    Raises InputError, code EMULATOR_FILE, for a file that is not sound: guessing would lose the stamp.
    """
    if "://" in port:
        return None
    path = Path(port).parent / FILE
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA or document["schema_version"] != 1:
            raise ValueError("it is not an emulator's file of version 1")
        tolerance = document["clock_tolerance"]
        return Emulation(
            board=str(document["board"]),
            meter=str(document["meter"]),
            calibration=parse_calibration(document["calibration"], str(path)),
            clock_tolerance=None if tolerance is None else float(tolerance),
            keeps_time=document.get("pace", "real") == "real",
            baud=None if document.get("baud") is None else int(document["baud"]),
            clock=clock if (clock := path.with_name(CLOCK)).is_file() else None,
            hashes=frozenset(str(one) for one in document.get("hashes", ())),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is refused: {error}.",
            hint="start tinykit emulate again; it writes the file.",
            code="EMULATOR_FILE",
        ) from error


def clock_tolerance(emulation: Emulation | None) -> float:
    """Of the board's clock, relative: what the emulator declares, else what a session may be off at most."""
    if emulation is not None and emulation.clock_tolerance is not None:
        return emulation.clock_tolerance
    return _NOMINAL_TOLERANCE
