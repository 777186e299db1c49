"""From a recording's folder to joules and a verdict, the same for one just made and one read years later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit.estimate import Estimate
from tinykit.lab.budget import Instrumented, repeated_power
from tinykit.lab.calibration import Calibration
from tinykit.lab.energy import IDLE_PIECES, MarkedWindow, SessionEnergy, session_energy
from tinykit.lab.integrate import SpanSum, integrate, pieces
from tinykit.lab.recorder import Event, read_recording
from tinykit.lab.verdict import Evidence, Verdict, judge
from tinykit.lab.windows import Window, find_edges, level_windows, pulse_windows
from tinykit.meters.meter import MeterSetup
from tinykit.meters.registry import find_meter
from tinykit.meters.trace import Trace

DECIMATED = "DECIMATED"


@dataclass(frozen=True)
class Phase:
    """A stretch with the marker high, as the session wrote it down: an inference window, or a state.

    ``kind`` is "infer", or a state's name. ``board_s`` is its length by the board's clock, None where the
    board does not tell.
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


@dataclass(frozen=True)
class Analysis:
    """What a recording says. ``energy`` is None where the verdict allows no number.

    ``states`` are the mean powers in W of the states that were held, by name.
    """

    trace: Trace
    setup: MeterSetup
    phases: tuple[Phase, ...]
    windows: tuple[Window, ...]
    energy: SessionEnergy | None
    states: dict[str, Estimate]
    verdict: Verdict


def analyse(folder: Path, known: Known, *, line: int = 0) -> Analysis:
    """Analyse the recording in ``folder``; ``line`` is the digital line that the marker is wired to.

    Raises RecordingError where there is none, or it cannot be read.
    """
    trace, setup, events = read_recording(folder)
    phases = read_phases(events)
    windows: tuple[Window, ...] = ()
    if trace.digital_lines:
        edges = find_edges(trace, line)
        sees_falls = find_meter(setup.meter).capabilities.sees == "falls"
        windows = pulse_windows(edges) if sees_falls else level_windows(edges)
    return analyse_windows(trace, setup, phases, windows, known, expected=len(phases) or None)


def analyse_windows(
    trace: Trace,
    setup: MeterSetup,
    phases: Sequence[Phase],
    windows: Sequence[Window],
    known: Known,
    *,
    expected: int | None,
) -> Analysis:
    """Analyse ``trace``, whose ``windows`` are the ``phases`` in order; ``expected`` is how many must be."""
    meter = Instrumented(
        known.calibration,
        known.session,
        "modelled" if known.simulated else "measured",
        f"{setup.instrument.model} {setup.instrument.serial}".strip(),
    )
    counted = bool(phases) and len(windows) == len(phases)
    marked = [
        MarkedWindow(window, phase.inferences)
        for window, phase in zip(windows, phases, strict=False)
        if phase.kind == "infer"
    ]
    energy, states = None, {}
    if counted and marked and trace.supply is not None:
        held = _held(phases, windows, known.guard_s, trace.sample_rate_hz)
        states = {name: _state_power(trace, name, where, meter) for name, where in held.items()}
        energy = session_energy(
            trace, marked, held.get("idle", ()), meter, guard_s=known.guard_s if "idle" in held else 0.0
        )
    verdict = judge(_evidence(trace, phases, windows, energy, known, counted, expected))
    if verdict.state == "fail":
        energy, states = None, {}
    return Analysis(trace, setup, tuple(phases), tuple(windows), energy, states, verdict)


def _covers(calibration: Calibration, sums: Sequence[SpanSum]) -> bool:
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
    phases: Sequence[Phase], windows: Sequence[Window], guard_s: float, rate_hz: float
) -> dict[str, list[Window]]:
    """The states' windows, by name, less a guard at both ends: the board enters and leaves there."""
    margin = max(1, round(guard_s * rate_hz))
    held: dict[str, list[Window]] = {}
    for phase, window in zip(phases, windows, strict=True):
        if phase.kind != "infer" and len(window) > 2 * margin + IDLE_PIECES:
            held.setdefault(phase.kind, []).append(Window(window.start + margin, window.stop - margin))
    return held


def _state_power(trace: Trace, name: str, where: Sequence[Window], meter: Instrumented) -> Estimate:
    parts = [piece for window in where for piece in pieces(trace, window, IDLE_PIECES)]
    return repeated_power(integrate(trace, parts), meter, f"{meter.session}.{name}")


def _evidence(
    trace: Trace,
    phases: Sequence[Phase],
    windows: Sequence[Window],
    energy: SessionEnergy | None,
    known: Known,
    counted: bool,
    expected: int | None,
) -> Evidence:
    infers = [(p, w) for p, w in zip(phases, windows, strict=False) if p.kind == "infer"] if counted else []
    sums = [one.outer for one in energy.windows] if energy is not None else []
    timed = [p.board_s for p, _ in infers if p.board_s is not None]
    rate = next((w for w in trace.warnings if w.code in ("RATE_OFF", "LOST_BY_CLOCK")), None)
    return Evidence(
        windows_expected=expected,
        windows_found=len(windows) if trace.digital_lines else None,
        window_s=tuple(len(w) / trace.sample_rate_hz for _, w in infers),
        board_s=tuple(timed) if len(timed) == len(infers) else (),
        clock_tolerance=known.clock_tolerance,
        short_asked=known.short_asked,
        samples=sum(one.samples for one in sums),
        least_samples=min((len(w) for _, w in infers), default=0),
        least_window_s=trace.min_window_s,
        lost=sum(one.lost for one in sums),
        saturated=sum(one.saturated for one in sums),
        decimated=any(w.code == DECIMATED for w in trace.warnings),
        clock_loss="" if rate is None else rate.text,
        clock_checked=trace.t_start_host_s is not None,
        energies_j=() if energy is None else tuple(one.gross.value for one in energy.windows),
        idle_w=() if energy is None else energy.idle_pieces_w,
        active_w=sum(one.mean_power_w for one in sums) / len(sums) if sums else 0.0,
        guard_powers_w=()
        if energy is None
        else tuple(one.guard_power_w for one in energy.windows if one.guard_power_w is not None),
        model_matches=known.model_matches,
        firmware_matches=known.firmware_matches,
        outputs_equal=known.outputs_equal,
        calibration_is_bound=known.calibration.is_bound and _covers(known.calibration, sums),
        voltage_kind=None if trace.supply is None else trace.supply.kind,
        rig_failures=known.rig_failures,
        complete=known.complete,
    )
