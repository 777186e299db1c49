"""A comparison's folder, read back: its document, its sweep, and the comparison itself computed again.

The document's figures are what a report shows. Pictures need the draws, which no file holds: the scenario is
computed again, and its figures must be the document's; where they are not, there are no pictures.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.comparison.accuracy import Curve
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.files import DOCUMENT, SCENARIO
from tinykit.comparison.paired import ACCURACY, HEADER
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.result_document import SCHEMA, SCHEMA_VERSION, document
from tinykit.comparison.run import run_options
from tinykit.comparison.scenario import load_scenario
from tinykit.comparison.sweep_table import SWEEP
from tinykit.errors import InputError, TinykitError

MAX_BYTES = 32 * 1024 * 1024
_CLOSE = 1e-6
_COMPARED = ("column", "policies", "differences", "tornado", "break_evens", "parameters", "words")


@dataclass(frozen=True)
class StoredComparison:
    """``data`` is the document, ``sweep`` the rows of its sweep.csv, ``curve`` what its accuracy.csv holds.

    ``result`` is None where computing it again gave other figures, or nothing: ``why`` says so."""

    folder: Path
    data: Mapping[str, Any]
    sha256: str
    sweep: tuple[Mapping[str, str], ...]
    result: Result | None
    why: str
    curve: Curve | None = None


def read_json(path: Path) -> tuple[Any, str]:
    """The document in ``path`` and its SHA-256. Raises InputError, code REPORT_INPUT."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", hint="check the path.", code="REPORT_INPUT"
        ) from error
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("it is too large")
        return json.loads(data), hashlib.sha256(data).hexdigest()
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no JSON document: {error}.",
            hint="give what tinykit wrote: a conversion's report, a session's or a comparison's folder.",
            code="REPORT_INPUT",
        ) from error


def open_comparison(folder: Path) -> StoredComparison:
    """The comparison in ``folder``. Raises InputError, code REPORT_INPUT."""
    data, digest = read_json(folder / DOCUMENT)
    if (
        not isinstance(data, dict)
        or data.get("schema") != SCHEMA
        or data.get("schema_version") != SCHEMA_VERSION
    ):
        raise InputError(
            f"{folder / DOCUMENT} is no comparison of version {SCHEMA_VERSION}.",
            hint="tinykit compare -o DIR writes one.",
            code="REPORT_INPUT",
        )
    result, why = _again(folder, data)
    sweep = _rows(folder / SWEEP)
    return StoredComparison(folder, data, digest, sweep, result, why, _curve(folder / ACCURACY, data))


def _again(folder: Path, data: Mapping[str, Any]) -> tuple[Result | None, str]:
    try:
        scenario, catalog = load_scenario(folder / SCENARIO), Catalog.load()
        options = run_options(scenario, catalog)
        comparison = compare(
            scenario, catalog, draws=options.draws, seed=options.seed, objective=options.column
        )
        result = make_result(comparison, catalog, options.column)
    except TinykitError as error:
        return None, f"{SCENARIO} cannot be computed again: {error.message}"
    now = json.loads(json.dumps(document(result)))
    different = [name for name in _COMPARED if not _same(data.get(name), now[name])]
    if different:
        return None, f"computed again, {SCENARIO} gives other figures ({', '.join(different)})"
    return result, ""


def _same(a: Any, b: Any) -> bool:
    """Equal but for the last digits, in which computers and versions of NumPy may differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=_CLOSE, abs_tol=1e-12)
    return bool(a == b)


def _curve(path: Path, data: Mapping[str, Any]) -> Curve | None:
    """The curve of paired predictions. Raises InputError, code REPORT_INPUT."""
    rows, about = _rows(path), data.get("accuracy")
    if not rows or about is None:
        return None
    try:
        columns = [
            np.array([float(row[name] or nan) for row in rows])
            for name, nan in zip(HEADER[:4], (math.inf, math.nan, math.nan, math.inf), strict=True)
        ]
        threshold, share, accuracy, cost = columns
        edge, cloud = (float(about[f"{side}_accuracy"]) for side in ("edge", "cloud"))
        front = np.array([row["on_front"] == "yes" for row in rows])
        return Curve(threshold, share, accuracy, int(about["samples"]), edge, cloud, cost, front)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is refused: {type(error).__name__}: {error}.",
            hint="a comparison is read only as tinykit wrote it; compare again.",
            code="REPORT_INPUT",
        ) from error


def _rows(path: Path) -> tuple[Mapping[str, str], ...]:
    if not path.is_file():
        return ()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("it is too large")
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read: {error}.", hint="write the comparison again.", code="REPORT_INPUT"
        ) from error
