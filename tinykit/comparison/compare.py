"""One comparison: resolve, let each side play its best hand, draw, and say what differs and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinykit.comparison.break_even import RANGES, BreakEven, break_even
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.checks import (
    calculable,
    refuse_impossible,
    refuse_mixed_stance,
    refuse_no_edge,
)
from tinykit.comparison.flow import POLICIES, Hand, Policy, make_flow
from tinykit.comparison.hand import Played, best, play
from tinykit.comparison.ledger import COLUMNS, Column, Ledger, make_ledger
from tinykit.comparison.limits import accuracy_limits, broken, limits
from tinykit.comparison.lines import entries
from tinykit.comparison.lines.server import CASES, INFERRING
from tinykit.comparison.parameters import Array, Parameter, Values, drawn_values, nominal_values
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.tornado import Bar, tornado
from tinykit.estimate.draws import summarise

DRAWS = 100_000


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

    ``ratio`` is what ``than`` costs by what ``policy`` costs, None where that is not a number. ``wins`` is
    the share of the draws in which ``policy`` costs less. ``missing`` are the lines of either side without a
    figure in this column: with any, the difference is that of the lines that have one.
    """

    policy: Policy
    than: Policy
    column: Column
    saving: Outcome
    ratio: Outcome | None
    wins: float
    missing: tuple[str, ...]


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
    scenario: Scenario, catalog: Catalog
) -> tuple[dict[str, str], dict[str, dict[str, Parameter]]]:
    """The words, and every quantity for each tier that the cloud may play. Raises InputError."""
    words = scenario.words()
    cases = [one for one in CASES if words["cloud.case"] in (one, "best") and one != "best"]
    parameters = {case: resolve(scenario, catalog, {**words, "cloud.case": case}) for case in cases}
    if words["cloud.case"] == "best":
        parameters = _known(parameters, words)
    for one in parameters.values():
        refuse_mixed_stance(one, words["stance"], scenario.place)
        refuse_impossible(nominal_values(one, words), scenario.place)
    return words, parameters


def _known(
    tiers: Mapping[str, Mapping[str, Parameter]], words: Mapping[str, str]
) -> dict[str, dict[str, Parameter]]:
    """The tiers of which most is known: none is the cheapest for want of a figure."""
    lacks = {}
    for tier, one in tiers.items():
        values = nominal_values(one, words)
        ledger = make_ledger(entries(), values, make_flow(values, "cloud", Hand(tier=tier)), ("energy_j",))
        lacks[tier] = len(set(ledger.gaps("energy_j")) & INFERRING)
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
    words, parameters = resolve_tiers(scenario, catalog)
    nominal = {tier: nominal_values(one, words) for tier, one in parameters.items()}
    for values in nominal.values():
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
    turns = (break_even(lines, nominal, key, one[key].spec.unit, objective) for key in RANGES)
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
    return Difference(
        mine.policy,
        other.policy,
        column,
        Outcome.of(saving),
        Outcome.of(b / a) if np.all(a > 0) else None,
        wins,
        tuple(dict.fromkeys(mine.gaps(column) + other.gaps(column))),
    )
