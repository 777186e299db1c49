"""A comparison as records: what the terminal, the files and the plots show, worked out once.

A cell's kind is the softest of the figures that it was computed from; choices (an event rate, a share) are no
figures, and do not count. What has no figure is missing, and never 0.
"""

from __future__ import annotations

import importlib.metadata
import math
import platform
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinykit import __version__
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.checks import calculable
from tinykit.comparison.compare import Comparison, Difference, Outcome
from tinykit.comparison.flow import POLICIES, Hand, Policy
from tinykit.comparison.hosted_notes import hosted, unchecked_latency
from tinykit.comparison.ledger import COLUMNS, FACTORS, Column, Ledger, Line
from tinykit.comparison.lines import entries
from tinykit.comparison.lines.run import SIMULATED
from tinykit.comparison.lines.server import CASES
from tinykit.comparison.paired import Paired
from tinykit.comparison.parameters import Missing, Parameter, Values
from tinykit.comparison.result_notes import left_out, notes, searched, unchecked
from tinykit.errors import InputError
from tinykit.estimate.record import KINDS

CellKind = Literal["measured", "published", "modelled", "assumed", "missing", "outside"]
"""Of a figure the softest kind; `missing`: nobody has it; `outside`: this column does not count the line."""
Bound = Literal["complete", "lower bound", "part"]
"""What a sum is that may lack lines: where one of them may take something away, a part, and no bound."""
_MARKS: Mapping[Bound, str] = {"complete": "", "lower bound": "≥ ", "part": "part: "}
NO_FIGURE: frozenset[CellKind] = frozenset({"missing", "outside"})
UNITS: Mapping[Column, str] = {
    "energy_j": "J",
    "carbon_g": "gCO2e",
    "carbon_market_g": "gCO2e",
    "water_l": "L",
    "money_usd": "USD",
}
LIBRARIES = ("numpy", "ecologits")
_SIDES = ("edge", "device", "cloud")
"""What may come from a session."""
_NOTHING = Outcome(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Cell:
    """A line, or a sum, in one column per device-day; ``outcome`` None where ``kind`` is in `NO_FIGURE`."""

    outcome: Outcome | None
    kind: CellKind


@dataclass(frozen=True)
class ResultLine:
    """One line of a policy's ledger. ``used`` are the scenario keys of all its cells, ``sources`` what those
    figures cite, and ``missing`` says by key what a blank cell lacks."""

    key: str
    site: str
    formula: str
    cells: Mapping[Column, Cell]
    used: tuple[str, ...]
    sources: tuple[str, ...]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Battery:
    """Days that one filling of the pack lasts; at most so many where a line of the device has no figure."""

    days: Outcome
    is_upper_bound: bool


@dataclass(frozen=True)
class PolicyResult:
    """One policy under its best hand. ``obstacles`` say why it is not feasible; ``gaps`` are lines without a
    figure, by column; ``battery`` is None where the device lives on something else. Where nobody knows how
    long the cloud takes ``latency_s`` is the rest, and a lower bound."""

    policy: Policy
    hand: Hand
    latency_s: float
    latency_is_lower_bound: bool
    obstacles: tuple[str, ...]
    lines: tuple[ResultLine, ...]
    totals: Mapping[Column, Cell]
    gaps: Mapping[Column, tuple[str, ...]]
    battery: Battery | None

    @property
    def feasible(self) -> bool:
        """Whether it may be played at all."""
        return not self.obstacles

    def mark(self, column: Column) -> str:
        """What stands before its total in ``column``."""
        return _MARKS[self.bound(self.gaps[column])]

    def bound(self, lacks: Collection[str]) -> Bound:
        """What a sum is that lacks these lines of its."""
        if not lacks:
            return "complete"
        increment = any(
            "increment" in key for name in lacks if (line := self.line(name)) for key in line.missing
        )
        return "part" if increment else "lower bound"

    def line(self, key: str) -> ResultLine | None:
        """The line ``key``, or None where the policy has none such."""
        return next((one for one in self.lines if one.key == key), None)


@dataclass(frozen=True)
class Provenance:
    """What the digits depend on beside the scenario."""

    tinykit: str
    catalog_sha256: str
    libraries: Mapping[str, str]
    draws: int
    seed: int


@dataclass(frozen=True)
class Result:
    """A comparison, ready to be shown. ``column`` is the one that the hands were searched in."""

    comparison: Comparison
    column: Column
    provenance: Provenance
    policies: Mapping[Policy, PolicyResult]
    notes: tuple[str, ...]
    paired: Paired | None = None

    @property
    def words(self) -> Mapping[str, str]:
        """The scenario's words."""
        return self.comparison.words

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The scenario's figures, the cloud's of the tier that the cloud-only node plays."""
        return self.comparison.parameters[self.policies["cloud"].hand.tier]

    @property
    def simulated(self) -> bool:
        """Whether anything comes from an emulator."""
        return SIMULATED in (self.words[f"{side}.stamp"] for side in _SIDES)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Codes of the verdict that the user accepted."""
        texts = (self.words[f"{side}.accepted"] for side in _SIDES)
        codes = (code.strip() for text in texts if text != "none" for code in text.split(","))
        return tuple(dict.fromkeys(codes))

    def difference(self, policy: Policy, column: Column | None = None) -> Difference:
        """Of ``policy`` against the cloud-only node."""
        return self.comparison.difference(policy, column or self.column)


def make_result(
    comparison: Comparison, catalog: Catalog, column: Column = "energy_j", paired: Paired | None = None
) -> Result:
    """Work out what is shown of ``comparison``. Raises InputError, code NOT_FINITE."""
    with calculable(comparison.scenario):
        return _result(comparison, catalog, column, paired)


def _result(comparison: Comparison, catalog: Catalog, column: Column, paired: Paired | None) -> Result:
    policies = {
        policy: _policy(
            comparison.ledgers[policy],
            comparison.parameters[comparison.played[policy].hand.tier],
            comparison.values[comparison.played[policy].hand.tier],
            comparison,
        )
        for policy in POLICIES
    }
    provenance = Provenance(
        __version__, catalog.provenance_hash, _libraries(), comparison.draws, comparison.seed
    )
    parameters = comparison.parameters[comparison.played["cloud"].hand.tier]
    used = {key for one in policies.values() for line in one.lines for key in line.used}
    said = notes(comparison.words, {key: one for key, one in parameters.items() if key in used})
    said += tuple(hosted(comparison.words, parameters, catalog))
    said += tuple(left_out(comparison.words, comparison.parameters, CASES))
    said += tuple(unchecked(comparison.words, parameters))
    said += tuple(unchecked_latency(comparison.played, parameters))
    said += tuple(searched(comparison.played, column))
    if paired is not None:
        said += (paired.note,)
    return Result(comparison, column, provenance, policies, said, paired)


def _policy(
    ledger: Ledger, parameters: Mapping[str, Parameter], values: Values, comparison: Comparison
) -> PolicyResult:
    played = comparison.played[ledger.policy]
    formulas = {entry.key: entry.text for entry in entries()}
    factors = _factor_keys(values, {line.site for line in ledger.lines})
    lines = tuple(_line(line, formulas[line.key], parameters, factors) for line in ledger.lines)
    gaps = {column: ledger.gaps(column) for column in COLUMNS}
    return PolicyResult(
        ledger.policy,
        played.hand,
        float(played.latency_s),
        played.at_least,
        comparison.obstacles[ledger.policy],
        lines,
        {column: _total(ledger, lines, column) for column in COLUMNS},
        gaps,
        _battery(ledger, values),
    )


def _battery(ledger: Ledger, values: Values) -> Battery | None:
    """The pack's usable joules over all that the device takes in a day, self-discharge with it; until it is
    old at most."""
    if values.word("supply.kind") not in ("primary", "rechargeable") or not values.has("supply.usable_j"):
        return None
    device = [line.energy_j for line in ledger.lines if line.site == "device"]
    day_j = sum((one for one in device if one is not None), np.zeros(()))
    if not np.all(day_j > 0):
        return None
    days = np.asarray(values["supply.usable_j"] / day_j)
    if values.has("supply.shelf_years"):
        days = np.minimum(days, values["supply.shelf_years"] * 365.25)
    return Battery(Outcome.of(days), any(one is None for one in device))


def _factor_keys(values: Values, sites: Iterable[str]) -> dict[tuple[str, Column], tuple[str, ...]]:
    """The scenario keys that turn a site's joules into a column's unit."""
    found: dict[tuple[str, Column], tuple[str, ...]] = {}
    for site in sites:
        for column, suffix in FACTORS.items():
            if site == "none":
                continue
            with values.reading() as used:
                try:
                    values[f"{site}.{suffix}"]
                except (Missing, KeyError):
                    continue
            found[site, column] = tuple(used)
    return found


def _line(
    line: Line,
    formula: str,
    parameters: Mapping[str, Parameter],
    factors: Mapping[tuple[str, Column], tuple[str, ...]],
) -> ResultLine:
    cells: dict[Column, Cell] = {}
    for column in COLUMNS:
        samples = line.columns[column]
        if samples is None or column in line.outside:
            cells[column] = Cell(None, "missing" if samples is None else "outside")
            continue
        keys = (*line.used, *factors.get((line.site, column), ()))
        cells[column] = Cell(_finite(Outcome.of(samples), line), softest(parameters, keys))
    of_site = [key for (site, _), keys in factors.items() if site == line.site for key in keys]
    used = tuple(dict.fromkeys((*line.used, *of_site)))
    return ResultLine(
        line.key, line.site, formula, cells, used, _sources(parameters, used), dict(line.missing)
    )


def _finite(one: Outcome, line: Line) -> Outcome:
    if not all(map(math.isfinite, (one.nominal, one.low, one.high))):
        raise InputError(
            f"{line.key}: {', '.join(line.used)} give no number that can be calculated with.",
            hint="look at these keys: one of them is far out.",
            code="NOT_FINITE",
        )
    return one


def softest(parameters: Mapping[str, Parameter], keys: Iterable[str]) -> CellKind:
    """The softest kind of the figures among ``keys``; of choices alone it is an assumption."""
    kinds = [
        one.estimate.kind
        for key in keys
        if (one := parameters.get(key)) is not None and one.estimate is not None and not one.spec.design
    ]
    return max(kinds, key=KINDS.index, default="assumed")


def _sources(parameters: Mapping[str, Parameter], keys: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        one = parameters.get(key)
        if one is not None and one.estimate is not None:
            found += [f"{key}: {source}" for source in one.estimate.sources]
    return tuple(dict.fromkeys(found))


def _total(ledger: Ledger, lines: Iterable[ResultLine], column: Column) -> Cell:
    """The sum of what has a figure; missing where nothing that costs something has one."""
    if not ledger.has_figure(column):
        return Cell(None, "missing")
    known = [line.cells[column] for line in lines]
    kinds = [one.kind for one in known if one.kind not in NO_FIGURE and one.outcome != _NOTHING]
    return Cell(Outcome.of(ledger.total(column)), max(kinds, key=KINDS.index, default="assumed"))


def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
