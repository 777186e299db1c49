"""Sums over parts of a ledger that several formats need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinykit.comparison.compare import Outcome
from tinykit.comparison.flow import Policy
from tinykit.comparison.ledger import Column, Line, unpriced
from tinykit.comparison.result import Result
from tinykit.comparison.result_headline import answer

DAY_S = 86_400.0
J_PER_KWH = 3.6e6


def known_sum(
    result: Result, policy: Policy, column: Column, wanted: Callable[[Line], bool] = lambda _: True
) -> tuple[Outcome | None, tuple[str, ...]]:
    """The sum of the ``wanted`` lines that have a figure, and the keys of those that have none.

    No sum where some lack a figure and the others cost nothing, as in `Ledger.has_figure`: a radio that is
    off has 0 g even where nobody knows the grid, and that 0 would stand for what is not known.
    """
    lines = [
        line
        for line in result.comparison.ledgers[policy].lines
        if wanted(line) and column not in line.outside
    ]
    known = [one for line in lines if (one := line.columns[column]) is not None]
    lacking = tuple(line.key for line in lines if line.columns[column] is None)
    if not known or (lacking and not any(np.any(one) for one in known)):
        return None, lacking
    return Outcome.of(np.asarray(sum(known, np.zeros(())))), lacking


def has_bare_joules(result: Result, policy: Policy, column: Column = "carbon_g") -> bool:
    """Whether joules of ``policy`` have no grams (litres): then what is left is no lower bound worth a cell,
    since by its joules it would be the cleanest electricity that there is."""
    ledger = result.comparison.ledgers[policy]
    return any(bool(np.any(where)) for _, _, where in unpriced(ledger, column))


def not_comparable(result: Result, policy: Policy) -> str | None:
    """Why grams of ``policy`` must not be set against the cloud's, as the terminal says it; None where they
    may, and of the cloud itself."""
    if policy == "cloud":
        return None
    feasible = all(result.policies[one].feasible for one in (policy, "cloud"))
    if feasible and result.difference(policy, "carbon_g").saving is not None:
        return None
    return answer(result, policy, "carbon_g")


_MADE = (
    "embodied.", "cloud.hardware", "gateway.hardware", "supply.harvester", "supply.visits", "supply.wear",
    "supply.unused",
)  # fmt: skip


def is_hardware(result: Result) -> Callable[[Line], bool]:
    """Whether a line's grams are those of making things: SCI's M. A primary cell's joules are the cell."""
    cell = result.words["supply.kind"] == "primary"
    return lambda line: line.key.startswith(_MADE) or (cell and line.site == "device")
