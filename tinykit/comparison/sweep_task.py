"""One piece of a sweep with draws, in plain data that any process can take, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.flow import POLICIES, Hand, make_flow
from tinykit.comparison.ledger import Column, make_ledger
from tinykit.comparison.lines import entries
from tinykit.comparison.parameters import Array, Values, drawn_values
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import parse_scenario
from tinykit.estimate.draws import summarise


@dataclass(frozen=True)
class Task:
    """Some points: the complete scenario of each tier, as text; the swept keys' values, arrays of shape
    (points,); and for each policy the hand that it plays at each point."""

    tiers: tuple[tuple[str, str], ...]
    draws: int
    seed: int
    column: Column
    at: Mapping[str, Array]
    hands: tuple[tuple[Hand, ...], ...]


@dataclass(frozen=True)
class Drawn:
    """What a policy saves against cloud at a point: its 95 % interval, and the share of draws above 0."""

    low: float
    high: float
    wins: float


Row = tuple[Drawn, Drawn]
"""Of edge and of hybrid."""
Scheduler = Callable[[Sequence[Task]], Iterator[list[Row]]]
"""Carries out tasks, and gives the rows of each, a row a point, in the tasks' order."""


def here(tasks: Sequence[Task]) -> Iterator[list[Row]]:
    """In this process, one after the other."""
    return map(run_task, tasks)


def run_task(task: Task) -> list[Row]:
    """Draw at every point of ``task``. The draws are the same at each: they hang on the seed alone."""
    return [_row(task, k) for k in range(len(task.hands[0]))]


def _row(task: Task, k: int) -> Row:
    texts = dict(task.tiers)
    totals: list[Array] = []
    for policy, hands in zip(POLICIES, task.hands, strict=True):
        drawn = _drawn(texts[hands[k].tier], task.draws, task.seed)
        values = drawn.with_arrays({key: one[k] for key, one in task.at.items()})
        ledger = make_ledger(entries(), values, make_flow(values, policy, hands[k]), (task.column,))
        totals.append(ledger.total(task.column))
    edge, cloud, hybrid = totals
    return _drawn_saving(cloud - edge), _drawn_saving(cloud - hybrid)


def _drawn_saving(saving: Array) -> Drawn:
    if saving.ndim == 0:
        return Drawn(float(saving), float(saving), float(saving > 0))
    low, high = summarise(saving[1:]).interval
    return Drawn(low, high, float(np.mean(saving[1:] > 0)))


@lru_cache(maxsize=8)
def _drawn(text: str, draws: int, seed: int) -> Values:
    """A complete scenario's draws: it needs no catalogue, and the text alone decides every digit."""
    scenario = parse_scenario(text, "a sweep")
    words = scenario.words()
    return drawn_values(resolve(scenario, Catalog(()), words), words, draws, seed)
