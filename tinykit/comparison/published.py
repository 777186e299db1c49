"""Boards that others measured: rows of ``measurements/published/``, found by a reference.

``mlperf:ROUND/SYSTEM_ID/BENCHMARK``, and where several rows share that name ``/SUBMITTER``, ``/VARIANT`` or
both behind it. Derived from the submitted logs of MLPerf Tiny, not an official MLPerf result.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

from tinykit.comparison.catalog import NORMAL_95
from tinykit.errors import InputError
from tinykit.estimate import Estimate
from tinykit.resources import measurements

MONITOR_95 = 0.05
"""Half of the 95 % interval that a published joule gets, relative: our allowance for the submitter's energy
monitor, whose uncertainty the logs do not state (window spreads are a tenth of this)."""
NOT_OFFICIAL = "derived, not an official MLPerf result"


@dataclass(frozen=True)
class PublishedBoard:
    """One published result. ``energy`` is J an inference, of the inference alone: no sensor, sleep or radio.

    ``spread_pct`` is the spread of the energy windows in percent, ``accuracy`` top-1 in percent, None where
    a submission has none; ``nominal_j`` the joules as they stand in the table, the median of ``energy``;
    ``carried_over_from`` the round whose numbers these are. Read ``notes``: a streaming benchmark's figure
    holds the pauses of its stream.
    """

    reference: str
    round: str
    submitter: str
    system_id: str
    benchmark: str
    variant: str
    board: str
    processor: str
    clock_mhz: float | None
    supply_v: float | None
    software: str
    latency_s: float | None
    energy: Estimate
    nominal_j: float
    spread_pct: float | None
    accuracy: float | None
    auc: float | None
    carried_over_from: str
    source_path: str
    notes: str

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {**asdict(self), "energy": self.energy.to_dict()}


def find_published(reference: str) -> PublishedBoard:
    """The result that ``reference`` names.

    Raises InputError: code PUBLISHED_REFERENCE where it names nothing, PUBLISHED_AMBIGUOUS where it names
    several rows, PUBLISHED_NO_ENERGY where the row has no energy.
    """
    table, _, path = reference.partition(":")
    parts = path.split("/")
    if table != "mlperf" or len(parts) < 3 or not all(parts):
        raise _no_reference(reference)
    rows = _narrow(reference, parts)
    if len(rows) > 1:
        raise InputError(
            f"{reference} names {len(rows)} results.",
            hint="name one: " + ", ".join(_listed(row) for row in rows) + ".",
            code="PUBLISHED_AMBIGUOUS",
        )
    return _board(rows[0], reference)


def published_references(*, with_energy: bool = True) -> tuple[str, ...]:
    """References of all rows (with an energy), each of which `find_published` takes."""
    return tuple(_name(row) for row in _table() if row["energy_uJ_per_inf"] or not with_energy)


def _narrow(reference: str, parts: Sequence[str]) -> list[dict[str, str]]:
    """The rows that agree with every part; a part that none agrees with is refused with the nearest."""
    rows = _keep(_table(), ("round",), parts[0], reference)
    rest = parts[1:]
    # Some system ids hold a slash themselves.
    for row in rows:
        words = row["system_id"].split("/")
        if [part.lower() for part in rest[: len(words)]] == [word.lower() for word in words]:
            rest = [row["system_id"], *rest[len(words) :]]
            break
    rows = _keep(rows, ("system_id",), rest[0], reference)
    if len(rest) < 2:
        raise _no_reference(reference)
    rows = _keep(rows, ("benchmark",), rest[1], reference)
    for part in rest[2:]:
        rows = _keep(rows, ("submitter", "variant"), part, reference)
    return rows


def _keep(
    rows: Sequence[dict[str, str]], columns: tuple[str, ...], part: str, reference: str
) -> list[dict[str, str]]:
    left = [row for row in rows if part.lower() in (row[column].lower() for column in columns)]
    if left:
        return left
    known = {row[column].lower(): row[column] for row in rows for column in columns if row[column]}
    near = difflib.get_close_matches(part.lower(), known, n=3, cutoff=0.4) or list(known)[:8]
    raise InputError(
        f"{reference}: nothing published under {' or '.join(columns).replace('_id', '')} {part!r}.",
        hint=f"did you mean {', '.join(known[one] for one in near)}?",
        code="PUBLISHED_REFERENCE",
    )


def _no_reference(reference: str) -> InputError:
    return InputError(
        f"{reference!r} is no reference to a published board.",
        hint="write mlperf:ROUND/SYSTEM_ID/BENCHMARK, for instance mlperf:v1.3/NUCLEO_L4R5ZI-P/kws.",
        code="PUBLISHED_REFERENCE",
    )


def _board(row: dict[str, str], reference: str) -> PublishedBoard:
    joules = _number(row, "energy_uJ_per_inf")
    if joules is None:
        near = ", ".join(_nearest(row))
        raise InputError(
            f"{reference} has no energy: the submission measured performance alone.",
            hint=f"with an energy, nearest first: {near}.",
            code="PUBLISHED_NO_ENERGY",
        )
    latency_ms, supply_mv = _number(row, "latency_ms"), _number(row, "supply_mV")
    source = (
        f"MLPerf Tiny {row['round']}, {row['submitter']}, {row['system_id']}, {row['benchmark']} "
        f"({row['division']}; {NOT_OFFICIAL}) [verified]"
    )
    energy = Estimate.lognormal(
        joules * 1e-6,
        "J",
        math.exp(MONITOR_95 / NORMAL_95),
        name=f"mlperf_tiny.{row['submitter']}.{row['system_id']}.monitor",
        kind="published",
        source=source,
    )
    return PublishedBoard(
        reference=_name(row),
        **{
            name: row[name]
            for name in (
                "round",
                "submitter",
                "system_id",
                "benchmark",
                "variant",
                "board",
                "processor",
                "carried_over_from",
                "source_path",
                "notes",
            )
        },
        clock_mhz=_number(row, "clock_mhz"),
        supply_v=None if supply_mv is None else supply_mv / 1e3,
        software=row["software_stack"],
        latency_s=None if latency_ms is None else latency_ms / 1e3,
        energy=energy,
        nominal_j=joules * 1e-6,
        spread_pct=_number(row, "energy_window_spread_pct"),
        accuracy=_number(row, "top1_pct"),
        auc=_number(row, "auc"),
    )


def _nearest(row: dict[str, str]) -> list[str]:
    """References of rows with an energy: the same benchmark on the likest system, the likest round first."""

    def unlike(other: dict[str, str]) -> tuple[float, float]:
        system = difflib.SequenceMatcher(None, row["system_id"].lower(), other["system_id"].lower()).ratio()
        return -round(system, 2), abs(float(row["round"][1:]) - float(other["round"][1:]))

    there = [one for one in _table() if one["energy_uJ_per_inf"] and one["benchmark"] == row["benchmark"]]
    return [_name(one) for one in sorted(there, key=unlike)[:3]]


def _name(row: dict[str, str]) -> str:
    """The shortest reference that names this row alone."""
    base = f"mlperf:{row['round']}/{row['system_id']}/{row['benchmark']}"
    same = _by_base()[base]
    if len(same) == 1:
        return base
    if len({one["submitter"] for one in same}) == len(same):
        return f"{base}/{row['submitter']}"
    return f"{base}/{row['variant'] or row['submitter']}"


def _listed(row: dict[str, str]) -> str:
    return _name(row) + ("" if row["energy_uJ_per_inf"] else " (no energy)")


def _number(row: dict[str, str], column: str) -> float | None:
    return float(row[column]) if row[column] else None


@cache
def _by_base() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in _table():
        base = f"mlperf:{row['round']}/{row['system_id']}/{row['benchmark']}"
        found.setdefault(base, []).append(row)
    return found


@cache
def _table() -> tuple[dict[str, str], ...]:
    with (measurements() / "published" / "mlperf_tiny.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
