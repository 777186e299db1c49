"""The catalogue as documents and as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from tinykit.comparison.catalog import MARKS, Catalog, Row
from tinykit.comparison.catalog_check import CatalogReport
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.units import convert
from tinykit.comparison.zones import Zone
from tinykit.console import key_values, table
from tinykit.pretty import format_estimate

WEAK = ("second-hand", "recalled", "gap")


def list_document(catalog: Catalog, rows: Sequence[Row]) -> dict[str, object]:
    """The document ``tinykit.catalog``, version 1; the hash is that of the whole catalogue."""
    return {
        "schema": "tinykit.catalog",
        "schema_version": 1,
        "provenance_hash": catalog.provenance_hash,
        "rows": [row.to_dict() for row in rows],
    }


def list_view(rows: Sequence[Row]) -> RenderableType:
    """What ``tinykit catalog list`` shows."""
    cells = [(row.category, row.key, _value(row), row.unit, _mark(row)) for row in rows]
    return table(["category", "key", ">value", "unit", "mark"], cells)


def row_document(row: Row) -> dict[str, object]:
    """The document ``tinykit.catalog_row``, version 1; a declared gap has no estimate."""
    estimate = None if row.is_gap else row.estimate().to_dict()
    return {"schema": "tinykit.catalog_row", "schema_version": 1, "row": row.to_dict(), "estimate": estimate}


def row_view(row: Row) -> RenderableType:
    """What ``tinykit catalog show`` shows."""
    pairs: list[tuple[str, object]] = [
        ("value", f"{_value(row)} {row.unit}" if not row.is_gap else Text("a declared gap", style="yellow"))
    ]
    if row.low is not None or row.high is not None:
        pairs.append(("range", f"{_end(row.low)} to {_end(row.high)}, {_drawn(row)}"))
    if not row.is_gap:
        pairs.append(("calculated as", format_estimate(row.estimate())))
    pairs += [
        ("category", row.category),
        ("kind", row.kind + (f" ({row.publisher_kind} by its publisher)" if row.publisher_kind else "")),
        ("mark", _mark(row)),
        ("source", row.source + (f", {row.year}" if row.year else "")),
        ("address", row.url),
        ("licence", row.licence),
        ("note", row.note),
        ("from", row.origin),
    ]
    return Group(Text(row.key, style="bold"), key_values((name, text) for name, text in pairs if text))


def zones_document(zones: Sequence[Zone]) -> dict[str, object]:
    """The document ``tinykit.zones``, version 1."""
    return {"schema": "tinykit.zones", "schema_version": 1, "zones": [zone.to_dict() for zone in zones]}


def zones_view(zones: Sequence[Zone]) -> RenderableType:
    """What ``tinykit catalog zones`` shows, in the units in which people quote such figures."""
    cells = [
        (
            zone.code,
            zone.also,
            _per_kwh(zone.average, "gCO2e/kWh", ".0f"),
            _per_kwh(zone.margin, "gCO2e/kWh", ".0f"),
            _per_kwh(zone.water, "L/kWh", ".2g"),
        )
        for zone in zones
    ]
    columns = ["zone", "also", ">average gCO2e/kWh", ">margin gCO2e/kWh", ">water L/kWh"]
    says = (
        f"{len(zones)} zones, location-based, as a comparison has them. In brackets: "
        "95 % of what is drawn. A blank is a gap: nobody has a figure, and it stays one in the answer."
    )
    return Group(table(columns, cells), Text(), Text(says))


def _per_kwh(one: Parameter, unit: str, digits: str) -> str:
    if one.estimate is None or one.nominal is None:
        return ""
    low, high = one.estimate.interval()
    middle, low, high = (convert(value, one.spec.unit, unit) for value in (one.nominal, low, high))
    return f"{middle:{digits}} [{low:{digits}}, {high:{digits}}]"


def check_view(report: CatalogReport) -> RenderableType:
    """What ``tinykit catalog check`` shows."""
    marks = [mark for mark in MARKS if any(counts[mark] for counts in report.counts.values())]
    cells = [
        (category, sum(counts.values()), *(counts[mark] or "" for mark in marks))
        for category, counts in report.counts.items()
    ]
    cells.append(
        ("all", report.total, *(sum(counts[mark] for counts in report.counts.values()) for mark in marks))
    )
    parts: list[RenderableType] = [
        table(["category", ">rows", *(f">{mark}" for mark in marks)], [tuple(map(str, row)) for row in cells])
    ]
    if report.faults:
        faults = [(fault.where, fault.key, fault.what) for fault in report.faults]
        parts += [Text(), table(["where", "key", "what is wrong"], faults)]
    else:
        parts += [Text(), Text(f"{report.total} figures, nothing wrong with them.", style="green")]
    return Group(*parts)


def _value(row: Row) -> str:
    return "" if row.value is None else f"{row.value:.6g}"


def _end(value: float | None) -> str:
    return "…" if value is None else f"{value:.6g}"


def _drawn(row: Row) -> str:
    shapes = {"lognormal": "95 % of a lognormal", "triangular": "the ends of a triangle"}
    return shapes.get(row.distribution, "alternatives that are never drawn")


def _mark(row: Row) -> Text:
    return Text(row.check, style="yellow" if row.check in WEAK else "")
