"""What a comparison leaves in its folder: the scenario, complete; the document; tables for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tinykit.comparison.flow import POLICIES
from tinykit.comparison.ledger import COLUMNS
from tinykit.comparison.paired import ACCURACY, HEADER, accuracy_rows
from tinykit.comparison.result import Cell, Result
from tinykit.comparison.result_document import document
from tinykit.comparison.writeback import complete, scenario_toml
from tinykit.errors import OutputError
from tinykit.lab.manifest import MANIFEST

SCENARIO = "scenario.toml"
DOCUMENT = "comparison.json"
LEDGER = "ledger.csv"
SENSITIVITY = "sensitivity.csv"
_RUNS_IN_A_SHEET = ("=", "+", "-", "@", "\t", "\r")
Value = str | float | None


def claim(folder: Path) -> None:
    """Make ``folder``. Raises OutputError where that cannot be, or where it is a session's."""
    if (folder / MANIFEST).exists():
        raise OutputError(
            f"{folder} is a session, and is kept as it was recorded.", hint="name another folder with -o."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be used: {error.strerror or error}.", hint="name a folder with -o."
        ) from error


def write_result(folder: Path, result: Result) -> tuple[Path, ...]:
    """Write what `tinykit compare` promises into ``folder``, each file whole or not at all.

    Raises OutputError.
    """
    files = {
        SCENARIO: scenario_text(result),
        DOCUMENT: json.dumps(document(result), indent=1, allow_nan=False) + "\n",
        LEDGER: ledger_csv(result),
        SENSITIVITY: sensitivity_csv(result),
    }
    if result.paired is not None:
        files[ACCURACY] = csv_text(HEADER, accuracy_rows(result.paired))
    return write_files(folder, files)


def write_files(folder: Path, files: dict[str, str]) -> tuple[Path, ...]:
    """Write texts by name. Raises OutputError."""
    claim(folder)
    try:
        for name, text in files.items():
            partial = folder / f".{name}.partial"
            partial.write_text(text, encoding="utf-8", errors="replace", newline="")
            partial.replace(folder / name)
    except OSError as error:
        raise OutputError(
            f"{folder} does not take the files: {error.strerror or error}.",
            hint="make room, or name another folder with -o.",
        ) from error
    return tuple(folder / name for name in files)


def scenario_text(result: Result) -> str:
    """The scenario, complete; what it was computed with stands in its comments."""
    provenance = result.provenance
    libraries = ", ".join(f"{name} {version}" for name, version in provenance.libraries.items())
    return scenario_toml(
        complete(result.comparison.parameters, result.words),
        {
            "written by": f"tinykit {provenance.tinykit}; {libraries}",
            "catalogue": f"sha256 {provenance.catalog_sha256}",
            "answer": document(result)["headline"],
        },
    )


def ledger_csv(result: Result) -> str:
    """A row a line and policy, then the sum of each policy; a blank cell is unknown."""
    header = ["policy", "line", "site"]
    for column in COLUMNS:
        header += [column, f"{column}_low95", f"{column}_high95", f"{column}_kind"]
    return csv_text([*header, "formula", "used", "missing", "sources"], _ledger_rows(result))


def sensitivity_csv(result: Result) -> str:
    """The tornado's bars, the longest first: what the edge saves with each figure at its own two ends."""
    header = ["key", "low", "high", "saving_at_low", "saving_at_high", "saving_nominal", "column"]
    bars = result.comparison.tornado
    return csv_text(
        header, ([b.key, b.low, b.high, b.at_low, b.at_high, b.nominal, result.column] for b in bars)
    )


def _ledger_rows(result: Result) -> Iterator[list[Value]]:
    for policy in POLICIES:
        one = result.policies[policy]
        for line in one.lines:
            missing = "; ".join(f"{key}: {why}" for key, why in line.missing.items())
            cells = _cells(line.cells[column] for column in COLUMNS)
            end = [line.formula, " ".join(line.used), missing, "; ".join(line.sources)]
            yield [policy, line.key, line.site, *cells, *end]
        gaps = "; ".join(dict.fromkeys(key for keys in one.gaps.values() for key in keys))
        yield [policy, "total", "", *_cells(one.totals[column] for column in COLUMNS), "", "", gaps, ""]


def _cells(cells: Iterable[Cell]) -> list[Value]:
    found: list[Value] = []
    for cell in cells:
        one = cell.outcome
        found += [None] * 3 if one is None else [one.nominal, one.low, one.high]
        found.append(cell.kind)
    return found


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """A CSV whose texts no spreadsheet runs, and whose unknown cells are blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_safe(value) for value in row])
    return text.getvalue()


def _safe(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_RUNS_IN_A_SHEET) else value
    return repr(float(value))
