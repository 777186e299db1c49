"""A comparison at many points: keys that take numbers all at once, as arrays; words and zones one by one.

At every point each side plays its own best feasible hand. With draws, every point is a comparison of its own
with the same joint draws, so that neighbouring points differ by what was swept and not by chance.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.checks import calculable, refuse_no_edge
from tinykit.comparison.compare import resolve_tiers
from tinykit.comparison.flow import POLICIES, Hand, Policy, make_flow
from tinykit.comparison.hand import choose, play
from tinykit.comparison.ledger import COLUMNS, Column, Ledger, make_ledger, uneven, unpriced
from tinykit.comparison.limits import accuracy_limits, kept
from tinykit.comparison.lines import entries
from tinykit.comparison.parameters import Array, Values, nominal_values
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.sweep_axis import Axis
from tinykit.comparison.sweep_task import Drawn, Scheduler, Task, here
from tinykit.comparison.writeback import TIER, complete, refreshed, scenario_toml
from tinykit.errors import InputError

MOST_POINTS = 2_000_000
BLOCK = 20_000
"""Points of one evaluation: few enough that its arrays stay in the processor's cache."""
TASKS, MOST_A_TASK = 64, 64
"""Enough tasks to keep many workers busy, and few enough that sending them costs nothing."""


@dataclass(frozen=True)
class SweptPolicy:
    """One policy at every point (arrays of shape (points,)): which of ``hands`` it plays, whether that is
    feasible, its latency in s, and its totals per device-day; a total without any figure is NaN. ``gaps`` are
    lines without a figure in the searched column. ``told``: where a saving against cloud can be told
    (`Difference`)."""

    hands: tuple[Hand, ...]
    hand: npt.NDArray[np.int64]
    feasible: npt.NDArray[np.bool_]
    latency_s: Array
    totals: Mapping[Column, Array]
    gaps: tuple[str, ...]
    told: Mapping[Column, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Case:
    """The points of one choice of words; ``savings`` are there with draws, a policy's points in order."""

    words: tuple[str, ...]
    policies: Mapping[Policy, SweptPolicy]
    savings: Mapping[Policy, tuple[Drawn, ...]]


@dataclass(frozen=True)
class Sweep:
    """``cases`` in the order of the words' product; in each, the points of the ``numbers``' product, the last
    axis fastest. ``draws`` is 0 where the points have no intervals."""

    words: tuple[Axis, ...]
    numbers: tuple[Axis, ...]
    column: Column
    draws: int
    cases: tuple[Case, ...]

    @property
    def points(self) -> int:
        """How many there are in all."""
        return len(self.cases) * points_of(self.numbers)

    def at(self) -> tuple[Array, ...]:
        """The points of a case: of each number's axis its value at every point."""
        return mesh(self.numbers)


def points_of(axes: Sequence[Axis]) -> int:
    """How many points the product of ``axes`` has."""
    count = 1
    for axis in axes:
        count *= len(axis.values)
    return count


def mesh(axes: Sequence[Axis]) -> tuple[Array, ...]:
    """The product of number axes, the last fastest: an array of shape (points,) for each."""
    grids = np.meshgrid(*(np.asarray(axis.values, float) for axis in axes), indexing="ij")
    return tuple(grid.reshape(-1) for grid in grids)


def sweep(
    scenario: Scenario,
    catalog: Catalog,
    axes: Sequence[Axis],
    column: Column = "energy_j",
    *,
    draws: int = 0,
    seed: int = 0,
    scheduler: Scheduler = here,
) -> Sweep:
    """Compare at every point of the product of ``axes``; with ``draws`` at each, on ``scheduler``.

    Raises InputError: SWEEP for too many points, or a key in two axes; what `compare` raises.
    """
    _check(axes)
    words = tuple(axis for axis in axes if axis.is_word)
    numbers = tuple(axis for axis in axes if not axis.is_word)
    cases, tasks = [], []
    for choice in itertools.product(*(axis.values for axis in words)):
        chosen = {key: str(word) for axis, word in zip(words, choice, strict=True) for key in axis.keys}
        changed = refreshed(scenario, chosen, "--sweep")
        with calculable(changed):
            case, made = _case(changed, catalog, numbers, column, (draws, seed))
        cases.append(replace(case, words=tuple(map(str, choice))))
        tasks.append(made)
    if draws:
        results = scheduler([task for some in tasks for task in some])
        cases = [
            _with_savings(case, [next(results) for _ in some])
            for case, some in zip(cases, tasks, strict=True)
        ]
    return Sweep(words, numbers, column, draws, tuple(cases))


def _check(axes: Sequence[Axis]) -> None:
    keys = [key for axis in axes for key in axis.keys]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise InputError(f"--sweep: {twice} is swept twice.", hint="give each key once.", code="SWEEP")
    if (points := points_of(axes)) > MOST_POINTS:
        raise InputError(
            f"--sweep: {points:,} points are more than {MOST_POINTS:,}.",
            hint="take fewer steps.",
            code="SWEEP",
        )


def _with_savings(case: Case, results: Sequence[Sequence[tuple[Drawn, Drawn]]]) -> Case:
    rows = [row for rows in results for row in rows]
    return replace(
        case, savings={"edge": tuple(row[0] for row in rows), "hybrid": tuple(row[1] for row in rows)}
    )


def _case(
    scenario: Scenario,
    catalog: Catalog,
    numbers: Sequence[Axis],
    column: Column,
    drawing: tuple[int, int],
) -> tuple[Case, list[Task]]:
    """The points of one choice of words, and the tasks that draw at each."""
    words, parameters = resolve_tiers(scenario, catalog, column)
    tiers = {tier: nominal_values(one, words) for tier, one in parameters.items()}
    at = {key: one for axis, one in zip(numbers, mesh(numbers), strict=True) for key in axis.keys}
    count = points_of(numbers)
    cuts = [slice(k, min(k + BLOCK, count)) for k in range(0, count, BLOCK)]
    parts = [
        _points(tiers, {key: one[cut] for key, one in at.items()}, cut.stop - cut.start, column)
        for cut in cuts
    ]
    policies = {policy: _join([part[policy] for part in parts]) for policy in POLICIES}
    case = Case((), policies, {})
    draws, seed = drawing
    if not draws:
        return case, []
    size = min(max(count // TASKS, 1), MOST_A_TASK)
    texts = {
        tier: scenario_toml(complete({tier: one}, {**words, TIER: tier}), {})
        for tier, one in parameters.items()
    }
    return case, [
        Task(
            tuple(texts.items()),
            draws,
            seed,
            column,
            {key: one[k : k + size] for key, one in at.items()},
            tuple(tuple(one.hands[h] for h in one.hand[k : k + size]) for one in policies.values()),
        )
        for k in range(0, count, size)
    ]


def _points(
    tiers: Mapping[str, Values], at: Mapping[str, Array], count: int, column: Column
) -> dict[Policy, SweptPolicy]:
    swept = {tier: values.with_arrays(at) for tier, values in tiers.items()}
    for values in swept.values():
        refuse_no_edge(values, "--sweep")
    found = {policy: _policy(swept, at, count, policy, column) for policy in POLICIES}
    cloud = found["cloud"][1]
    return {
        policy: replace(one, told={name: _told(parts, cloud, count, name) for name in COLUMNS})
        for policy, (one, parts) in found.items()
    }


Parts = list[tuple[npt.NDArray[np.bool_], Ledger]]
"""Where one hand is played, and the ledger of those points."""


def _told(mine: Parts, cloud: Parts, count: int, column: Column) -> npt.NDArray[np.bool_]:
    told = np.ones(count, bool)
    for here_mine, one in mine:
        for here_cloud, other in cloud:
            both = here_mine & here_cloud
            if not both.any():
                continue
            sides = (uneven(one, other, column), unpriced(one, column), unpriced(other, column))
            for _, ledger, doubtful in itertools.chain(*sides):
                where = np.zeros(count, bool)
                where[here_mine if ledger is one else here_cloud] = doubtful
                told &= ~(both & where)
    return told


def _policy(
    tiers: Mapping[str, Values], at: Mapping[str, Array], count: int, policy: Policy, column: Column
) -> tuple[SweptPolicy, Parts]:
    """The best feasible hand at each of ``count`` points, else the fastest, and what it costs there."""
    played = play(entries(), tiers, policy, column)
    late = np.stack([np.broadcast_to(one.latency_s, count) for one in played])
    feasible = np.stack([np.broadcast_to(one.feasible, count) for one in played])
    index, found = choose([replace(one, feasible=can) for one, can in zip(played, feasible, strict=True)])
    hand = np.where(found, index, np.argmin(late, axis=0))
    points = np.arange(count)
    totals: dict[Column, Array] = {one: np.empty(count) for one in COLUMNS}
    gaps: dict[str, None] = {}
    parts: Parts = []
    for k in np.unique(hand):
        here_too = hand == k
        one = played[k].hand
        values = tiers[one.tier].with_arrays({key: values[here_too] for key, values in at.items()})
        ledger = make_ledger(entries(), values, make_flow(values, policy, one))
        for name in COLUMNS:
            totals[name][here_too] = ledger.total(name) if ledger.has_figure(name) else np.nan
        gaps |= dict.fromkeys(ledger.gaps(column))
        parts.append((here_too, ledger))
    hands = tuple(one.hand for one in played)
    some = next(iter(tiers.values()))
    can = feasible[hand, points] & kept(accuracy_limits(some, policy))
    # A latency of which a part is not known is blank in the file, and no shorter one.
    known = np.array([not one.at_least for one in played])
    latency = np.where(known[hand], late[hand, points], np.nan)
    return SweptPolicy(hands, hand, can, latency, totals, tuple(gaps), {}), parts


def _join(parts: Sequence[SweptPolicy]) -> SweptPolicy:
    """Blocks in one; hands may be listed in another order in each."""
    hands = tuple(dict.fromkeys(hand for part in parts for hand in part.hands))
    place = {hand: k for k, hand in enumerate(hands)}
    return SweptPolicy(
        hands,
        np.concatenate([np.array([place[hand] for hand in part.hands])[part.hand] for part in parts]),
        np.concatenate([part.feasible for part in parts]),
        np.concatenate([part.latency_s for part in parts]),
        {name: np.concatenate([part.totals[name] for part in parts]) for name in COLUMNS},
        tuple(dict.fromkeys(key for part in parts for key in part.gaps)),
        {name: np.concatenate([part.told[name] for part in parts]) for name in COLUMNS},
    )
