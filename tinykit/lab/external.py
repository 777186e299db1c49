"""A firmware that tinykit does not drive: what its pins say, and the analysis that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tinykit.errors import RecordingError
from tinykit.lab.analysis import Analysis, Known, Phase, analyse_windows, covers
from tinykit.lab.budget import Instrumented
from tinykit.lab.codes import Glitches, read_codes
from tinykit.lab.doubts import Doubt, list_phase_doubts, missing_terms
from tinykit.lab.energy import MarkedWindow, SessionEnergy, session_energy
from tinykit.lab.evidence import Evidence
from tinykit.lab.integrate import SpanSum
from tinykit.lab.ledger import Ledger
from tinykit.lab.phase_map import INFER, PhaseMap
from tinykit.lab.phases import Occurrence, cycle_lengths, make_ledger, occurrences, whole_cycles
from tinykit.lab.recorder import read_recording
from tinykit.lab.trace_evidence import is_filtered, with_trace
from tinykit.lab.verdict import judge
from tinykit.lab.windows import Window, find_edges, level_windows, pulse_windows
from tinykit.meters.meter import MeterSetup
from tinykit.meters.trace import Trace

Level = Literal["high", "low", "pulses"]
LEVELS: tuple[Level, ...] = ("high", "low", "pulses")


@dataclass(frozen=True)
class Marks:
    """What the pins mean. Without ``phases``, line ``marker`` tells windows of ``inferences`` each.

    They are where it is high, or low, or between two falling edges ("pulses"); the first ``skip`` of them
    (of the pulses) are left out. With ``phases``, each "infer" holds ``inferences``, where that is known.
    """

    marker: str = "D0"
    level: Level = "high"
    inferences: int | None = None
    skip: int = 0
    phases: PhaseMap | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "marker": self.marker,
            "level": self.level,
            "inferences": self.inferences,
            "skip": self.skip,
            "phases": None if self.phases is None else self.phases.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Marks:
        """Back from JSON; other entries are left alone. Raises KeyError, TypeError, ValueError."""
        n, level, phases = data["inferences"], data["level"], data.get("phases")
        marks = cls(
            str(data["marker"]),
            level,
            None if n is None else int(n),
            int(data["skip"]),
            None if phases is None else PhaseMap.from_dict(phases),
        )
        needs = marks.phases is None and marks.inferences is None
        if needs or marks.inferences == 0 or (n or 0) < 0 or marks.skip < 0 or level not in LEVELS:
            raise ValueError("inferences, skip or level")
        return marks


def marked_windows(trace: Trace, marks: Marks) -> tuple[Window, ...]:
    """The windows of ``trace`` by the line that ``marks`` names.

    Raises RecordingError: MARKER_LINE where there is no such line, MARKER_MISSING where it never moves.
    """
    marker, level = marks.marker, marks.level
    if marker not in trace.digital_lines:
        lines = ", ".join(trace.digital_lines) or "none"
        raise RecordingError(
            f"The recording has no line {marker}.",
            hint=f"its lines: {lines}. Only a marker recorded with the current tells where a window is.",
            code="MARKER_LINE",
        )
    edges = find_edges(trace, trace.digital_lines.index(marker))
    if level == "pulses":
        windows = pulse_windows(edges, skip=marks.skip)
    else:
        windows = level_windows(edges, high=level == "high")[marks.skip :]
    if not windows:
        others = [
            name for i, name in enumerate(trace.digital_lines) if name != marker and find_edges(trace, i)
        ]
        seen = f"these lines move: {', '.join(others)}" if others else "no line of it moves"
        raise RecordingError(
            f"The line {marker} marks no window.",
            hint=f"{seen}; --level says whether windows are high, low, or between two pulses.",
            code="MARKER_MISSING",
        )
    return windows


def analyse_marks(
    trace: Trace,
    setup: MeterSetup,
    marks: Marks,
    known: Known,
    *,
    expected: int | None = None,
    is_file: bool = False,
) -> Analysis:
    """Analyse ``trace`` by its pins; ``expected`` is how many windows somebody counted, if anybody did.

    ``is_file``: other software wrote the recording.
    Raises RecordingError: MARKER_LINE, MARKER_MISSING, PHASES_MISSING where no phase is whole.
    """
    if marks.phases is not None:
        return _analyse_phases(trace, setup, marks.phases, marks.inferences, known, is_file=is_file)
    assert marks.inferences is not None
    windows = marked_windows(trace, marks)
    phases = [Phase("infer", marks.inferences, None) for _ in windows]
    return analyse_windows(trace, setup, phases, windows, known, expected=expected, is_file=is_file)


def analyse_external(folder: Path, facts: Mapping[str, Any], known: Known) -> Analysis:
    """Analyse the recording in ``folder`` again, ``facts`` being its manifest's entry "external".

    Raises RecordingError; code SESSION_FILE where ``facts`` are not sound.
    """
    try:
        marks = Marks.from_dict(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"The session in {folder} is refused: its entry 'external' is not sound ({error}).",
            hint="a session is read only as tinykit wrote it; take it from its backup.",
            code="SESSION_FILE",
        ) from error
    trace, setup, _ = read_recording(folder)
    return analyse_marks(trace, setup, marks, known)


def whole_phases(trace: Trace, coding: PhaseMap) -> tuple[tuple[Occurrence, ...], int, Glitches]:
    """The phases in whole cycles, how many cycles, and what was taken out.

    Raises RecordingError: MARKER_LINE, and PHASES_MISSING where no phase is whole.
    """
    runs, glitches = read_codes(trace, coding)
    inside, cycles = whole_cycles(occurrences(runs, coding), coding.cycle)
    if not inside:
        shown = ", ".join(dict.fromkeys(coding.name(run.code) for run in runs)) or "nothing"
        raise RecordingError(
            "The lines show no whole phase.",
            hint=f"all that they show: {shown}. Are all of {', '.join(coding.lines)} wired, and ground?",
            code="PHASES_MISSING",
        )
    return inside, cycles, glitches


def _analyse_phases(
    trace: Trace,
    setup: MeterSetup,
    coding: PhaseMap,
    inferences: int | None,
    known: Known,
    *,
    is_file: bool,
) -> Analysis:
    inside, cycles, glitches = whole_phases(trace, coding)
    known.calibration.check_fits(trace.quantity, trace.supply)
    meter = Instrumented(
        known.calibration,
        known.session,
        "modelled" if known.simulated else "measured",
        setup.instrument.title,
    )
    ledger: Ledger | None = None
    energy: SessionEnergy | None = None
    evidence, doubts = Evidence(has_phases=True), tuple[Doubt, ...]()
    spans: tuple[Window, ...] = ()
    if trace.quantity != "current" or trace.supply is not None:
        ledger, span = make_ledger(trace, inside, cycles, glitches, coding, meter)
        energy = _energy(trace, inside, inferences, meter, ledger)
        evidence = _with_ledger(evidence, trace, inside, ledger, energy, span, coding, known)
        repeated, filtered = len(evidence.energies_j), is_file and is_filtered(setup.meter)
        doubts = list_phase_doubts(trace, known.calibration, span, repeated, was_filtered=filtered)
        evidence, spans = replace(evidence, missing_terms=missing_terms(doubts)), (span.window,)
    verdict = judge(with_trace(_with_known(evidence, trace, known), trace, spans, is_file=is_file))
    if verdict.state == "fail":
        ledger, energy, doubts = None, None, ()
    phases = [Phase(one.name, (inferences or 0) if one.name == INFER else 0, None) for one in inside]
    windows = tuple(one.window for one in inside)
    return Analysis(trace, setup, tuple(phases), windows, energy, {}, verdict, ledger=ledger, doubts=doubts)


def _energy(
    trace: Trace, inside: Sequence[Occurrence], inferences: int | None, meter: Instrumented, ledger: Ledger
) -> SessionEnergy | None:
    """An inference's energy: that of the ledger, whose doubts at a short phase's edges are larger."""
    marked = [MarkedWindow(one.window, inferences or 0) for one in inside if one.name == INFER]
    line = next((one for one in ledger.lines if one.name == INFER), None)
    if not inferences or line is None or line.energy_j is None:
        return None
    return replace(session_energy(trace, marked, (), meter), gross=line.energy_j / inferences)


def _with_known(evidence: Evidence, trace: Trace, known: Known) -> Evidence:
    return replace(
        evidence,
        short_asked=known.short_asked,
        least_window_s=trace.min_window_s,
        voltage_kind=None if trace.supply is None else trace.supply.kind,
        complete=known.complete,
    )


def _with_ledger(
    evidence: Evidence,
    trace: Trace,
    inside: Sequence[Occurrence],
    ledger: Ledger,
    energy: SessionEnergy | None,
    span: SpanSum,
    coding: PhaseMap,
    known: Known,
) -> Evidence:
    """The headline is of the phase "infer", where somebody said what it holds, else of the cycles."""
    if energy is not None:
        lengths = [len(one.window) for one in energy.windows]
        what, energies_j = f"{INFER} phase", tuple(one.gross.value for one in energy.windows)
    else:
        lengths = cycle_lengths(inside, ledger.cycles, coding.cycle)
        what, energies_j = "cycle", ledger.cycles_j
    return replace(
        evidence,
        headline_of=what,
        window_s=tuple(n / trace.sample_rate_hz for n in lengths),
        span_s=span.duration_s,
        samples=span.samples,
        least_samples=min(lengths),
        lost=span.lost,
        saturated=span.saturated,
        calibration_is_bound=known.calibration.is_bound and covers(known.calibration, [span]),
        energies_j=energies_j,
        phases_close=ledger.closes,
        phases_odd=ledger.odd,
    )
