"""The meter of ``tinykit emulate``: its options, and the file it leaves beside its port."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tinykit.bench.clock_file import CLOCK
from tinykit.bench.rig_errors import BOARD_CLOCK, declare
from tinykit.bench.rig_job import ERRORS, FAULTS, USUAL_ERRORS, MeterName, RigJob
from tinykit.boards import Board
from tinykit.errors import InputError, OutputError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

FILE = "emulator.json"
_STATES = ("active", "idle", "sleep", "uart")
_WATTS = {"W": 1.0, "mW": 1e-3, "uW": 1e-6, "µW": 1e-6, "nW": 1e-9}
_MOST_W = 10.0


def read_rig(
    *,
    meter: MeterName | None,
    powers: Sequence[str],
    errors: str | None,
    faults: str | None,
    truth: Path | None,
    seed: int | None,
) -> RigJob | None:
    """The options as a job without its port; None without a meter. Raises UsageError."""
    if meter is None:
        if powers or errors is not None or faults is not None or truth is not None or seed is not None:
            raise UsageError(
                "--power, --errors, --faults, --truth and --seed describe an emulated meter.",
                hint="give --meter ppk2 or --meter lpm01a with them.",
            )
        return None
    return RigJob(
        meter=meter,
        port="",
        seed=secrets.randbits(63) if seed is None else seed,
        truth="" if truth is None else str(truth.absolute()),
        powers_w=tuple(_power(text) for text in powers),
        errors=USUAL_ERRORS if errors is None else _names(errors, "errors", ERRORS),
        faults=() if faults is None else _names(faults, "faults", FAULTS),
    )


def names_document() -> dict[str, object]:
    """The document ``tinykit.emulate``, event "names": what --errors and --faults can be given."""
    return {
        "schema": "tinykit.emulate",
        "schema_version": 1,
        "event": "names",
        "errors": dict(ERRORS),
        "usual_errors": list(USUAL_ERRORS),
        "faults": dict(FAULTS),
    }


def names_view() -> Table:
    """The same for people."""
    from tinykit.console import table

    errors = [("--errors", name, f"{what}{_usual(name)}") for name, what in ERRORS.items()]
    return table(["option", "name", "what it is"], [*errors, *(("--faults", *one) for one in FAULTS.items())])


def _usual(name: str) -> str:
    return " (usual)" if name in USUAL_ERRORS else ""


def _names(text: str, option: str, known: dict[str, str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip() not in ("", "none"))
    for name in names:
        if name not in known:
            raise UsageError(
                f"--{option} knows no '{name}'.",
                hint="; ".join(f"{key}: {what}" for key, what in known.items()) + ".",
            )
    return names


def _power(text: str) -> tuple[str, float]:
    found = re.fullmatch(r"(\w+)=([0-9.eE+-]+) ?([munµ]?W)", text)
    try:
        if found is None or found[1] not in _STATES:
            raise ValueError
        watts = float(found[2]) * _WATTS[found[3]]
        if not 0 <= watts <= _MOST_W:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--power does not understand '{text}'.",
            hint=f"write STATE=POWER, as active=45mW; the states are {', '.join(_STATES)}.",
        ) from None
    return found[1], watts


@contextmanager
def described(folder: Path | None, rig: RigJob | None, board: Board, pace: str, elf: Path) -> Iterator[None]:
    """For the length of the ``with``, say in ``folder`` what is emulated. Raises OutputError."""
    if folder is None or rig is None:
        yield
        return
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(description(rig, board, pace, elf), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", hint="name another folder."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        (folder / CLOCK).unlink(missing_ok=True)


def _unit(rig: RigJob) -> str:
    """A name for this unit: two with other errors must not pass for one, whose errors would cancel."""
    return hashlib.sha256(f"unit {rig.seed}".encode()).hexdigest()[:8]


def description(rig: RigJob, board: Board, pace: str, elf: Path) -> dict[str, object]:
    """The document ``tinykit.emulator``: distributions only, never what was drawn from them.

    ``hashes`` are those that the image ``elf`` can announce; none where it is not tinykit's.
    """
    from tinykit.lab.firmware import announced_hashes

    try:
        hashes = sorted(announced_hashes(elf))
    except InputError:
        hashes = []
    return {
        "schema": "tinykit.emulator",
        "schema_version": 1,
        "simulated": True,
        "board": board.name,
        "baud": board.uart.energy_baud,
        "meter": rig.meter,
        "pace": pace,
        "hashes": hashes,
        "clock_tolerance": 2 * BOARD_CLOCK if "clock" in rig.errors else 1e-6,
        "calibration": {**declare(rig.meter, rig.errors), "instrument": f"{rig.meter}#emulated-{_unit(rig)}"},
    }
