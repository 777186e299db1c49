"""A file that another program recorded, made into a session: its marker windows give joules per inference."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tinykit import __version__
from tinykit.errors import OutputError, RecordingError, UsageError
from tinykit.lab.analysis import Analysis, Known
from tinykit.lab.calibration import Calibration, datasheet, load_calibration, load_calibration_of
from tinykit.lab.external import Level, Marks, analyse_marks, whole_phases
from tinykit.lab.finish import finish
from tinykit.lab.import_windows import Pointed, analyse_file, find_windows, idle_windows
from tinykit.lab.phase_map import PhaseMap
from tinykit.lab.recorder import RAW
from tinykit.lab.report import SessionReport
from tinykit.lab.stamp import STAMP
from tinykit.meters.importing import ImportOptions, load_recording, parts
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.registry import meters
from tinykit.meters.trace import Instrument, Trace
from tinykit.progress import SILENT, Progress


@dataclass(frozen=True)
class Recording:
    """What the user knows of a recorded file.

    Each window holds ``inferences``; it lies where line ``marker`` is high, or low, or between two falling
    edges ("pulses", as MLPerf Tiny's firmware gives them). The first ``skip`` windows, or pulses, are left
    out; ``windows`` says how many there must be after them, None where nobody counts. ``columns``,
    ``sample_rate_hz`` and ``trial`` are those of `ImportOptions`. ``pointed`` says what else tells windows,
    and where the board idles.
    """

    path: Path
    inferences: int | None
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
    phases: PhaseMap | None = None
    pointed: Pointed = field(default_factory=Pointed)

    @property
    def marks(self) -> Marks:
        """What its lines mean."""
        return Marks(self.marker, self.level, self.inferences, self.skip, self.phases)


def import_recording(recording: Recording, out: Path, progress: Progress = SILENT) -> SessionReport:
    """Make a session in the new folder ``out``; the file is copied into it.

    Raises RecordingError for what the file is not, UsageError for a calibration or a voltage that is
    missing, OutputError.
    """
    if recording.phases is None and (recording.inferences is None or recording.inferences < 1):
        raise UsageError("A window holds one inference at least.", hint="give --n as it was.")
    if recording.phases is not None and recording.pointed != Pointed():
        raise UsageError(
            "A map of phases tells windows and idle by itself.",
            hint="leave out --windows-from, --idle and --guard, or --phases.",
        )
    options = _options(recording, progress)
    trace = load_recording(recording.path, options)
    known = Known(
        calibration=_calibration(trace.instrument, recording.calibration),
        session=f"import {trace.provenance.sha256[:16] or recording.path.name}",
        simulated=recording.simulated or _is_stamped(trace),
        guard_s=recording.pointed.guard_s if recording.pointed.idle else 0.0,
        clock_tolerance=None,
        short_asked=recording.short_asked,
    )
    _need_energy(trace)
    known.calibration.check_fits(trace.quantity, trace.supply)
    files = {f"{RAW}/recording{tail}": path for tail, path in parts(recording.path).items()}
    name, *others = files
    facts = {
        "file": name,
        "name": recording.path.name,
        **recording.marks.to_dict(),
        **recording.pointed.to_dict(),
        "windows": recording.windows,
        "voltage_v": recording.voltage_v,
        "voltage_source": recording.voltage_source,
        "rail": recording.rail,
        "columns": dict(recording.columns),
        "sample_rate_hz": recording.sample_rate_hz,
        "trial": recording.trial,
    }
    if recording.phases is None:
        # Refused before anything is written.
        windows, placing = find_windows(trace, recording.marks, recording.pointed)
        tuple(idle_windows(trace, windows, placing, recording.pointed))
    else:
        whole_phases(trace, recording.phases)
    _copy(files, out)
    analysis = analyse_import(out, facts, known, progress)
    whole = {
        "tinykit": __version__,
        "started_unix_s": time.time(),
        "import": facts,
        "meter": analysis.setup.to_dict(),
        "notes": recording.notes,
    }
    return finish(out, whole, known, analysis, [name, *others])


def analyse_import(
    folder: Path, facts: Mapping[str, Any], known: Known, progress: Progress = SILENT
) -> Analysis:
    """Analyse an imported session again, ``facts`` being its manifest's entry "import".

    Raises RecordingError; code SESSION_FILE where ``facts`` are not sound.
    """
    try:
        path = folder / _inside(facts["file"])
        marks, pointed = Marks.from_dict(facts), Pointed.from_dict(facts)
        expected = None if facts["windows"] is None else int(facts["windows"])
        given = {name: facts[name] for name in _OPTIONS}
        options = _options(Recording(path, marks.inferences, **given), progress)
    except (KeyError, ValueError, TypeError) as error:
        raise RecordingError(
            f"The session in {folder} is refused: its entry 'import' is not sound ({error}).",
            hint="a session is read only as tinykit wrote it; take it from its backup.",
            code="SESSION_FILE",
        ) from error
    trace = load_recording(path, options)
    if known.simulated:
        trace = replace(trace, instrument=replace(trace.instrument, emulated=True))
    settings = MeterSettings(
        mode="ammeter",
        voltage_v=options.voltage_v,
        voltage_source=options.voltage_source,
        rail=options.rail,
        rate_hz=trace.sample_rate_hz,
        quantity=trace.quantity,
    )
    setup = MeterSetup(trace.instrument.kind, trace.instrument, settings, "", trace.min_window_s)
    if marks.phases is not None:
        return analyse_marks(trace, setup, marks, known, expected=expected, is_file=True)
    return analyse_file(trace, setup, marks, pointed, known, expected=expected)


_OPTIONS = ("voltage_v", "voltage_source", "rail", "columns", "sample_rate_hz", "trial")


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
        # A table says nothing of its meter: only a meter's own kind of file is compared.
        if instrument.kind not in {meter.name for meter in meters()}:
            return load_calibration(given)
        return load_calibration_of(given, instrument.kind, "" if instrument.emulated else instrument.serial)
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


def _copy(files: Mapping[str, Path], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise OutputError(
                f"{out} holds files already.", hint="name a new folder with -o: sessions are kept."
            )
        (out / RAW).mkdir()
        for name, source in files.items():
            shutil.copyfile(source, out / name)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be used: {error.strerror or error}.", hint="name a new folder with -o."
        ) from error
