"""What watching a firmware's pins will do, before it does anything, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinykit.errors import TinykitError
from tinykit.lab.emulation import Emulation, find_emulation
from tinykit.lab.external_session import Watch, needed_lines
from tinykit.lab.options import MeasureOptions, planned_calibration
from tinykit.lab.plan import Plan, interval_widths, is_absent, said
from tinykit.meters.meter import Meter, MeterPort
from tinykit.meters.registry import find_meter


@dataclass(frozen=True)
class WatchPlan(Plan):
    """How it is meant to go. ``best``, ``worst`` and ``is_bound`` as in `SessionPlan`.

    ``names`` are the phases of a map, empty where one line marks windows.
    """

    SCHEMA = "tinykit.watch_plan"
    meter: str
    lines: tuple[str, ...]
    names: tuple[str, ...]
    inferences: int | None
    ends: str
    calibration: str
    best: float | None
    worst: float | None
    is_bound: bool
    simulated: bool
    notes: tuple[str, ...]


def plan_watch(watch: Watch, port: MeterPort, options: MeasureOptions) -> WatchPlan:
    """The plan of what `measure_external` would do; no device is touched.

    Raises UsageError for a meter that nobody knows.
    """
    meter = find_meter(port.meter)
    emulation = find_emulation(port.port)
    missing = list(_missing(meter, watch, port, options))
    calibration = None
    try:
        calibration = planned_calibration(meter, options, emulation)
    except TinykitError as error:
        missing.append(said(error))
    widths = interval_widths(calibration)
    coding = watch.marks.phases
    return WatchPlan(
        meter=meter.title if emulation is None else f"{meter.title} (emulated)",
        lines=(watch.marks.marker,) if coding is None else coding.lines,
        names=() if coding is None else coding.names,
        inferences=watch.marks.inferences,
        ends=_ends(watch),
        calibration="" if calibration is None else calibration.source,
        best=min(widths) if widths else None,
        worst=max(widths) if widths else None,
        is_bound=calibration is not None and calibration.is_bound,
        simulated=emulation is not None,
        missing=tuple(missing),
        notes=tuple(_notes(watch, options, emulation)),
    )


def _ends(watch: Watch) -> str:
    what = "windows" if watch.marks.phases is None else "cycles"
    after = [] if watch.windows is None else [f"after {watch.windows} {what}"]
    after += [] if watch.seconds is None else [f"after {watch.seconds:g} s"]
    return ", ".join([*after, "with Ctrl-C"])


def _missing(meter: Meter, watch: Watch, port: MeterPort, options: MeasureOptions) -> Iterator[str]:
    try:
        options.meter_settings().check(meter.title, meter.capabilities)
    except TinykitError as error:
        yield said(error)
    try:
        needed_lines(watch.marks, meter, options.rate_hz)
    except TinykitError as error:
        yield said(error)
    if is_absent(port.port):
        yield f"there is no port {port.port}"
    if watch.model is not None and not watch.model.exists():
        yield f"there is no file {watch.model}"
    if options.out.is_dir() and any(options.out.iterdir()):
        yield f"{options.out} holds files already"


def _notes(watch: Watch, options: MeasureOptions, emulation: Emulation | None) -> Iterator[str]:
    yield "nobody looks at model, firmware, outputs and the board's clock: the verdict says not checked"
    if watch.marks.level == "pulses":
        yield "the first pulse that is seen counts as a window's beginning"
    if options.mode == "ammeter" and not options.voltage_source:
        yield "nobody says who measured the voltage: it counts as assumed"
    if emulation is not None:
        yield f"{emulation.meter} and {emulation.board} are emulated: every number is SIMULATED"
