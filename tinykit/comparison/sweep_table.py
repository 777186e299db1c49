"""A sweep as rows: for ``sweep.csv``, and the few that a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tinykit.comparison.files import Value, csv_text
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.ledger import COLUMNS, Column
from tinykit.comparison.parameters import Array
from tinykit.comparison.sweep import Case, Sweep

SWEEP = "sweep.csv"
AGAINST_CLOUD: tuple[Policy, ...] = ("edge", "hybrid")


def sweep_csv(sweep: Sweep) -> str:
    """A row a point: the axes, every policy's totals per device-day and its hand, what is saved."""
    return csv_text(*sweep_rows(sweep))


def sweep_rows(sweep: Sweep) -> tuple[list[str], Iterator[list[Value]]]:
    """The names of the columns, and a row a point. None where nobody knows."""
    return _header(sweep), (row for case in sweep.cases for row in _rows(sweep, case))


def saving(sweep: Sweep, case: Case, policy: Policy, column: Column | None = None) -> Array:
    """What ``policy`` saves against cloud at each point, shape (points,); NaN where it cannot be told."""
    mine, cloud, column = case.policies[policy], case.policies["cloud"], column or sweep.column
    found = cloud.totals[column] - mine.totals[column]
    return np.where(mine.feasible & cloud.feasible & mine.told[column], found, np.nan)


def _header(sweep: Sweep) -> list[str]:
    names = [axis.name for axis in (*sweep.words, *sweep.numbers)]
    for policy in POLICIES:
        names += [f"{policy}_{name}" for name in (*COLUMNS, "latency_s", "feasible", "hand")]
    for policy in AGAINST_CLOUD:
        names += [f"{policy}_saving_{sweep.column}{end}" for end in ("", "_low95", "_high95")]
        names.append(f"{policy}_wins")
    return [*names, "missing"]


def _rows(sweep: Sweep, case: Case) -> Iterator[list[Value]]:
    missing = " ".join(dict.fromkeys((*case.policies["edge"].gaps, *case.policies["cloud"].gaps)))
    columns = [*sweep.at(), *_found(sweep, case)]
    count = len(case.policies["edge"].hand)
    plain = [_plain(column) for column in columns] or [[]] * count
    for row in zip(*plain, strict=True):
        yield [*case.words, *row, missing]


def _found(sweep: Sweep, case: Case) -> Iterator[Array | Sequence[Value]]:
    for policy in POLICIES:
        one = case.policies[policy]
        yield from (one.totals[column] for column in COLUMNS)
        yield one.latency_s
        yield ["yes" if feasible else "no" for feasible in one.feasible]
        hands = [str(hand) for hand in one.hands]
        yield [hands[k] for k in one.hand]
    for policy in AGAINST_CLOUD:
        values = saving(sweep, case, policy)
        yield values
        drawn = case.savings.get(policy, [None] * len(values))
        told = [one if np.isfinite(value) else None for one, value in zip(drawn, values, strict=True)]
        for name in ("low", "high", "wins"):
            yield [None if one is None else getattr(one, name) for one in told]


def _plain(column: Array | Sequence[Value]) -> Sequence[Value]:
    """Numbers that cannot be told are blank."""
    if isinstance(column, np.ndarray):
        return [float(one) if np.isfinite(one) else None for one in column]
    return column
