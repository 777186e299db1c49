"""``.csv``: a header line, then numbers; each row is one sample, one column may be the label.

The label column is the one named by ``label_column``, else ``label``, else ``y`` (in any case). There is
no guessing beyond that: without such a column the set has no labels.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tinykit.datasets.loader import Array, Loaded, Loader, LoadOptions, check_size, sha256_file
from tinykit.errors import DatasetError

_DEFAULT_LABELS = ("label", "y")


def _load(path: Path, options: LoadOptions) -> Loaded:
    # A number takes two bytes of text at least ("0,") and eight here.
    check_size(f"{path}, as float64,", 4 * path.stat().st_size, options)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.reader(file, strict=True)
            header = _header(path, next(table, []))
            values = _values(path, table, header)
    except UnicodeDecodeError as error:
        raise _refused(path, None, "the file is not UTF-8 text") from error
    except csv.Error as error:
        raise _refused(path, None, f"this is not a table: {error}") from error
    column = _label_column(path, header, options.label_column)
    if column is None:
        return Loaded(values, None, sha256_file(path), is_flat=True)
    x = np.delete(values, column, axis=1)
    return Loaded(x, _whole(values[:, column]), sha256_file(path), is_flat=True)


def _values(path: Path, table: Iterator[list[str]], header: list[str]) -> Array:
    """All cells as float64 (rows, columns); kept flat while reading, so that narrow tables stay small."""
    numbers = array("d")
    for cells in table:
        line: int = table.line_num  # type: ignore[attr-defined]
        if not cells:
            continue
        if len(cells) != len(header):
            raise _refused(path, line, f"{len(cells)} cells, the header has {len(header)}")
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            raise _bad_cell(path, line, header, cells) from None
        if not all(map(math.isfinite, row)):
            raise _bad_cell(path, line, header, cells)
        numbers.extend(row)
    return np.frombuffer(numbers, dtype=np.float64).reshape(-1, len(header))


def _bad_cell(path: Path, line: int, header: list[str], cells: list[str]) -> DatasetError:
    for name, cell in zip(header, cells, strict=True):
        try:
            if math.isfinite(float(cell)):
                continue
            problem = "is not finite"
        except ValueError:
            problem = "is not a number"
        return _refused(path, line, f"column {name!r}: {cell[:40]!r} {problem}")
    raise AssertionError("called for a row without a bad cell")


def _header(path: Path, header: list[str]) -> list[str]:
    header = [name.strip() for name in header]
    if not header:
        raise _refused(path, None, "the file is empty", code="EMPTY")
    # pandas writes 0, 1, 2, ... as the names of nameless columns; other numbers are data.
    if header != [str(i) for i in range(len(header))] and all(_is_number(name) for name in header):
        raise _refused(path, 1, "the header line is missing: the first line holds numbers")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        raise _refused(path, 1, "cells are not separated by commas")
    return header


def _label_column(path: Path, header: list[str], wanted: str | None) -> int | None:
    for name in (wanted,) if wanted is not None else _DEFAULT_LABELS:
        found = [i for i, column in enumerate(header) if column == name]
        found = found or [i for i, column in enumerate(header) if column.lower() == name.lower()]
        if len(found) > 1:
            raise _refused(path, 1, f"{len(found)} columns are called {name!r}")
        if found:
            return found[0]
    if wanted is not None:
        names = ", ".join(repr(column) for column in header[:8])
        raise _refused(path, 1, f"there is no column {wanted!r}; the first are {names}")
    return None


def _whole(y: Array) -> Array:
    labels: Array = y.astype(np.int64) if (np.abs(y) < 2**53).all() else y
    return labels if np.array_equal(labels, y) else y


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _refused(path: Path, line: int | None, problem: str, code: str = "CSV") -> DatasetError:
    where = f"{path}, line {line}" if line is not None else str(path)
    return DatasetError(
        f"{where}: {problem}.",
        hint="a .csv needs a header line, commas, and a number in every cell.",
        code=code,
    )


LOADER = Loader(
    name="csv",
    description=".csv with a header, numbers, and a column `label` or `y`",
    accepts=lambda path: path.is_file() and path.suffix.lower() == ".csv",
    load=_load,
)
