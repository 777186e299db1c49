"""Text tables of numbers (CSV) into arrays, without trusting them: separators, commas, holes, junk."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinykit.meters.importing import ImportOptions, check_memory, refused
from tinykit.meters.trace import FloatArray, TraceWarning

_PIECE_CHARS = 1 << 22
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*")
_MISSING = {"", "nan", "-nan", "na", "n/a", "null"}
_HINT = "a table needs a header line, one separator, and a number in every cell; export it again like that."

Parse = Callable[[str], float]


@dataclass(frozen=True)
class Sheet:
    """A table's first line, and how the rest is written. Made by :func:`open_sheet`."""

    path: Path
    header: tuple[str, ...]
    separator: str
    encoding: str
    decimal_comma: bool
    warnings: tuple[TraceWarning, ...]


def open_sheet(path: Path) -> Sheet:
    """Look at the beginning of ``path``. Raises RecordingError: CSV_ENCODING, CSV_HEADER or CSV_DECIMAL."""
    with path.open("rb") as file:
        lines = [file.readline(1 << 16) for _ in range(2)]
    warnings = []
    if lines[0].startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in lines[0]:
        raise refused(path, "this is UTF-16 or no text", "save it as CSV in UTF-8.", code="CSV_ENCODING")
    if lines[0].startswith(b"\xef\xbb\xbf"):
        warnings.append(TraceWarning("CSV_BOM", "The file begins with a byte order mark, which is skipped."))
    encoding = "utf-8-sig"
    try:
        first = lines[0].decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        first = lines[0].decode(encoding, "replace")
        warnings.append(TraceWarning("CSV_CP1252", "The header is not UTF-8 and is read as Windows-1252."))
    separator = max(",;\t", key=first.count)
    try:
        cells = next(csv.reader([first.lstrip("# ")], delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise refused(path, f"the header line is damaged: {error}", _HINT, code="CSV_HEADER") from error
    header = [name.strip() for name in cells]
    while header and not header[-1]:
        header.pop()
    if not header or all(_is_number(name) for name in header):
        raise refused(path, "the header line is missing", _HINT, code="CSV_HEADER")
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise refused(path, f"two columns are called '{twice[0][:40]}'", _HINT, code="CSV_HEADER")
    row = lines[1].decode(encoding, "replace").strip()
    comma = _has_decimal_comma(path, row, separator)
    if comma:
        warnings.append(TraceWarning("CSV_DECIMAL_COMMA", "Numbers have decimal commas, read as points."))
    return Sheet(path, tuple(header), separator, encoding, comma, tuple(warnings))


def _has_decimal_comma(path: Path, row: str, separator: str) -> bool:
    if separator == ",":
        return False
    cells = row.split(separator)
    if any("." in cell and "," in cell for cell in cells):
        raise refused(
            path,
            f"'{row[:40]}' has points and commas in one number",
            "save numbers without marks between thousands.",
            code="CSV_DECIMAL",
        )
    return any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def read_columns(
    sheet: Sheet, names: tuple[str, ...], options: ImportOptions, special: Mapping[str, Parse] | None = None
) -> dict[str, FloatArray]:
    """Columns ``names`` as float64 (rows,); an empty or NaN cell is NaN.

    ``special`` columns are read by a function of their own where they are not plain numbers. Raises
    RecordingError with file and line: CSV_CELLS, CSV_NUMBER, RECORDING_EMPTY or RECORDING_TOO_LARGE.
    """
    size_bytes = sheet.path.stat().st_size
    # The shortest row is one digit a column, each with a separator or a line's end.
    check_memory(sheet.path, 4 * size_bytes * len(names) // len(sheet.header), options)
    pieces = [_parsed(sheet, names, text, line, special or {}) for line, text in _pieces(sheet)]
    rows = np.concatenate(pieces) if pieces else np.empty((0, len(names)))
    if not len(rows):
        raise refused(sheet.path, "there are no rows", "was anything recorded?", code="RECORDING_EMPTY")
    return {name: np.ascontiguousarray(rows[:, place]) for place, name in enumerate(names)}


def _pieces(sheet: Sheet) -> Iterator[tuple[int, str]]:
    """(number of the first line, whole lines) behind the header."""
    line = 2
    with sheet.path.open(encoding=sheet.encoding, errors="replace", newline="") as file:
        file.readline()
        while text := file.read(_PIECE_CHARS):
            text += file.readline()
            if sheet.decimal_comma:
                text = text.replace(",", ".")
            yield line, text
            line += text.count("\n")


def _parsed(
    sheet: Sheet, names: tuple[str, ...], text: str, line: int, special: Mapping[str, Parse]
) -> FloatArray:
    """Rows of ``names``, float64 (n, columns)."""
    places = [sheet.header.index(name) for name in names]
    rows = text.count("\n") + (not text.endswith("\n"))
    # numpy's reader is quick but forgives rows that are too long: those are counted first.
    if text.count(sheet.separator) == rows * (len(sheet.header) - 1) and '"' not in text:
        try:
            values = np.loadtxt(
                io.StringIO(text), delimiter=sheet.separator, usecols=places, ndmin=2, comments=None
            )
        except ValueError:
            pass
        else:
            if len(values) == rows and np.isfinite(values).all():
                return values
    slowly = list(_rows(sheet, names, places, text, line, special))
    return np.array(slowly, dtype=np.float64).reshape(-1, len(names))


def _rows(
    sheet: Sheet,
    names: tuple[str, ...],
    places: list[int],
    text: str,
    line: int,
    special: Mapping[str, Parse],
) -> Iterator[list[float]]:
    reader = csv.reader(io.StringIO(text), delimiter=sheet.separator, strict=True)
    width = len(sheet.header)
    try:
        for cells in reader:
            if not cells or cells == [""]:
                continue
            if len(cells) != width and not (len(cells) == width + 1 and not cells[-1].strip()):
                raise _bad(sheet, line + reader.line_num - 1, f"{len(cells)} cells, the header has {width}")
            row = []
            for name, place in zip(names, places, strict=True):
                try:
                    row.append(_number(cells[place], special.get(name)))
                except ValueError:
                    problem = f"column '{name[:40]}': '{cells[place][:40]}' is no number"
                    raise refused(
                        sheet.path, f"line {line + reader.line_num - 1}, {problem}", _HINT, code="CSV_NUMBER"
                    ) from None
            yield row
    except csv.Error as error:
        raise _bad(sheet, line + reader.line_num - 1, str(error)) from error


def _number(cell: str, special: Parse | None) -> float:
    text = cell.strip()
    if text.lower() in _MISSING:
        return float("nan")
    if special is not None:
        return special(text)
    value = float(text)
    if not np.isfinite(value):
        raise ValueError(text)
    return value


def _bad(sheet: Sheet, line: int, problem: str) -> Exception:
    hint = "one row, one cell a column. Decimal commas need another separator, such as a semicolon."
    return refused(sheet.path, f"line {line}: {problem}", hint, code="CSV_CELLS")


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
