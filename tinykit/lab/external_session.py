"""A session with a firmware that tinykit does not drive: it is watched until its pins have said enough."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tinykit import __version__
from tinykit.errors import InputError, RecordingError, UsageError
from tinykit.lab.analysis import Known
from tinykit.lab.emulation import Emulation, find_emulation
from tinykit.lab.external import Marks, analyse_external
from tinykit.lab.finish import finish
from tinykit.lab.line_watch import LineWatch
from tinykit.lab.manifest import claim_folder
from tinykit.lab.opened import prepare_meter
from tinykit.lab.options import MeasureOptions, calibration_of
from tinykit.lab.recorder import Recorder, recorded_files
from tinykit.lab.report import SessionReport
from tinykit.lab.start import START, Start, write_start
from tinykit.meters.meter import Meter, MeterPort, MeterSetup, OpenMeter
from tinykit.meters.registry import find_meter
from tinykit.progress import SILENT, Progress

EARLY_S = 4.0
"""After so long without an edge the user is told."""
PATIENCE_S = 60.0
"""After so long there is none to come, unless the user asked for a longer time."""
_LOOK_S = 0.05

Ended = Literal["windows", "seconds", "user"]


@dataclass(frozen=True)
class Watch:
    """What is waited for: ``windows`` (cycles, where there are phases), or ``seconds``, or the user's Ctrl-C.

    ``model`` names what runs; nothing looks at it. ``short_asked``: windows under 10 s are meant.
    """

    marks: Marks
    windows: int | None = 5
    seconds: float | None = None
    short_asked: bool = False
    model: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """The manifest's entry "external"."""
        return {**self.marks.to_dict(), "windows": self.windows, "seconds": self.seconds}


@dataclass(frozen=True)
class _Open:
    meter: Meter
    device: OpenMeter
    setup: MeterSetup
    emulation: Emulation | None
    simulated: bool


def measure_external(
    watch: Watch, port: MeterPort, options: MeasureOptions, progress: Progress = SILENT
) -> SessionReport:
    """Record until ``watch`` is satisfied, then analyse; everything is in ``options.out``, the manifest last.

    KeyboardInterrupt ends the recording in order. Raises UsageError, MeterError, OutputError; RecordingError,
    codes MARKER_LINE, MARKER_MISSING and PHASES_MISSING, where the lines say nothing: the raw data stay.
    """
    started = time.time()
    lines = needed_lines(watch.marks, find_meter(port.meter), options.rate_hz)
    claim_folder(options.out)
    with _opened(port, options) as rig:
        known = _known(rig, watch, options, started)
        facts = _facts(rig, watch, options, started)
        write_start(options.out, Start(known, facts, options.line))
        keeps_time = rig.emulation is None or rig.emulation.keeps_time
        looking = LineWatch(watch.marks, lines, _rate_hz(rig))
        with Recorder(
            options.out,
            rig.meter,
            rig.device,
            rig.setup,
            keeps_time=keeps_time,
            clock=None if rig.emulation is None else rig.emulation.clock,
            look=looking.feed,
        ) as recorder:
            ended = _wait(recorder, looking, watch, _rate_hz(rig), progress)
            recorder.event("ended", why=ended, done=looking.done)
            recorder.stop()
    progress.start("Analysing the recording")
    facts["external"]["ended"] = ended
    if ended != "user":
        known = replace(known, complete=True)
    analysis = analyse_external(options.out, facts["external"], known)
    progress.finish()
    return finish(options.out, facts, known, analysis, [*recorded_files(options.out), START])


def needed_lines(marks: Marks, meter: Meter, rate_hz: float | None) -> tuple[str, ...]:
    """The meter's lines. Raises UsageError, codes METER_LINE and MARKER_LEVEL, where they do not serve."""
    can = meter.capabilities
    # Left to itself, a meter that has lines takes a rate at which it has them.
    lines = can.digital_lines if rate_hz is None else can.lines_at(rate_hz)
    rate = "" if rate_hz is None else f" at {rate_hz:g} Hz"
    for name in (marks.marker,) if marks.phases is None else marks.phases.lines:
        if name not in lines:
            raise UsageError(
                f"{meter.title} has no line {name}{rate}.",
                hint=f"its lines: {', '.join(lines) or 'none'}.",
                code="METER_LINE",
            )
    if can.sees == "falls" and (marks.phases is not None or marks.level != "pulses"):
        raise UsageError(
            f"{meter.title} sees falling edges only: it cannot tell how long a line is high.",
            hint="let the pin pulse at both ends of a window and give --level pulses, or take another meter.",
            code="MARKER_LEVEL",
        )
    return lines


@contextmanager
def _opened(port: MeterPort, options: MeasureOptions) -> Iterator[_Open]:
    meter = find_meter(port.meter)
    emulation = find_emulation(port.port)
    with closing(meter.open(port.port)) as device:
        setup = prepare_meter(meter, device, options, emulation)
        simulated = emulation is not None or setup.instrument.emulated
        yield _Open(meter, device, setup, emulation, simulated)


def _rate_hz(rig: _Open) -> float:
    return rig.setup.settings.rate_hz or rig.meter.capabilities.rates_hz[-1]


def _wait(recorder: Recorder, looking: LineWatch, watch: Watch, rate_hz: float, progress: Progress) -> Ended:
    """Until enough was seen. Raises RecordingError, code MARKER_MISSING, where no line ever moves."""
    what = "windows" if watch.marks.phases is None else "cycles"
    progress.start(f"Watching the pins: {what}; Ctrl-C ends it", watch.windows)
    told, seen = False, 0
    patience_s = max(PATIENCE_S, watch.seconds or 0.0)
    try:
        while True:
            recorder.check()
            # The meter's own time: an emulated one may be slower or faster than the wall's.
            passed_s, done = looking.samples / rate_hz, looking.done
            progress.advance(done - seen)
            seen = done
            if watch.windows is not None and done >= watch.windows:
                ended: Ended = "windows"
                break
            if watch.seconds is not None and passed_s >= watch.seconds:
                ended = "seconds"
                break
            if not told and passed_s > EARLY_S and not looking.has_moved:
                told = True
                progress.warn("MARKER_MISSING", *_advice(looking, watch.marks, passed_s))
            if passed_s > patience_s and not looking.has_moved:
                raise missing(looking, watch.marks, passed_s)
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        ended = "user"
    live = "" if recorder.live_w is None else f", {recorder.live_w * 1e3:.3g} mW in the meter's last second"
    progress.finish(f"{looking.done} {what} in {looking.samples / rate_hz:.4g} s{live}")
    return ended


def _advice(looking: LineWatch, marks: Marks, passed_s: float) -> tuple[str, str]:
    names = (marks.marker,) if marks.phases is None else marks.phases.lines
    what = f"No edge on {', '.join(names)} for {passed_s:.0f} s"
    others = [name for name in looking.moved if name not in names]
    if others:
        option = "--line" if marks.phases is None else "'lines' in the map"
        moves = "moves" if len(others) == 1 else "move"
        return f"{what}, but {', '.join(others)} {moves}.", f"{option} says which line is meant."
    return (
        f"{what}.",
        "wire the pin and ground to the meter's logic port, whose own VCC wants the board's voltage; does the"
        " firmware run, and make its pin an output? Ctrl-C ends the recording.",
    )


def missing(looking: LineWatch, marks: Marks, passed_s: float) -> RecordingError:
    """No line that counts has moved."""
    message, hint = _advice(looking, marks, passed_s)
    return RecordingError(message, hint=hint, code="MARKER_MISSING")


def _known(rig: _Open, watch: Watch, options: MeasureOptions, started: float) -> Known:
    calibration = calibration_of(rig.meter, rig.setup, options, rig.emulation)
    return Known(
        calibration=calibration,
        session=f"session {options.out.name} {started:.0f}",
        simulated=rig.simulated,
        guard_s=0.0,
        clock_tolerance=None,
        short_asked=watch.short_asked,
    )


def _facts(rig: _Open, watch: Watch, options: MeasureOptions, started: float) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "started_unix_s": started,
        "tinykit": __version__,
        "external": watch.to_dict(),
        "board": {
            "ran_on": "external",
            "text": "a firmware of its own, told by its pins",
            "name": "",
            "firmware_sha256": "",
        },
        "meter": rig.setup.to_dict(),
        "emulation": None if rig.emulation is None else _emulated(rig.emulation),
        "marker_line": options.line,
        "notes": options.notes,
    }
    if watch.model is not None:
        facts["model"] = {"name": watch.model.name, "sha256": _sha256(watch.model)}
    return facts


def _emulated(emulation: Emulation) -> dict[str, str]:
    return {key: value for key, value in asdict(emulation).items() if key in ("board", "meter")}


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", hint="name the model's file."
        ) from error
