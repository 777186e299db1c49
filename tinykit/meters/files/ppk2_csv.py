"""CSV of Nordic's Power Profiler: ``Timestamp(ms),Current(uA),D0-D7,D0,…,D7``, each group optional.

``D0-D7`` is text, D0 first, of ``-`` (no data), ``0``, ``1`` and ``X`` (both). What the app lost it writes as
0.200 µA with all lines low, and what was below 0.2 µA as 0 (source of the app, 2026-03).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinykit.meters.importing import Importer, ImportOptions, refused, runs
from tinykit.meters.table import Sheet, open_sheet, read_columns
from tinykit.meters.table_trace import Column, find_columns, table_trace
from tinykit.meters.trace import FloatArray, Instrument, Trace, TraceWarning

_GROUP = "D0-D7"
_LINES = tuple(f"D{line}" for line in range(8))
_FULL_RATE_HZ = 100_000.0
_LOST_UA = 0.2
# Three decimals make an honest 0.2 µA look lost; that so many follow each other, noise does not allow.
_LOST_RUN = 8


def _load(path: Path, options: ImportOptions) -> Trace:
    sheet = open_sheet(path)
    if "Current(uA)" not in sheet.header:
        raise refused(path, "the export has no current", "tick it in the export.", code="QUANTITY_MISSING")
    columns, _ = find_columns(sheet, replace(options, columns={**options.columns, **_group(sheet)}))
    seen: Counter[str] = Counter()
    names = (*(column.name for column in columns), *([_GROUP] if _GROUP in sheet.header else []))
    cells = read_columns(
        sheet, names, options, {name: lambda text: _levels(text, seen) for name in _special(names)}
    )
    if _GROUP in sheet.header:
        bits = cells.pop(_GROUP)
        columns = tuple(c for c in columns if c.quantity != "digital")
        columns += tuple(Column(line, "digital", line=line) for line in _LINES)
        cells |= {line: bits // 10.0 ** (7 - n) % 10 for n, line in enumerate(_LINES)}
    lost, notes = _lost(cells)
    cells["Current(uA)"][lost] = np.nan
    if seen["X"]:
        notes.append(
            TraceWarning("LINES_MIXED", f"{seen['X']} times a line was both high and low; taken as high.")
        )
    if seen["-"]:
        notes.append(TraceWarning("LINES_NO_DATA", f"{seen['-']} times a line had no data; taken as low."))
    trace = table_trace(
        sheet, columns, cells, options, Instrument("ppk2", "Nordic PPK2", "", "", "none"), notes
    )
    if trace.sample_rate_hz < 0.99 * _FULL_RATE_HZ:
        text = f"{trace.sample_rate_hz:g} samples a second of the app's are a filter's output, not averages."
        filtered = TraceWarning("DECIMATED", text)
        trace = replace(trace, warnings=(*trace.warnings, filtered), min_window_s=1000 / trace.sample_rate_hz)
    return trace


def _group(sheet: Sheet) -> dict[str, str]:
    return {_GROUP: "skip"} if _GROUP in sheet.header else {}


def _special(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name == _GROUP or name in _LINES)


def _levels(text: str, seen: Counter[str]) -> float:
    """``"0100000X"`` as a number of eight digits 0 and 1; one character as itself."""
    seen.update(text)
    plain = text.replace("X", "1").replace("-", "0")
    if len(plain) not in (1, 8) or set(plain) - {"0", "1"}:
        raise ValueError(text)
    return float(plain)


def _lost(
    cells: dict[str, FloatArray],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], list[TraceWarning]]:
    current_ua = cells["Current(uA)"]
    low = np.ones(len(current_ua), bool)
    for line in _LINES:
        if line in cells:
            low &= cells[line] == 0
    looks_lost = (current_ua == _LOST_UA) & low
    lost = np.zeros(len(current_ua), bool)
    for start, stop in runs(looks_lost):
        lost[start:stop] = stop - start >= _LOST_RUN
    notes = []
    if lost.any():
        notes.append(
            TraceWarning("PPK2_LOST", f"{int(lost.sum())} rows are what the app writes for lost samples.")
        )
    if (looks_lost & ~lost).any():
        count = int((looks_lost & ~lost).sum())
        notes.append(
            TraceWarning("PPK2_LOST_MAYBE", f"{count} rows of 0.200 µA may be lost samples, or true.")
        )
    if clamped := int((current_ua == 0).sum()):
        share = 100 * clamped / len(current_ua)
        notes.append(
            TraceWarning("PPK2_CLAMPED", f"{share:.3g} % of the samples were below 0.2 µA and are 0.")
        )
    return lost, notes


def _accepts(path: Path, head: bytes) -> bool:
    line = head.partition(b"\n")[0].strip().removeprefix(b"\xef\xbb\xbf")
    return path.suffix.lower() == ".csv" and (
        line.startswith((b"Timestamp(ms),", b"Current(uA)")) or (b"D0-D7" in line and b"," in line)
    )


IMPORTER = Importer(
    name="ppk2-csv", description=".csv of Nordic's Power Profiler", accepts=_accepts, load=_load
)
