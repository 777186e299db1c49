"""Reading catalogue files: CSV in, `Row` out, and the one place that judges a row.

A user's file needs the columns key, value, unit and source; the others may be left out. Cells are never run,
only parsed; a file is refused whole for one bad row, with its line.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast, get_args

from tinykit.comparison.catalog import MARKS, SHAPES, Row, Shape
from tinykit.comparison.units import UNITS, si_unit
from tinykit.errors import InputError
from tinykit.estimate import Kind

COLUMNS = (
    "key",
    "value",
    "low",
    "high",
    "distribution",
    "unit",
    "year",
    "kind",
    "check",
    "publisher_kind",
    "source",
    "url",
    "licence",
    "note",
)
NEEDED = ("key", "value", "unit", "source")
PUBLISHER_KINDS = ("", "measured", "modelled", "claimed", "assumed")
MAX_BYTES = 4_000_000
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_YEARS = range(1990, 2100)
_BIGGEST = 1e30
_WIDEST = 1e8
"""From low to high: beyond this a lognormal's mean says nothing, and its variance leaves floating point."""


def bundled_files() -> tuple[Path, ...]:
    """The package's own files, a category each, by name."""
    folder = Path(__file__).resolve().parent.parent / "data" / "catalog"
    return tuple(sorted(folder.glob("*.csv")))


def read_rows(
    path: Path, *, category: str | None = None, categories: Mapping[str, str] | None = None
) -> tuple[Row, ...]:
    """The rows of a file, all of ``category``, or of the category that ``categories`` gives their key.

    Raises InputError: code CATALOG_FILE where it is no catalogue, CATALOG_ROW for the first bad row.
    """
    rows = []
    for line, row, faults in judge_rows(path, category=category, categories=categories):
        if row is None or faults:
            raise InputError(
                f"{path}, line {line}: {faults[0]}.",
                hint="tinykit catalog check FILE lists all that is wrong with it.",
                code="CATALOG_ROW",
            )
        rows.append(row)
    return tuple(rows)


def judge_rows(
    path: Path, *, category: str | None = None, categories: Mapping[str, str] | None = None
) -> Iterator[tuple[int, Row | None, list[str]]]:
    """Line number, row and what is wrong with it; the row is None where it cannot be made at all.

    Raises InputError, code CATALOG_FILE, where the file is no catalogue.
    """
    seen: dict[str, int] = {}
    for line, cells in _cells(path):
        key = cells.get("key", "")
        kind = category or (categories or {}).get(key, "user")
        row, faults = make_row(cells, category=kind, origin=f"{path.name}:{line}")
        if key in seen:
            faults.append(f"the key {key!r} is there twice, first in line {seen[key]}")
        seen.setdefault(key, line)
        yield line, row, faults


def make_row(cells: Mapping[str, str], *, category: str, origin: str) -> tuple[Row | None, list[str]]:
    """A row out of a line's cells by column, and what is wrong with them."""
    faults: list[str] = []
    value, low, high = (_number(cells, name, faults) for name in ("value", "low", "high"))
    text = {name: cells.get(name, "").strip() for name in COLUMNS}
    year = _year(text["year"], faults)
    own = "check" not in cells
    kind = text["kind"] or ("assumed" if own else "published")
    check = text["check"] or "user"
    faults += _word_faults(text, kind, check)
    if faults:
        return None, faults
    row = Row(
        text["key"],
        value,
        low,
        high,
        cast(Shape, text["distribution"]),
        text["unit"],
        year,
        cast(Kind, kind),
        check,
        text["publisher_kind"],
        text["source"],
        text["url"],
        text["licence"],
        text["note"],
        category,
        origin,
    )
    return row, list(_range_faults(row))


def _cells(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every row."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise _no_catalogue(path, f"has {len(data)} bytes, above {MAX_BYTES}")
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(reader, [])
        _check_header(path, header)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise _no_catalogue(
                    path, f"has {len(cells)} cells in line {reader.line_num}, its header {len(header)}"
                )
            yield reader.line_num, dict(zip(header, cells, strict=True))
    except OSError as error:
        raise _no_catalogue(path, f"cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _no_catalogue(path, f"is not CSV in UTF-8 ({error})") from error


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1)
            raise _no_catalogue(
                path, f"has an unknown column {name!r}" + (f", did you mean {near[0]!r}?" if near else "")
            )
    if len(set(header)) != len(header):
        raise _no_catalogue(path, "names a column twice")
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise _no_catalogue(path, f"lacks the column {missing[0]!r}")


def _no_catalogue(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} is no catalogue: it {what}.",
        hint=f"a catalogue is a CSV file in UTF-8 with the columns {', '.join(NEEDED)} and, if you like, "
        f"{', '.join(name for name in COLUMNS if name not in NEEDED)}.",
        code="CATALOG_FILE",
    )


def _number(cells: Mapping[str, str], name: str, faults: list[str]) -> float | None:
    text = cells.get(name, "").strip()
    if not text:
        return None
    try:
        # Python would take 1_000, which no spreadsheet writes.
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        faults.append(f"{name} {text!r} is no finite number")
        return None
    if number and not 1.0 / _BIGGEST <= abs(number) <= _BIGGEST:
        faults.append(f"{name} {text!r} is not between {1.0 / _BIGGEST:g} and {_BIGGEST:g}")
        return None
    return number


def _year(text: str, faults: list[str]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:5]) in _YEARS):
        faults.append(f"year {text!r} is not between {_YEARS.start} and {_YEARS.stop - 1}")
        return None
    return int(text)


def _word_faults(text: Mapping[str, str], kind: str, check: str) -> Iterator[str]:
    if not _KEY.fullmatch(text["key"]):
        yield f"key {text['key']!r} is not made of letters, digits and . _ + -"
    if text["unit"] not in UNITS:
        near = difflib.get_close_matches(text["unit"], UNITS, n=2, cutoff=0.5)
        like = f", did you mean {' or '.join(near)}?" if near else "; tinykit catalog list shows those in use"
        yield f"unknown unit {text['unit']!r}{like}"
    if not text["source"]:
        yield "it has no source"
    for name, word, known in (
        ("kind", kind, get_args(Kind)),
        ("check", check, MARKS),
        ("distribution", text["distribution"], SHAPES),
        ("publisher_kind", text["publisher_kind"], PUBLISHER_KINDS),
    ):
        if word not in known:
            yield f"{name} {word!r} is none of {', '.join(filter(None, known))}"


def _range_faults(row: Row) -> Iterator[str]:
    value, low, high = row.value, row.low, row.high
    if (value is None) != (row.check == "gap"):
        yield "a row without a value is marked gap, and only such a row"
    if value is None:
        if low is not None or high is not None:
            yield "a gap has no range"
        return
    if (low is not None and low > value) or (high is not None and high < value):
        yield f"{value:g} lies outside of its range {low} to {high}"
    if row.key.startswith("pue.") and value < 1.0:
        yield f"a PUE of {value:g} is below 1"
    if si_unit(row.unit)[0] != "degC" and value < 0:
        yield f"{value:g} {row.unit} is negative"
    if not row.distribution:
        return
    if low is None or high is None:
        yield f"a {row.distribution} figure needs low and high"
    elif row.distribution == "lognormal" and not 0 < low < value < high:
        yield f"a lognormal figure needs 0 < low < value < high, got {low:g}, {value:g}, {high:g}"
    elif row.distribution == "lognormal" and high / low > _WIDEST:
        yield f"from {low:g} to {high:g} is too wide for a lognormal"
    elif not low < high:
        yield f"a triangle needs low < high, got {low:g} and {high:g}"
