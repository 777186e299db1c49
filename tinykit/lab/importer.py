"""A file that another program recorded, made into a session: its marker windows give joules per inference."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tinykit import __version__
from tinykit.errors import OutputError, RecordingError, UsageError
from tinykit.lab.analysis import Analysis, Known, Phase, analyse_windows
from tinykit.lab.calibration import Calibration, datasheet, load_calibration
from tinykit.lab.finish import finish
from tinykit.lab.report import SessionReport
from tinykit.lab.windows import Window, find_edges, level_windows, pulse_windows
from tinykit.meters.importing import ImportOptions, load_recording
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.trace import Instrument, Trace
from tinykit.progress import SILENT, Progress

Level = Literal["high", "low", "pulses"]
STAMP = "SIMULATED"
LEVELS: tuple[Level, ...] = ("high", "low", "pulses")


@dataclass(frozen=True)
class Recording:
    """What the user knows of a recorded file.

    Each window holds ``inferences``; it lies where line ``marker`` is high, or low, or between two falling
    edges ("pulses", as MLPerf Tiny's firmware gives them). The first ``skip`` windows, or pulses, are left
    out; ``windows`` says how many there must be after them, None where nobody counts. ``columns``,
    ``sample_rate_hz`` and ``trial`` are those of `ImportOptions`.
    """

    path: Path
    inferences: int
    marker: str = "D0"
    level: Level = "high"
    windows: int | None = None
    skip: int = 0
    voltage_v: float | None = None
    voltage_source: str = ""
    rail: str = ""
    calibration: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    sample_rate_hz: float | None = None
    trial: int | None = None
    short_asked: bool = False
    simulated: bool = False
    notes: str = ""


def import_recording(recording: Recording, out: Path, progress: Progress = SILENT) -> SessionReport:
    """Make a session in the new folder ``out``; the file is copied into it.

    Raises RecordingError for what the file is not, UsageError for a calibration or a voltage that is
    missing, OutputError.
    """
    if recording.inferences < 1:
        raise UsageError("A window holds one inference at least.", hint="give --n as it was.")
    options = _options(recording, progress)
    trace = load_recording(recording.path, options)
    known = Known(
        calibration=_calibration(trace.instrument, recording.calibration),
        session=f"import {trace.provenance.sha256[:16] or recording.path.name}",
        simulated=recording.simulated or _is_stamped(trace),
        guard_s=0.0,
        clock_tolerance=None,
        short_asked=recording.short_asked,
    )
    _need_energy(trace)
    name = f"raw/recording{recording.path.suffix.lower()}"
    facts = {
        "file": name,
        "name": recording.path.name,
        "inferences": recording.inferences,
        "marker": recording.marker,
        "level": recording.level,
        "windows": recording.windows,
        "skip": recording.skip,
        "voltage_v": recording.voltage_v,
        "voltage_source": recording.voltage_source,
        "rail": recording.rail,
        "columns": dict(recording.columns),
        "sample_rate_hz": recording.sample_rate_hz,
        "trial": recording.trial,
    }
    marked_windows(
        trace, recording.marker, recording.level, recording.skip
    )  # refused before anything is written
    _copy(recording.path, out, name)
    analysis = analyse_import(out, facts, known, progress)
    whole = {
        "tinykit": __version__,
        "started_unix_s": time.time(),
        "import": facts,
        "meter": analysis.setup.to_dict(),
        "notes": recording.notes,
    }
    return finish(out, whole, known, analysis, [name])


def analyse_import(
    folder: Path, facts: Mapping[str, Any], known: Known, progress: Progress = SILENT
) -> Analysis:
    """Analyse an imported session again, ``facts`` being its manifest's entry "import".

    Raises RecordingError; code SESSION_FILE where ``facts`` are not sound.
    """
    try:
        path = folder / _inside(facts["file"])
        n, marker, level = int(facts["inferences"]), str(facts["marker"]), facts["level"]
        expected = None if facts["windows"] is None else int(facts["windows"])
        skip = int(facts["skip"])
        if n < 1 or skip < 0 or level not in LEVELS:
            raise ValueError("inferences, skip or level")
        given = {name: facts[name] for name in _OPTIONS}
        options = _options(Recording(path, n, **given), progress)
    except (KeyError, ValueError, TypeError) as error:
        raise RecordingError(
            f"The session in {folder} is refused: its entry 'import' is not sound ({error}).",
            hint="a session is read only as tinykit wrote it; take it from its backup.",
            code="SESSION_FILE",
        ) from error
    trace = load_recording(path, options)
    windows = marked_windows(trace, marker, level, skip)
    phases = [Phase("infer", n, None) for _ in windows]
    settings = MeterSettings(
        mode="ammeter",
        voltage_v=options.voltage_v,
        voltage_source=options.voltage_source,
        rail=options.rail,
        rate_hz=trace.sample_rate_hz,
        quantity=trace.quantity,
    )
    setup = MeterSetup(trace.instrument.kind, trace.instrument, settings, "", trace.min_window_s)
    return analyse_windows(trace, setup, phases, windows, known, expected=expected)


_OPTIONS = ("voltage_v", "voltage_source", "rail", "columns", "sample_rate_hz", "trial")


def marked_windows(trace: Trace, marker: str, level: Level, skip: int = 0) -> Sequence[Window]:
    """The windows of ``trace`` by its line ``marker``.

    Raises RecordingError: MARKER_LINE where there is no such line, MARKER_MISSING where it never moves.
    """
    if marker not in trace.digital_lines:
        lines = ", ".join(trace.digital_lines) or "none"
        raise RecordingError(
            f"The recording has no line {marker}.",
            hint=f"its lines: {lines}. Only a marker recorded with the current tells where a window is.",
            code="MARKER_LINE",
        )
    edges = find_edges(trace, trace.digital_lines.index(marker))
    if level == "pulses":
        windows = pulse_windows(edges, skip=skip)
    else:
        windows = level_windows(edges, high=level == "high")[skip:]
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


def _options(recording: Recording, progress: Progress) -> ImportOptions:
    return ImportOptions(
        voltage_v=recording.voltage_v,
        voltage_source=recording.voltage_source,
        rail=recording.rail,
        columns=recording.columns,
        sample_rate_hz=recording.sample_rate_hz,
        trial=recording.trial,
        progress=progress,
    )


def _is_stamped(trace: Trace) -> bool:
    """Whether our own exports, or an emulator, say so: the stamp is not lost on the way."""
    noted = (w.text for w in trace.warnings if w.code == "COLUMNS_SKIPPED")
    return (
        trace.instrument.emulated or STAMP in trace.instrument.model or any(STAMP in text for text in noted)
    )


def _need_energy(trace: Trace) -> None:
    if trace.quantity == "current" and trace.supply is None:
        raise UsageError(
            "The recording holds currents, and nobody says at what voltage.",
            hint="give --voltage, and --voltage-source to say who measured it.",
            code="VOLTAGE_MISSING",
        )


def _calibration(instrument: Instrument, given: Path | None) -> Calibration:
    if given is not None:
        return load_calibration(given)
    known = datasheet(instrument.kind, f"{instrument.kind}#{instrument.serial or 'unknown'}")
    if known is None:
        raise UsageError(
            f"Nothing is known of the errors of '{instrument.model or instrument.kind}'.",
            hint="give --calibration FILE; docs/reference/calibration.md describes it.",
            code="CALIBRATION_MISSING",
        )
    return known


def _inside(name: Any) -> str:
    if type(name) is not str or not name.startswith("raw/recording") or "/" in name[4:] or "\\" in name:
        raise ValueError(f"{str(name)[:40]!r} is no recording of this session")
    return name


def _copy(source: Path, out: Path, name: str) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise OutputError(
                f"{out} holds files already.", hint="name a new folder with -o: sessions are kept."
            )
        (out / name).parent.mkdir()
        shutil.copyfile(source, out / name)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be used: {error.strerror or error}.", hint="name a new folder with -o."
        ) from error
