"""The document ``tinykit.comparison``: every line, every gap, every figure's source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tinykit.comparison import paired
from tinykit.comparison.compare import Outcome
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.result import UNITS, Cell, PolicyResult, Result, ResultLine
from tinykit.comparison.result_headline import answer, headline, kinds

SCHEMA = "tinykit.comparison"
SCHEMA_VERSION = 1


def document(result: Result) -> dict[str, Any]:
    """For JSON. No time stamp: the same scenario gives the same bytes."""
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "headline": headline(result),
        "answers": {policy: answer(result, policy) for policy in ("edge", "hybrid")},
        "column": result.column,
        "units": dict(UNITS),
        "simulated": result.simulated,
        "accepted": list(result.accepted),
        "stance": result.words["stance"],
        "kinds": dict(kinds(result)),
        "words": dict(result.words),
        "provenance": asdict(result.provenance),
        "policies": {name: _policy(one) for name, one in result.policies.items()},
        "differences": [_difference(result, k) for k in range(len(result.comparison.differences))],
        "tornado": [{**asdict(bar), "swing": bar.swing} for bar in result.comparison.tornado],
        "break_evens": [asdict(one) for one in result.comparison.break_evens],
        "gaps": list(_gaps(result)),
        "parameters": {key: _parameter(one) for key, one in result.parameters.items()},
        "accuracy": None if result.paired is None else paired.document(result.paired),
        "notes": list(result.notes),
    }


def _policy(one: PolicyResult) -> dict[str, Any]:
    return {
        "hand": asdict(one.hand),
        "latency_s": one.latency_s,
        "latency_is_lower_bound": one.latency_is_lower_bound,
        "feasible": one.feasible,
        "battery": None
        if one.battery is None
        else {"days": _outcome(one.battery.days), "is_upper_bound": one.battery.is_upper_bound},
        "obstacles": list(one.obstacles),
        "totals": {column: _cell(cell) for column, cell in one.totals.items()},
        "lines": [_line(line) for line in one.lines],
    }


def _line(line: ResultLine) -> dict[str, Any]:
    return {
        "key": line.key,
        "site": line.site,
        "formula": line.formula,
        "columns": {column: _cell(cell) for column, cell in line.cells.items()},
        "used": list(line.used),
        "sources": list(line.sources),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    if cell.outcome is None:
        return {"nominal": None, "interval95": None, "kind": cell.kind}
    return {**_outcome(cell.outcome), "kind": cell.kind}


def _outcome(one: Outcome) -> dict[str, Any]:
    return {"nominal": one.nominal, "interval95": [one.low, one.high]}


def _difference(result: Result, k: int) -> dict[str, Any]:
    one = result.comparison.differences[k]
    return {
        "policy": one.policy,
        "than": one.than,
        "column": one.column,
        "saving": None if one.saving is None else _outcome(one.saving),
        "ratio": None if one.ratio is None else _outcome(one.ratio),
        "probability": None if one.wins in (0.0, 1.0) else one.wins,
        "why": answer(result, one.policy, one.column) if one.saving is None else None,
        "missing": list(one.missing),
    }


def _gaps(result: Result) -> Iterator[dict[str, Any]]:
    """Every blank cell once a line: what it lacks, and in which columns and policies."""
    found: dict[str, dict[str, Any]] = {}
    for policy, one in result.policies.items():
        for line in one.lines:
            columns = [column for column, cell in line.cells.items() if cell.kind == "missing"]
            if not columns:
                continue
            gap = found.setdefault(line.key, {"line": line.key, "policies": [], "columns": [], "missing": {}})
            gap["policies"].append(policy)
            gap["columns"] += [column for column in columns if column not in gap["columns"]]
            gap["missing"].update(line.missing)
    yield from found.values()


def _parameter(one: Parameter) -> dict[str, Any]:
    if one.estimate is None or one.nominal is None:
        return {"nominal": None, "unit": one.spec.unit, "kind": "missing", "given": one.given, "why": one.why}
    nominal = float(one.nominal)
    low, high = one.estimate.interval() if one.varies else (nominal, nominal)
    return {
        "nominal": nominal,
        "unit": one.spec.unit,
        "interval95": [low, high],
        "kind": one.estimate.kind,
        "choice": one.spec.design,
        "given": one.given,
        "note": one.note,
        "sources": list(one.estimate.sources),
        "influences": {name: influence.u for name, influence in one.estimate.influences.items()},
    }
