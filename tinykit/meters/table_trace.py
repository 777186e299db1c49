"""A table's columns into a Trace: which column is what, in which unit, and never by guessing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinykit.meters.grid import Grid, row_grid, time_grid
from tinykit.meters.importing import MAX_RUNS, ImportOptions, refused, sha256_file
from tinykit.meters.table import Sheet
from tinykit.meters.trace import (
    INVALID,
    Block,
    ByteArray,
    FloatArray,
    Instrument,
    Provenance,
    Supply,
    Trace,
    TraceWarning,
    array_trace,
)

_PREFIX = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9}
_BASE = {"s": "time", "A": "current", "V": "voltage", "W": "power"}
UNITS = {prefix + base: (_BASE[base], scale) for base in _BASE for prefix, scale in _PREFIX.items()}
_WITH_UNIT = re.compile(r"(.+?)(?:\s*[\[(]\s*([^\])]*?)\s*[\])]|_([A-Za-zµμ]+))")
_MEASURED = re.compile(r"(?:.*(?:time|current|voltage|power).*|[tivp]|value)", re.IGNORECASE)
_LINE = re.compile(r"(?:D|gpi|gpio|marker|line|channel)[ _]?\[?(\d*)\]?", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A table's column: a ``quantity`` ("time", "current", "voltage", "power" or "digital") × ``scale``."""

    name: str
    quantity: str
    scale: float = 1.0
    line: str = ""


def find_columns(sheet: Sheet, options: ImportOptions) -> tuple[tuple[Column, ...], list[TraceWarning]]:
    """What the columns are: as ``options`` say, else as headers with units do; the rest is left out aloud.

    Raises RecordingError: COLUMN_UNKNOWN, UNITS_UNKNOWN, COLUMNS_AMBIGUOUS or QUANTITY_MISSING.
    """
    for name in options.columns:
        if name not in sheet.header:
            raise refused(
                sheet.path,
                f"there is no column '{name[:40]}'",
                f"the columns are {', '.join(sheet.header)[:200]}.",
                code="COLUMN_UNKNOWN",
            )
    found = [
        _declared(sheet.path, name, options.columns[name])
        if name in options.columns
        else _by_header(sheet, name)
        for name in sheet.header
    ]
    columns = [column for column in found if column is not None]
    for quantity in ("time", "current", "voltage", "power"):
        same = [column.name for column in columns if column.quantity == quantity]
        if len(same) > 1:
            raise refused(
                sheet.path,
                f"{' and '.join(same)[:80]} are all {quantity}",
                "say which column is meant, and skip the others.",
                code="COLUMNS_AMBIGUOUS",
            )
    columns, warnings = _chosen(sheet, columns), []
    used = {column.name for column in columns}
    unused = [name for name in sheet.header if name not in used and options.columns.get(name) != "skip"]
    if unused:
        warnings.append(TraceWarning("COLUMNS_SKIPPED", f"Not read: {', '.join(unused)[:200]}."))
    return tuple(columns), warnings


def _declared(path: Path, name: str, text: str) -> Column | None:
    quantity, _, detail = text.partition(":")
    if text == "skip":
        return None
    if quantity == "digital":
        return Column(name, "digital", line=detail or name)
    if UNITS.get(detail, ("",))[0] != quantity:
        raise refused(
            path,
            f"'{text[:40]}' for column '{name[:40]}' is no quantity with a unit",
            "write time:ms, current:uA, voltage:V, power:mW, digital:D0 or skip.",
            code="UNITS_UNKNOWN",
        )
    return Column(name, quantity, UNITS[detail][1])


def _by_header(sheet: Sheet, name: str) -> Column | None:
    if line := _LINE.fullmatch(name):
        return Column(name, "digital", line=f"D{line[1]}" if line[1] else name)
    with_unit = _WITH_UNIT.fullmatch(name)
    unit = (with_unit[2] or with_unit[3]) if with_unit else None
    if unit in UNITS:
        quantity, scale = UNITS[unit]
        return Column(name, quantity, scale)
    in_brackets = with_unit is not None and with_unit[2] is not None
    if in_brackets or _MEASURED.fullmatch(name):
        raise refused(
            sheet.path,
            f"column '{name[:40]}' has no unit that is known",
            f"say what it is, for example '{name[:40]}' is current:mA, or skip it.",
            code="UNITS_UNKNOWN",
        )
    return None


def _chosen(sheet: Sheet, columns: list[Column]) -> list[Column]:
    have = {column.quantity for column in columns}
    if "power" in have and "current" in have:
        # Power is complete by itself; current is so only beside a voltage.
        spare = {"power"} if "voltage" in have else {"current", "voltage"}
    elif "power" in have:
        spare = {"voltage"}
    elif "current" in have:
        spare = set()
    else:
        raise refused(
            sheet.path,
            "there is no column of current or power",
            "headers need units: current_mA, I (uA), power_W.",
            code="QUANTITY_MISSING",
        )
    digital = [column for column in columns if column.quantity == "digital"]
    if len(digital) > 8:
        raise refused(
            sheet.path, f"{len(digital)} digital columns; 8 are taken", "skip some.", code="COLUMNS_AMBIGUOUS"
        )
    return [column for column in columns if column.quantity not in spare]


def table_trace(
    sheet: Sheet,
    columns: Sequence[Column],
    cells: dict[str, FloatArray],
    options: ImportOptions,
    instrument: Instrument,
    warnings: Sequence[TraceWarning] = (),
) -> Trace:
    """The trace of ``cells`` (a float64 (rows,) for every column). Raises RecordingError as the grids do."""
    series = {c.quantity: cells[c.name] * c.scale for c in columns if c.quantity != "digital"}
    lines = [c for c in columns if c.quantity == "digital"]
    measured = [series[name] for name in ("current", "power", "voltage") if name in series]
    everything = np.column_stack([*measured, *(cells[c.name] for c in lines)])
    if "time" in series:
        grid = time_grid(sheet.path, series["time"], everything, options)
    else:
        grid = row_grid(sheet.path, len(everything), options)
    missing = np.isnan(sum(measured))[grid.rows]
    notes = [*sheet.warnings, *warnings, *grid.warnings]
    if missing.any():
        notes.append(
            TraceWarning("NOT_A_NUMBER", f"{int(missing.sum())} rows lack a number; left out of sums.")
        )
    voltage_v = series["voltage"][grid.rows] if "voltage" in series else None
    supply = Supply(None, "measured", "the file", options.rail) if voltage_v is not None else options.supply()
    values = (series["current"] if "current" in series else series["power"])[grid.rows]
    values[missing] = np.nan
    flags = np.where(missing, INVALID, 0).astype(np.uint8) if missing.any() else None
    blocks = _blocks(
        sheet.path,
        grid,
        "current" in series,
        values,
        voltage_v,
        _digital(sheet.path, lines, cells, grid),
        flags,
    )
    return array_trace(
        grid.sample_rate_hz,
        instrument,
        supply,
        *blocks,
        provenance=Provenance(sheet.path.name, sha256_file(sheet.path)),
        digital_lines=tuple(c.line for c in lines),
        warnings=tuple(notes),
    )


def _digital(
    path: Path, lines: Sequence[Column], cells: dict[str, FloatArray], grid: Grid
) -> ByteArray | None:
    if not lines:
        return None
    bits = np.zeros(len(grid.rows), np.uint8)
    for place, column in enumerate(lines):
        level = cells[column.name][grid.rows]
        if not ((level == 0) | (level == 1)).all():
            raise refused(
                path,
                f"column '{column.name[:40]}' is a digital line with values other than 0 and 1",
                "skip the column, or make it 0 and 1.",
                code="LINE_VALUES",
            )
        bits |= level.astype(np.uint8) << place
    return bits


def _blocks(
    path: Path,
    grid: Grid,
    is_current: bool,
    values: FloatArray,
    voltage_v: FloatArray | None,
    digital: ByteArray | None,
    flags: ByteArray | None,
) -> list[Block]:
    cuts = np.flatnonzero(np.diff(grid.numbers) != 1) + 1
    if len(cuts) > MAX_RUNS:
        raise refused(path, "rows are missing everywhere", "export again.", code="TIME_IRREGULAR")
    bounds = [0, *cuts.tolist(), len(values)]
    return [
        Block(
            int(grid.numbers[low]),
            current_a=values[low:high] if is_current else None,
            power_w=None if is_current else values[low:high],
            voltage_v=None if voltage_v is None else voltage_v[low:high],
            digital=None if digital is None else digital[low:high],
            flags=None if flags is None else flags[low:high],
        )
        for low, high in itertools.pairwise(bounds)
    ]
