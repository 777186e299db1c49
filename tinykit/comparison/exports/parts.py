"""Sums over parts of a ledger that several formats need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinykit.comparison.compare import Outcome
from tinykit.comparison.flow import Policy
from tinykit.comparison.ledger import Column, Line
from tinykit.comparison.result import Result

DAY_S = 86_400.0
J_PER_KWH = 3.6e6


def known_sum(
    result: Result, policy: Policy, column: Column, wanted: Callable[[Line], bool] = lambda _: True
) -> tuple[Outcome | None, tuple[str, ...]]:
    """The sum of the ``wanted`` lines that have a figure, and the keys of those that have none."""
    lines = [
        line
        for line in result.comparison.ledgers[policy].lines
        if wanted(line) and column not in line.outside
    ]
    known = [one for line in lines if (one := line.columns[column]) is not None]
    lacking = tuple(line.key for line in lines if line.columns[column] is None)
    return (Outcome.of(np.asarray(sum(known, np.zeros(())))) if known else None), lacking


_MADE = (
    "embodied.", "cloud.hardware", "gateway.hardware", "supply.harvester", "supply.visits", "supply.wear",
    "supply.unused",
)  # fmt: skip


def is_hardware(result: Result) -> Callable[[Line], bool]:
    """Whether a line's grams are those of making things: SCI's M. A primary cell's joules are the cell."""
    cell = result.words["supply.kind"] == "primary"
    return lambda line: line.key.startswith(_MADE) or (cell and line.site == "device")
