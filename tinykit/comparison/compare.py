"""One comparison: resolve, let each side play its best hand, draw, and say what differs and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tinykit.comparison.break_even import RANGES, BreakEven, break_even, solved_in
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.checks import (
    calculable,
    is_reached,
    refuse_impossible,
    refuse_mixed_stance,
    refuse_no_edge,
    refuse_unreached,
)
from tinykit.comparison.flow import POLICIES, Hand, Policy, make_flow
from tinykit.comparison.hand import Played, best, play
from tinykit.comparison.ledger import (
    COLUMNS,
    Column,
    Doubt,
    Ledger,
    is_whole,
    make_ledger,
    uneven,
    unpriced,
)
from tinykit.comparison.limits import accuracy_limits, broken, limits
from tinykit.comparison.lines import entries
from tinykit.comparison.lines.gateway import GATEWAY
from tinykit.comparison.lines.server import CASES, INFERRING
from tinykit.comparison.parameters import Array, Parameter, Values, drawn_values, nominal_values
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.tornado import Bar, tornado
from tinykit.estimate.draws import summarise

DRAWS = 100_000
_PRICED = frozenset({"cloud.rent", "cloud.hardware", "gateway.hardware"})
"""Lines of a tier that cost no joules."""


@dataclass(frozen=True)
class Outcome:
    """A figure with its draws: ``nominal`` at the figures people quote, the interval over all draws."""

    nominal: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Array) -> Outcome:
        """Of an array whose element 0 is nominal; a scalar has no doubt."""
        if samples.ndim == 0 or samples.size == 1:
            value = float(samples.reshape(-1)[0])
            return cls(value, value, value)
        low, high = summarise(samples[1:]).interval
        return cls(float(samples[0]), low, high)


@dataclass(frozen=True)
class Difference:
    """What ``policy`` costs less than ``than`` in a column, per device-day; negative where it loses.

    ``ratio`` is what ``than`` costs by what ``policy`` costs, None where that is no number, or where a line
    of either that is known in joules has no figure in this column. ``wins`` is the share of draws in which
    ``policy`` costs less. ``missing`` are the lines of either side without a figure in this column: with any,
    the difference is that of the lines that have one. There is no saving, no ratio, and no ``wins`` where one
    side lacks the figure of a line that the other has (``uneven``), where joules of either have none, or, in
    money, any line that is known (``unpriced``), or where a side has no figure at all.
    """

    policy: Policy
    than: Policy
    column: Column
    saving: Outcome | None
    ratio: Outcome | None
    wins: float | None
    missing: tuple[str, ...]
    uneven: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Everything that was computed; `report` and the files are made from this alone.

    ``values`` holds nominal values and draws of each tier; ``ledgers`` one a policy, under its best hand.
    ``obstacles`` say why a policy is not feasible; none where it is.
    """

    scenario: Scenario
    words: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Parameter]]
    values: Mapping[str, Values]
    played: Mapping[Policy, Played]
    obstacles: Mapping[Policy, tuple[str, ...]]
    ledgers: Mapping[Policy, Ledger]
    differences: tuple[Difference, ...]
    tornado: tuple[Bar, ...]
    break_evens: tuple[BreakEven, ...]
    draws: int
    seed: int

    def difference(self, policy: Policy, column: Column = "energy_j") -> Difference:
        """Of ``policy`` against the cloud-only node."""
        return next(d for d in self.differences if d.policy == policy and d.column == column)


def resolve_tiers(
    scenario: Scenario, catalog: Catalog, column: Column = "energy_j"
) -> tuple[dict[str, str], dict[str, dict[str, Parameter]]]:
    """The words, and every quantity for each tier that the cloud may play. Raises InputError."""
    words = scenario.words()
    refuse_unreached(words, scenario.where("cloud.case"))
    cases = [one for one in CASES if words["cloud.case"] in (one, "best") and one != "best"]
    parameters = {case: resolve(scenario, catalog, {**words, "cloud.case": case}) for case in cases}
    if words["cloud.case"] == "best":
        if not is_reached(words):
            del parameters[GATEWAY]
        parameters = _known(parameters, words, column)
    for one in parameters.values():
        refuse_mixed_stance(one, words["stance"], scenario.place)
    return words, parameters


def _known(
    tiers: Mapping[str, Mapping[str, Parameter]], words: Mapping[str, str], column: Column
) -> dict[str, dict[str, Parameter]]:
    """The tiers of which most is known in ``column``: none is the cheapest for want of a figure."""
    lacks = {}
    # What making a machine takes in joules nobody has, of any: what it emits or costs some have.
    own = INFERRING if column == "energy_j" else INFERRING | _PRICED
    for tier, one in tiers.items():
        values = nominal_values(one, words)
        ledger = make_ledger(entries(), values, make_flow(values, "cloud", Hand(tier=tier)), (column,))
        lacks[tier] = len(set(ledger.gaps(column)) & own)
    return {tier: dict(tiers[tier]) for tier, lack in lacks.items() if lack == min(lacks.values())}


def compare(
    scenario: Scenario,
    catalog: Catalog,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    objective: Column = "energy_j",
) -> Comparison:
    """Compare. Raises InputError where the scenario cannot be, or the edge's joules are missing."""
    with calculable(scenario):
        return _compare(scenario, catalog, draws, seed, objective)


def _compare(scenario: Scenario, catalog: Catalog, draws: int, seed: int, objective: Column) -> Comparison:
    words, parameters = resolve_tiers(scenario, catalog, objective)
    nominal = {tier: nominal_values(one, words) for tier, one in parameters.items()}
    for values in nominal.values():
        refuse_impossible(values, scenario.place)
        refuse_no_edge(values, scenario.place)
    drawn = {tier: drawn_values(one, words, draws, seed) for tier, one in parameters.items()}
    lines = entries()
    played = {policy: best(play(lines, nominal, policy, objective)) for policy in POLICIES}
    ledgers = {
        policy: make_ledger(lines, values := drawn[one.hand.tier], make_flow(values, policy, one.hand))
        for policy, one in played.items()
    }
    differences = tuple(
        _difference(ledgers[policy], ledgers["cloud"], column)
        for policy in POLICIES
        if policy != "cloud"
        for column in COLUMNS
    )
    one = parameters[played["cloud"].hand.tier]
    bars = tornado(
        lines, one, words, ("edge", played["edge"].hand), ("cloud", played["cloud"].hand), objective
    )
    told = {one.column for one in differences if one.policy == "edge" and one.saving is not None}
    turns = (
        break_even(lines, nominal, key, one[key].spec.unit, column)
        for key in RANGES
        if key in one and (column := solved_in(key, objective)) in told
    )
    return Comparison(
        scenario,
        words,
        parameters,
        drawn,
        played,
        {policy: _obstacles(nominal[one.hand.tier], policy, one) for policy, one in played.items()},
        ledgers,
        differences,
        bars,
        tuple(turn for turn in turns if turn is not None),
        draws,
        seed,
    )


def _obstacles(values: Values, policy: Policy, played: Played) -> tuple[str, ...]:
    late = limits(values, make_flow(values, policy, played.hand), played.latency_s)
    return broken((*late, *accuracy_limits(values, policy)))


def _difference(mine: Ledger, other: Ledger, column: Column) -> Difference:
    a, b = mine.total(column), other.total(column)
    saving = np.asarray(b - a)
    wins = float(np.mean(saving[1:] > 0)) if saving.ndim else float(saving > 0)
    sides = (mine, other)
    lame = _keys(uneven(mine, other, column))
    bare = _keys(one for ledger in sides for one in unpriced(ledger, column))
    told = not lame and not bare and all(ledger.has_figure(column) for ledger in sides)
    whole = told and bool(np.all(a > 0)) and all(is_whole(ledger, column) for ledger in sides)
    return Difference(
        mine.policy,
        other.policy,
        column,
        Outcome.of(saving) if told else None,
        Outcome.of(b / a) if whole else None,
        wins if told else None,
        tuple(dict.fromkeys(mine.gaps(column) + other.gaps(column))),
        lame,
        bare,
    )


def _keys(doubts: Iterable[Doubt]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key, _, where in doubts if np.any(where)))
