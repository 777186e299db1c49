"""``tinykit session export``: a session in other people's formats; the contract for ``exports/``."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tinykit.errors import OutputError, RecordingError, UsageError
from tinykit.lab.analysis import Analysis
from tinykit.lab.store import StoredSession, open_session, reanalyse
from tinykit.progress import SILENT, Progress

ENTRY_POINTS = "tinykit.session_exports"


@dataclass(frozen=True)
class ExportJob:
    """What an export is made of: samples [start, stop) of the session's trace go to ``path``."""

    session: StoredSession
    analysis: Analysis
    path: Path
    start: int
    stop: int
    progress: Progress = SILENT


@dataclass(frozen=True)
class Export:
    """A format. ``write`` gives what a user should know of the file, in one line, or raises."""

    name: str
    suffix: str
    description: str
    write: Callable[[ExportJob], str]


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    path: Path
    format: str
    note: str
    size_bytes: int
    simulated: bool

    def to_dict(self) -> dict[str, object]:
        """The document ``tinykit.export``, version 1."""
        return {
            "schema": "tinykit.export",
            "schema_version": 1,
            "path": str(self.path),
            "format": self.format,
            "note": self.note,
            "size_bytes": self.size_bytes,
            "simulated": self.simulated,
        }


def exports() -> tuple[Export, ...]:
    """The formats known here, by name: built-in ones and other packages'."""
    from tinykit.lab import exports as folder

    names = [found.name for found in pkgutil.iter_modules(folder.__path__)]
    built_in = [importlib.import_module(f"{folder.__name__}.{name}").EXPORT for name in names]
    plugged = [entry.load() for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return tuple(sorted((*built_in, *plugged), key=lambda one: one.name))


def export_session(
    folder: Path,
    path: Path,
    *,
    name: str | None = None,
    from_s: float | None = None,
    to_s: float | None = None,
    progress: Progress = SILENT,
) -> Exported:
    """Write the session in ``folder`` to the new file ``path``; the format is ``name``, or by its suffix.

    ``from_s`` and ``to_s`` cut by the meter's clock. The file appears whole or not at all. Raises UsageError
    (EXPORT_FORMAT), RecordingError, OutputError (EXPORT_EXISTS).
    """
    chosen = _choose(path, name)
    if path.exists():
        raise OutputError(f"{path} exists already.", hint="name a new file.", code="EXPORT_EXISTS")
    session = open_session(folder)
    analysis = reanalyse(session)
    rate_hz, length = analysis.trace.sample_rate_hz, analysis.trace.length
    start = 0 if from_s is None else max(0, round(from_s * rate_hz))
    stop = length if to_s is None else min(length, round(to_s * rate_hz))
    if start >= stop:
        raise RecordingError(
            "There is no sample in that stretch.",
            hint=f"the recording lasts {length / rate_hz:.6g} s.",
            code="EXPORT_EMPTY",
        )
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        note = chosen.write(ExportJob(session, analysis, partial, start, stop, progress))
        partial.replace(path)
        size_bytes = path.stat().st_size
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.", hint="make room, or name another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return Exported(path, chosen.name, note, size_bytes, session.known.simulated)


def _choose(path: Path, name: str | None) -> Export:
    known = exports()
    for one in known:
        if one.name == name or (name is None and path.suffix.lower() == one.suffix):
            return one
    listed = ", ".join(f"{one.name} ({one.suffix})" for one in known)
    raise UsageError(
        f"There is no export '{name or path.suffix}'.", hint=f"formats: {listed}.", code="EXPORT_FORMAT"
    )
