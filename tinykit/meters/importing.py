"""``load_recording``: a file that another program recorded, as a Trace; the contract for ``files/``.

Other people's files carry traps: values that were clamped, averaged or made up, clocks that lie, units that
nobody wrote down. Each is either refused, or mended with a warning in the trace that says so.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinykit.errors import RecordingError
from tinykit.meters.trace import Supply, Trace
from tinykit.progress import SILENT, Progress

ENTRY_POINTS = "tinykit.recording_importers"
HEAD_BYTES = 4096
DEFAULT_MAX_BYTES = 2 * 1024**3
"""The most memory that one recording's samples may take, for formats that cannot be read piece by piece."""
MAX_RUNS = 1_000_000


@dataclass(frozen=True)
class ImportOptions:
    """What the caller knows and the file does not say.

    ``voltage_v`` in V with ``voltage_source`` (who says so; "" makes it assumed). ``columns`` maps a table's
    header to ``quantity:unit``, as ``current:mA``, ``time:s``, ``digital:D0``, or to ``skip``; the columns it
    leaves out are read by their headers. ``sample_rate_hz`` is for files without times. ``trial`` picks one
    of several, from 0.
    """

    voltage_v: float | None = None
    voltage_source: str = ""
    rail: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    sample_rate_hz: float | None = None
    trial: int | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    progress: Progress = SILENT

    def supply(self) -> Supply | None:
        """The rail as the caller knows it; None where no voltage was given."""
        if self.voltage_v is None:
            return None
        if not (np.isfinite(self.voltage_v) and self.voltage_v > 0):
            raise RecordingError(
                f"A supply of {self.voltage_v} V cannot be.",
                hint="give the voltage of the rail in volts, above zero.",
                code="VOLTAGE_ABSURD",
            )
        if self.voltage_source:
            return Supply(self.voltage_v, "measured", self.voltage_source, self.rail)
        return Supply(self.voltage_v, "assumed", "given by the user", self.rail)


@dataclass(frozen=True)
class Importer:
    """One format. ``accepts`` sees the path and the file's first 4096 bytes; ``load`` raises RecordingError.

    A ``is_fallback`` one is asked after all others. Where a recording is several files, whose names differ in
    their ``tails`` only, the first of them is the one to name.
    """

    name: str
    description: str
    accepts: Callable[[Path, bytes], bool]
    load: Callable[[Path, ImportOptions], Trace]
    is_fallback: bool = False
    tails: tuple[str, ...] = ()


def importers() -> tuple[Importer, ...]:
    """The formats known here: built-in ones by file name, other packages', and last the fallbacks."""
    from tinykit.meters import files

    names = sorted(found.name for found in pkgutil.iter_modules(files.__path__))
    built_in = [importlib.import_module(f"{files.__name__}.{name}").IMPORTER for name in names]
    plugged = [entry.load() for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return tuple(sorted((*built_in, *plugged), key=lambda importer: importer.is_fallback))


def load_recording(path: Path | str, options: ImportOptions = ImportOptions()) -> Trace:
    """The recording in ``path`` as a Trace. Raises RecordingError with a code that says what is wrong.

    The file must stay where it is while the trace is used: large ones are read again as they are looked at.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if not head:
            raise refused(path, "the file is empty", "was the recording saved?", code="RECORDING_EMPTY")
        known = importers()
        for importer in known:
            if importer.accepts(path, head):
                return importer.load(path, options)
    except OSError as error:
        raise refused(
            path,
            f"it cannot be read: {error.strerror or error}",
            "check the path and its permissions.",
            code="RECORDING_MISSING",
        ) from error
    formats = "; ".join(importer.description for importer in known if importer.description)
    raise refused(
        path,
        "this is no recording of a kind that can be imported",
        f"formats: {formats}.",
        code="RECORDING_FORMAT",
    )


def parts(path: Path) -> dict[str, Path]:
    """The files that make up the recording ``path``, by the tails of their names; most are one file."""
    for importer in importers():
        first = importer.tails[0] if importer.tails else ""
        if first and path.name.endswith(first):
            stem = path.name.removesuffix(first)
            beside = {tail: path.with_name(stem + tail) for tail in importer.tails}
            return {tail: one for tail, one in beside.items() if one.is_file()}
    return {path.suffix.lower(): path}


def refused(path: Path, problem: str, hint: str, *, code: str) -> RecordingError:
    """The error for ``path``: what is wrong, the way out, and a stable code."""
    return RecordingError(f"{path.name}: {problem}.", hint=hint, code=code)


def check_memory(path: Path, size_bytes: int, options: ImportOptions) -> None:
    """Raise RecordingError, code RECORDING_TOO_LARGE, before ``size_bytes`` of memory are taken."""
    if size_bytes > options.max_bytes:
        raise refused(
            path,
            f"reading it takes {size_bytes:,} bytes of memory; the limit is {options.max_bytes:,}",
            "cut it into pieces, or save it in a format that is read piece by piece (.ppk2, .jls).",
            code="RECORDING_TOO_LARGE",
        )


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where ``mask`` (n,) is true without a break: rows (start, stop), int64 (k, 2)."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2).astype(np.int64)
