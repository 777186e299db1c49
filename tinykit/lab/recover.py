"""A session that was killed: what came to its end before, and nothing of what did not.

The raw bytes reach the disk within `recorder.SYNC_S`, an event as soon as it happens. The first n phases that
have both their event ``done`` and their whole window, guards included, on disk are kept. A marker that is
missing or too many anywhere else is no cut: the verdict says so, and there is no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinykit.errors import RecordingError
from tinykit.lab.analysis import Analysis, Known, Phase, analyse_windows, place_phases
from tinykit.lab.external import analyse_external
from tinykit.lab.finish import finish
from tinykit.lab.manifest import MANIFEST, PARTIAL
from tinykit.lab.outputs import OUTPUTS
from tinykit.lab.placing import marked_windows
from tinykit.lab.recorder import BYTES, RAW, Event, read_recording, recorded_files
from tinykit.lab.report import SessionReport
from tinykit.lab.start import START, read_start
from tinykit.lab.windows import Window
from tinykit.meters.meter import MeterSetup
from tinykit.meters.registry import find_meter
from tinykit.meters.trace import Trace

LATE_S = 1.0
"""What a kill may lose at the end, and by how much a window's end may be noted late."""


@dataclass(frozen=True)
class Recovery:
    """``kept`` phases came to their end; ``noted`` had done so by the session's own notes."""

    report: SessionReport
    kept: int
    noted: int
    planned: int | None

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.recovery``, version 1."""
        return {
            "schema": "tinykit.recovery",
            "schema_version": 1,
            "kept_phases": self.kept,
            "noted_phases": self.noted,
            "planned_phases": self.planned,
            "session": self.report.to_dict(),
        }


def recover(folder: Path) -> Recovery:
    """Finish the session in ``folder`` that was cut off: results, and a manifest with ``recovered: true``.

    Raises RecordingError: SESSION_FINISHED where there is a manifest, RECOVER_NOTHING where no sample is on
    disk, SESSION_START, RECORDING_SETUP; OutputError.
    """
    if (folder / MANIFEST).is_file():
        raise RecordingError(
            f"The session in {folder} is finished; there is nothing to recover.",
            hint="tinykit session verify checks it.",
            code="SESSION_FINISHED",
        )
    if not (folder / RAW / BYTES).is_file():
        raise RecordingError(
            f"{folder} holds nothing that a meter sent.",
            hint="measure again; a session that ends before its first window leaves no data.",
            code="RECOVER_NOTHING",
        )
    start = read_start(folder)
    known = replace(start.known, complete=False, outputs_equal=None)
    told = start.facts.get("external")
    if told is None:
        analysis = analyse_cut(folder, known, line=start.line)
    else:
        analysis = analyse_external(folder, told, known)
    _, _, events = read_recording(folder)
    facts = {**start.facts, "recovered": True}
    for partial in folder.rglob(PARTIAL):
        partial.unlink()  # the kill came while a file was being written; it will be, or it is lost
    files = [name for name in (*recorded_files(folder), START, OUTPUTS) if (folder / name).is_file()]
    report = finish(folder, facts, known, analysis, files)
    noted = sum(event.what == "done" for event in events) if told is None else len(analysis.phases)
    return Recovery(report, len(analysis.phases), noted, _planned(start.facts))


def analyse_cut(folder: Path, known: Known, *, line: int = 0) -> Analysis:
    """Analyse a recording that was cut off anywhere. Raises RecordingError where it cannot be read."""
    trace, setup, events = read_recording(folder)
    meter = find_meter(setup.meter).capabilities
    if known.windows_from != "marker" or not meter.modes:
        return _analyse_unmarked(trace, setup, events, known)
    done = [event for event in events if event.what == "done"]
    windows = marked_windows(trace, line, meter)
    whole = _whole(trace, windows, known.guard_s)
    kept = min(len(done), len(whole))
    if not _is_cut(trace, done, len(windows), kept):
        return analyse_windows(
            trace, setup, [_phase(one) for one in done], windows, known, expected=len(done) or None
        )
    phases = [_phase(one) for one in done[:kept]]
    return analyse_windows(trace, setup, phases, whole[:kept], known, expected=kept or None)


def _analyse_unmarked(trace: Trace, setup: MeterSetup, events: Sequence[Event], known: Known) -> Analysis:
    """The first phases whose windows, guards included, lie before the trace's end."""
    phases, windows, placing = place_phases(trace, setup, events, known, 0)
    kept = len(_whole(trace, windows, known.guard_s)) if len(windows) == len(phases) else len(phases)
    return analyse_windows(
        trace, setup, phases[:kept], windows[:kept], known, expected=kept or None, placing=placing
    )


def _phase(event: Event) -> Phase:
    return Phase(str(event.facts["kind"]), int(event.facts["inferences"]), event.facts.get("board_s"))


def _whole(trace: Trace, windows: Sequence[Window], guard_s: float) -> list[Window]:
    """The windows whose guard, too, lies before the trace's end."""
    guard = round(guard_s * trace.sample_rate_hz)
    return [window for window in windows if window.stop + guard <= trace.length]


def _is_cut(trace: Trace, done: Sequence[Event], windows: int, kept: int) -> bool:
    """Whether what is missing is missing at the end only.

    A window more than events: the kill came between the marker's fall and the note. Events without a window:
    their bytes were not on disk yet, so that they were noted no earlier than just before the trace's end.
    """
    if windows > len(done) + 1:
        return False
    if len(done) == kept:
        return True
    if trace.t_start_host_s is None:
        # Too short a recording to know the host's time in it: one phase may lack its bytes, not more.
        return len(done) - kept <= 1
    end_s = trace.t_start_host_s + trace.duration_s
    return all(event.t_host_s > end_s - LATE_S for event in done[kept:])


def _planned(facts: dict[str, Any]) -> int | None:
    plan = facts.get("plan")
    if not isinstance(plan, dict):
        return None
    states = plan.get("states", ())
    profile = plan.get("profile") or {}
    return int(plan.get("windows", 0)) + len(states) + ("idle" in states) + 2 * int(profile.get("periods", 0))
