"""From a recording's folder to joules and a verdict, the same for one just made and one read years later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinykit.estimate import Estimate
from tinykit.lab.budget import Instrumented, repeated_power, stretches
from tinykit.lab.calibration import Calibration
from tinykit.lab.doubts import Doubt, list_doubts, missing_terms
from tinykit.lab.duty import Duty, duty_cycle, find_periods, guard_powers_w
from tinykit.lab.energy import IDLE_PIECES, MarkedWindow, SessionEnergy, WindowEnergy, session_energy
from tinykit.lab.evidence import Evidence
from tinykit.lab.integrate import SpanSum, integrate, pieces
from tinykit.lab.ledger import Ledger
from tinykit.lab.placing import place_windows
from tinykit.lab.profile import ASLEEP, WORK
from tinykit.lab.recorder import Event, read_recording
from tinykit.lab.settling import with_settling
from tinykit.lab.trace_evidence import is_filtered, with_trace
from tinykit.lab.verdict import Verdict, judge
from tinykit.lab.windows import MARKED, Method, Placing, Window
from tinykit.meters.meter import MeterSetup
from tinykit.meters.registry import find_meter
from tinykit.meters.trace import Trace


@dataclass(frozen=True)
class Phase:
    """A stretch with the marker high, as the session wrote it down: an inference window, or a state.

    ``kind`` is "infer", a part of a period (WORK and ASLEEP of `tinykit.lab.profile`), or a state's name.
    ``board_s`` is its length by the board's clock, None where the board does not tell.
    """

    kind: str
    inferences: int
    board_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": self.kind, "inferences": self.inferences, "board_s": self.board_s}


@dataclass(frozen=True)
class Known:
    """What the session knows beside the recording; None where nobody looked.

    ``clock_tolerance`` is the board's, relative. ``guard_s`` is how long the board idles on both sides of a
    window's marker, 0 where it does not. ``complete``: the session came to the end that was planned.
    ``windows_from`` says what tells the windows; anything but a marker was asked for.
    """

    calibration: Calibration
    session: str
    simulated: bool
    guard_s: float
    clock_tolerance: float | None
    short_asked: bool
    model_matches: bool | None = None
    firmware_matches: bool | None = None
    outputs_equal: bool | None = None
    rig_failures: tuple[str, ...] | None = None
    complete: bool | None = None
    windows_from: Method = "marker"


@dataclass(frozen=True)
class Analysis:
    """What a recording says. ``energy`` is None where the verdict allows no number.

    ``states`` are the mean powers in W of the states that were held, by name. ``duty`` is there where whole
    periods of duty-cycled work were measured, idle and sleep beside them; ``ledger`` where the pins show
    phases, which ``phases`` and ``windows`` then list, one an occurrence. ``refused`` is what the windows say
    where the verdict allows no number: for those alone who accept the verdict's codes by name.
    """

    trace: Trace
    setup: MeterSetup
    phases: tuple[Phase, ...]
    windows: tuple[Window, ...]
    energy: SessionEnergy | None
    states: dict[str, Estimate]
    verdict: Verdict
    duty: Duty | None = None
    ledger: Ledger | None = None
    refused: SessionEnergy | None = None
    placing: Placing = MARKED
    doubts: tuple[Doubt, ...] = ()


def analyse(folder: Path, known: Known, *, line: int = 0) -> Analysis:
    """Analyse the recording in ``folder``; ``line`` is the digital line that the marker is wired to.

    Raises RecordingError where there is none, or it cannot be read.
    """
    trace, setup, events = read_recording(folder)
    phases, windows, placing = place_phases(trace, setup, events, known, line)
    return analyse_windows(
        trace, setup, phases, windows, known, expected=len(phases) or None, placing=placing
    )


def place_phases(
    trace: Trace, setup: MeterSetup, events: Sequence[Event], known: Known, line: int
) -> tuple[list[Phase], tuple[Window, ...], Placing]:
    """The phases that came to their end, their windows as far as they are found, and how.

    Raises RecordingError.
    """
    placed = place_windows(
        trace,
        events,
        known.windows_from,
        line=line,
        meter=find_meter(setup.meter).capabilities,
        guard_s=known.guard_s,
        tolerance=known.clock_tolerance,
    )
    phases = read_phases(events)
    return [phases[i] for i in placed.phases], placed.windows, placed.placing


def analyse_windows(
    trace: Trace,
    setup: MeterSetup,
    phases: Sequence[Phase],
    windows: Sequence[Window],
    known: Known,
    *,
    expected: int | None,
    placing: Placing = MARKED,
    is_file: bool = False,
) -> Analysis:
    """Analyse ``trace``, whose ``windows`` are the ``phases`` in order; ``expected`` is how many must be.

    ``placing`` says how the windows were found. ``is_file``: other software wrote the recording.
    """
    known.calibration.check_fits(trace.quantity, trace.supply)
    meter = Instrumented(
        known.calibration,
        known.session,
        "modelled" if known.simulated else "measured",
        setup.instrument.title,
    )
    counted = bool(phases) and len(windows) == len(phases)
    marked = [
        MarkedWindow(window, phase.inferences)
        for window, phase in zip(windows, phases, strict=False)
        if phase.kind == "infer"
    ]
    energy = None
    states: dict[str, Estimate] = {}
    state_sums: dict[str, tuple[SpanSum, ...]] = {}
    doubts: tuple[Doubt, ...] = ()
    duty: Duty | None = None
    parts: tuple[WindowEnergy, ...] = ()
    if counted and marked and _has_energy(trace):
        held = _held(phases, windows, known.guard_s, placing, trace.sample_rate_hz)
        state_sums = {name: _state_sums(trace, where) for name, where in held.items()}
        states = _state_powers(state_sums, meter)
        guard_s = _guard_s(known.guard_s, placing, marked, trace) if "idle" in held else 0.0
        energy = session_energy(trace, marked, held.get("idle", ()), meter, guard_s=guard_s, placing=placing)
        if not energy.guard_s and placing.method != "counters":
            energy = with_settling(energy, trace, f"{known.session}.settling")
        doubts = list_doubts(
            trace,
            known.calibration,
            energy,
            [one for sums in state_sums.values() for one in sums],
            was_filtered=is_file and is_filtered(setup.meter),
        )
        if placing.method == "marker":
            duty, parts = _duty(trace, phases, windows, meter, energy, states)
    evidence = _evidence(trace, phases, windows, energy, state_sums, known, counted, expected)
    spans = list(windows)
    if energy is not None:
        spans += [one.outer.window for one in energy.windows] + [one.window for one in energy.idle_sums]
    evidence = with_trace(evidence, trace, spans, placing, is_file=is_file)
    evidence = replace(evidence, missing_terms=missing_terms(doubts) if energy is not None else None)
    if placing.method not in ("marker", "counters"):
        evidence = replace(evidence, windows_found=len(windows))
    if any(phase.kind in (WORK, ASLEEP) for phase in phases):
        evidence = _with_duty(evidence, trace, duty, parts, known)
    verdict = judge(evidence)
    refused = None
    if verdict.state == "fail":
        refused, energy, states, duty, doubts = energy, None, {}, None, ()
    return Analysis(
        trace,
        setup,
        tuple(phases),
        tuple(windows),
        energy,
        states,
        verdict,
        duty,
        refused=refused,
        placing=placing,
        doubts=doubts,
    )


def _guard_s(guard_s: float, placing: Placing, marked: Sequence[MarkedWindow], trace: Trace) -> float:
    """``guard_s`` where it holds all that a window may be off; else 0: active power may lie outside of it."""
    longest_s = max(len(one.window) for one in marked) / trace.sample_rate_hz
    return guard_s if placing.reach_s + placing.length * longest_s < guard_s else 0.0


def _has_energy(trace: Trace) -> bool:
    """Whether joules follow from the samples: a current needs a voltage."""
    return trace.quantity != "current" or trace.supply is not None


def _duty(
    trace: Trace,
    phases: Sequence[Phase],
    windows: Sequence[Window],
    meter: Instrumented,
    energy: SessionEnergy,
    states: Mapping[str, Estimate],
) -> tuple[Duty | None, tuple[WindowEnergy, ...]]:
    """The duty cycle, where two whole periods were run, and idle and sleep measured."""
    periods = find_periods([(p.kind, p.inferences, p.board_s) for p in phases], windows)
    if len(periods) < 2 or energy.idle is None or "sleep" not in states:
        return None, ()
    return duty_cycle(
        trace,
        periods,
        meter,
        inference=energy.gross,
        idle=energy.idle,
        sleep=states["sleep"],
        guard_s=energy.guard_s,
    )


def _with_duty(
    evidence: Evidence, trace: Trace, duty: Duty | None, parts: Sequence[WindowEnergy], known: Known
) -> Evidence:
    """What the periods' own samples add to a session's evidence."""
    if duty is None:
        why = "fewer than two whole periods by a marker, or no power of idle and of sleep to set beside them"
        return replace(evidence, has_periods=True, periods_silent=why)
    sums = [one.outer for one in parts]
    # The periods are summed with short guards; how the board idles shows in whole ones.
    guards_w = guard_powers_w(trace, [one.window for one in parts], known.guard_s)
    return replace(
        evidence,
        has_periods=True,
        guard_powers_w=evidence.guard_powers_w + guards_w,
        samples=evidence.samples + sum(one.samples for one in sums),
        lost=evidence.lost + sum(one.lost for one in sums),
        saturated=evidence.saturated + sum(one.saturated for one in sums),
        calibration_is_bound=evidence.calibration_is_bound and covers(known.calibration, sums),
        period_j=duty.energy.value,
        period_rest_j=duty.rest.interval(),
        period_s=duty.period.value,
        period_asked_s=duty.asked_s,
    )


def covers(calibration: Calibration, sums: Sequence[SpanSum]) -> bool:
    """Whether it says something of the gain of every range visited: an error nobody stated is not zero."""
    visited = {None if key < 0 else key for one in sums for key in one.ranges}
    return all(calibration.find("gain", range_) is not None for range_ in visited)


def read_phases(events: Sequence[Event]) -> tuple[Phase, ...]:
    """The phases that came to their end, in order: an event ``done`` each."""
    return tuple(
        Phase(str(e.facts["kind"]), int(e.facts["inferences"]), e.facts.get("board_s"))
        for e in events
        if e.what == "done"
    )


def _held(
    phases: Sequence[Phase], windows: Sequence[Window], guard_s: float, placing: Placing, rate_hz: float
) -> dict[str, list[Window]]:
    """The states' windows, by name, less a guard at both ends: the board enters and leaves there."""
    longest = max((len(window) for window in windows), default=0)
    margin = max(1, round((guard_s + placing.reach_s) * rate_hz + placing.length * longest))
    held: dict[str, list[Window]] = {}
    for phase, window in zip(phases, windows, strict=True):
        if phase.kind not in ("infer", WORK, ASLEEP) and len(window) > 2 * margin + IDLE_PIECES:
            held.setdefault(phase.kind, []).append(Window(window.start + margin, window.stop - margin))
    return held


def _state_sums(trace: Trace, where: Sequence[Window]) -> tuple[SpanSum, ...]:
    return integrate(trace, [piece for window in where for piece in pieces(trace, window, IDLE_PIECES)])


def _state_powers(state_sums: Mapping[str, Sequence[SpanSum]], meter: Instrumented) -> dict[str, Estimate]:
    """The mean power of each state that has samples in two pieces or more: an empty piece is not 0 W."""
    return {
        name: repeated_power(sums, meter, f"{meter.session}.{name}")
        for name, sums in state_sums.items()
        if sum(one.samples > 0 for one in sums) > 1
    }


def _stretches_w(pieces_: Sequence[SpanSum]) -> tuple[float, ...]:
    """The mean power in W of each stretch of ``pieces_``."""
    return tuple(
        sum(one.energy_j for one in part) / sum(one.samples * one.sample_s for one in part)
        for part in stretches(pieces_)
    )


def _evidence(
    trace: Trace,
    phases: Sequence[Phase],
    windows: Sequence[Window],
    energy: SessionEnergy | None,
    state_sums: Mapping[str, Sequence[SpanSum]],
    known: Known,
    counted: bool,
    expected: int | None,
) -> Evidence:
    infers = [(p, w) for p, w in zip(phases, windows, strict=False) if p.kind == "infer"] if counted else []
    sums = [one.outer for one in energy.windows] if energy is not None else []
    held = [one for group in state_sums.values() for one in group]
    timed = [p.board_s for p, _ in infers if p.board_s is not None]
    return Evidence(
        windows_expected=expected,
        windows_found=len(windows) if trace.digital_lines or expected not in (None, len(windows)) else None,
        inference_windows=sum(p.kind == "infer" for p, _ in zip(phases, windows, strict=False)),
        window_s=tuple(len(w) / trace.sample_rate_hz for _, w in infers),
        board_s=tuple(timed) if len(timed) == len(infers) else (),
        clock_tolerance=known.clock_tolerance,
        short_asked=known.short_asked,
        samples=sum(one.samples for one in sums),
        least_samples=min((len(w) for _, w in infers), default=0),
        least_window_s=trace.min_window_s,
        lost=sum(one.lost for one in sums),
        saturated=sum(one.saturated for one in (*sums, *held)),
        state_losses=tuple(
            (name, sum(one.lost for one in group), sum(len(one.window) for one in group))
            for name, group in state_sums.items()
        ),
        energies_j=() if energy is None else tuple(one.gross.value for one in energy.windows),
        idle_w=() if energy is None else energy.idle_pieces_w,
        idle_stretches_w=() if energy is None else _stretches_w(energy.idle_sums),
        active_w=sum(one.mean_power_w for one in sums) / len(sums) if sums else 0.0,
        guard_powers_w=()
        if energy is None
        else tuple(one.guard_power_w for one in energy.windows if one.guard_power_w is not None),
        model_matches=known.model_matches,
        firmware_matches=known.firmware_matches,
        outputs_equal=known.outputs_equal,
        calibration_is_bound=known.calibration.is_bound and covers(known.calibration, [*sums, *held]),
        voltage_kind=None if trace.supply is None else trace.supply.kind,
        rig_failures=known.rig_failures,
        complete=known.complete,
    )
