"""What a session will do, before it does anything: how long, how precise at best, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from tinykit.errors import TinykitError, UsageError
from tinykit.estimate import Estimate
from tinykit.lab.calibration import Calibration
from tinykit.lab.emulation import Emulation, find_emulation
from tinykit.lab.host_session import HOST, check_host
from tinykit.lab.options import MeasureOptions, planned_calibration
from tinykit.lab.profile import check_states
from tinykit.lab.verdict import LEAST_HOST_WINDOW_S, LEAST_WINDOW_S
from tinykit.meters.meter import Meter, MeterPort
from tinykit.meters.registry import find_meter
from tinykit.running.runner import find_runner
from tinykit.running.targets import Target
from tinykit.running.workload import Workload

_TRANSFER_S = 5.0
"""A guess at what connecting, the rig check, and finding the number of inferences take."""


@dataclass(frozen=True)
class Plan:
    """What every plan has: what is ``missing`` before it can begin, in words."""

    SCHEMA: ClassVar[str]
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The document ``SCHEMA``, version 1."""
        return {"schema": self.SCHEMA, "schema_version": 1, **asdict(self)}

    def require(self) -> None:
        """Raise UsageError, code PLAN, where something is missing."""
        if self.missing:
            raise UsageError(
                f"A measurement cannot begin: {'; '.join(self.missing)}.",
                hint="--dry-run shows the whole plan.",
                code="PLAN",
            )


@dataclass(frozen=True)
class SessionPlan(Plan):
    """A session as it is meant to go.

    ``best`` and ``worst`` are relative half-widths of the 95 % interval that the meter's own errors allow, in
    its best and its worst range; what the windows' scatter adds is not known before. None where nothing is
    known of the meter. ``is_bound`` is False where they are typical figures, which give no headline.
    """

    SCHEMA = "tinykit.plan"
    model: str
    target: str
    meter: str
    windows: int
    seconds: float
    warmups: int
    states: tuple[str, ...]
    state_s: float
    total_s: float
    calibration: str
    best: float | None
    worst: float | None
    is_bound: bool
    simulated: bool
    notes: tuple[str, ...]
    period_s: float | None = None
    periods: int = 0


def plan_session(workload: Workload, target: Target, port: MeterPort, options: MeasureOptions) -> SessionPlan:
    """The plan of what `measure` would do with the same arguments; no device is touched.

    Raises UsageError for a meter, and InputError for a place, that nobody knows.
    """
    meter = find_meter(port.meter)
    find_runner(target)
    emulation = find_emulation(port.port)
    missing = list(_missing(meter, target, port, options, emulation))
    calibration = None
    try:
        calibration = planned_calibration(meter, options, emulation)
    except TinykitError as error:
        missing.append(said(error))
    widths = interval_widths(calibration)
    return SessionPlan(
        model=workload.path.name,
        target=target.name,
        meter=meter.title if emulation is None else f"{meter.title} (emulated)",
        windows=options.windows,
        seconds=options.seconds,
        warmups=options.warmups,
        states=options.states,
        state_s=options.state_s,
        total_s=options.phases().total_s() + _TRANSFER_S,
        calibration="" if calibration is None else calibration.source,
        best=min(widths) if widths else None,
        worst=max(widths) if widths else None,
        is_bound=calibration is not None and calibration.is_bound,
        simulated=emulation is not None,
        missing=tuple(missing),
        notes=tuple(_notes(options, emulation)),
        period_s=options.profile.period_s if options.profile else None,
        periods=options.profile.periods if options.profile else 0,
    )


def _missing(
    meter: Meter, target: Target, port: MeterPort, options: MeasureOptions, emulation: Emulation | None
) -> Iterator[str]:
    try:
        options.meter_settings().check(meter.title, meter.capabilities)
        check_states(options.profile, options.states)
    except TinykitError as error:
        yield said(error)
    lines = meter.capabilities.digital_lines
    if target.where == HOST:
        yield from _host_missing(meter, options)
        if options.windows_from != "marker":
            yield f"{meter.title} and this computer share one clock: there is nothing to take windows from"
    elif options.windows_from == "host" and options.seconds < LEAST_HOST_WINDOW_S:
        yield f"windows by the host's clock last {LEAST_HOST_WINDOW_S:g} s at least: give --seconds"
    elif options.windows_from != "marker":
        if options.windows_from in ("board", "host") and emulation is not None and not emulation.keeps_time:
            yield f"windows by the {options.windows_from}'s clock need an emulator with --pace real"
    elif not lines:
        yield f"{meter.title} has no digital input, and a marker is what tells the windows"
    elif options.line >= len(lines):
        yield f"{meter.title} has no digital line {options.line}: its lines are {', '.join(lines)}"
    if is_absent(port.port):
        yield f"there is no port {port.port}"
    if options.inputs is not None and not options.inputs.exists():
        yield f"there is no file {options.inputs}"
    if options.out.is_dir() and any(options.out.iterdir()):
        yield f"{options.out} holds files already"


def is_absent(port: str) -> bool:
    """Whether a port that is named as a file is not there."""
    return "/" in port and "://" not in port and not Path(port).exists()


def _host_missing(meter: Meter, options: MeasureOptions) -> Iterator[str]:
    try:
        check_host(meter, options)
    except TinykitError as error:
        yield said(error)


def said(error: TinykitError) -> str:
    """An error as an entry of ``missing``."""
    return f"{error.message.rstrip('.')} ({error.hint.rstrip('.')})"


def interval_widths(calibration: Calibration | None) -> Sequence[float]:
    """Relative half-widths of the 95 % interval of an energy, for each range that has terms of its own."""
    if calibration is None:
        return ()
    own = sorted({term.range_ for term in calibration.terms if term.range_ is not None})
    ranges: Sequence[int | None] = own or (None,)
    return [_width(calibration, range_) for range_ in ranges]


def _width(calibration: Calibration, range_: int | None) -> float:
    terms = [
        calibration.find(quantity, range_) for quantity in ("gain", "voltage", "timebase", "temperature")
    ]
    influences = {str(term.quantity): term.influence(1.0) for term in terms if term is not None and term.u}
    low, high = Estimate(1.0, "1", ("assumed",), ("calibration",), influences).interval()
    return max(1.0 - low, high - 1.0)


def _notes(options: MeasureOptions, emulation: Emulation | None) -> Iterator[str]:
    if options.windows_from != "marker":
        yield f"windows come from {options.windows_from}, not from a marker: the verdict will warn"
    if options.inputs is None:
        yield "no --input: seeded random bytes are run, the outputs mean nothing"
    if options.seconds < LEAST_WINDOW_S:
        yield f"windows of {options.seconds:g} s are under {LEAST_WINDOW_S:g} s: the verdict will warn"
    if "idle" not in options.states:
        yield "no idle state: no net energy, and the marker's skew counts in full"
    if options.mode == "ammeter" and not options.voltage_source:
        yield "nobody says who measured the voltage: it counts as assumed"
    if emulation is not None:
        yield f"{emulation.meter} and {emulation.board} are emulated: every number is SIMULATED"
    if options.windows == 1:
        yield "one window has no scatter: repeatability stays unknown"
