"""The ledger of one policy: every line in joules, grams, litres and money per device-day, and their sums.

A line's formula gives joules and what it costs directly; the factors of its *site* (the device's supply, the
mains where it stands, the network's and the data centre's electricity) turn joules into grams, litres and
money. A line nobody has a figure for stays in the table as a declared gap; the sum says what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from tinykit.comparison.flow import Flow, Policy
from tinykit.comparison.parameters import Array, Missing, Values

Site = Literal["device", "premises", "network", "datacentre", "none"]
Column = Literal["energy_j", "carbon_g", "carbon_market_g", "water_l", "money_usd"]
COLUMNS: tuple[Column, ...] = ("energy_j", "carbon_g", "carbon_market_g", "water_l", "money_usd")
MAKING: tuple[Column, ...] = COLUMNS[1:]
"""What making a thing takes; what a factory burnt for it is in the grams, and in no joule of service."""
FACTORS: dict[Column, str] = {
    "carbon_g": "g_per_j",
    "carbon_market_g": "market_g_per_j",
    "water_l": "l_per_j",
    "money_usd": "usd_per_j",
}
"""The derived keys ``SITE.g_per_j`` and so on are the factors. ``carbon_g`` is location-based; the
market-based column is beside it, never mixed with it and never netted."""


Direct = Array | float | None


@dataclass(frozen=True)
class Cost:
    """What a formula gives, per device-day: joules, and what comes beside the joules.

    None in a column: it is known that there is something, and nobody has the figure.
    """

    energy_j: Array | float = 0.0
    carbon_g: Direct = 0.0
    water_l: Direct = 0.0
    money_usd: Direct = 0.0


Sums = Mapping[Site, Array]
"""Joules of the lines above, by site: what losses and cooling multiply."""
Formula = Callable[[Values, Flow, Sums], Cost | None]
"""None: the line does not occur under this policy (no gap)."""


@dataclass(frozen=True)
class Entry:
    """How a line is computed. ``text`` is its formula in words, for the table of the docs; ``columns`` are
    those that count it at all: a rent has no joules, which is another thing than 0 J."""

    key: str
    site: Site
    text: str
    formula: Formula
    columns: tuple[Column, ...] = COLUMNS


@dataclass(frozen=True)
class Line:
    """One line per device-day; a column is None where a figure is missing, and ``missing`` names it.

    A column that does not count it (``outside``) holds nothing to add up, and no figure. ``used`` are the
    scenario keys that the joules (or, without joules, the direct costs) came from.
    """

    key: str
    site: Site
    columns: dict[Column, Array | None]
    used: tuple[str, ...]
    missing: dict[str, str]
    outside: tuple[Column, ...] = ()

    @property
    def energy_j(self) -> Array | None:
        """Joules per device-day."""
        return self.columns["energy_j"]


@dataclass(frozen=True)
class Ledger:
    """All lines of a policy."""

    policy: Policy
    flow: Flow
    lines: tuple[Line, ...]

    def total(self, column: Column) -> Array:
        """The sum of the lines that have a figure, per device-day: a lower bound if `gaps` names any."""
        parts = [line.columns[column] for line in self.lines]
        return np.asarray(sum((p for p in parts if p is not None), np.zeros(())))

    def gaps(self, column: Column) -> tuple[str, ...]:
        """Keys of the lines without a figure in ``column``."""
        return tuple(line.key for line in self.lines if line.columns[column] is None)

    def has_figure(self, column: Column) -> bool:
        """Whether the sum says anything: a line that costs something has a figure, or none lacks one."""
        known = (line.columns[column] for line in self.lines)
        return not self.gaps(column) or any(one is not None and bool(np.any(one)) for one in known)

    def line(self, key: str) -> Line | None:
        """The line ``key``, or None where the policy has no such line."""
        return next((line for line in self.lines if line.key == key), None)


Doubt = tuple[str, Ledger, Array]
"""A line, a ledger, and where its figures there (its points or draws) leave a difference untold."""


def uneven(mine: Ledger, other: Ledger, column: Column) -> Iterator[Doubt]:
    """Lines without a figure on one side and with one on the other, where that is not 0: what such sums
    differ by is partly what nobody knows."""
    for lacks, has in ((mine, other), (other, mine)):
        for key in lacks.gaps(column):
            line = has.line(key)
            known = None if line is None else line.columns[column]
            if known is not None:
                yield key, has, np.asarray(known != 0.0)


def unpriced(ledger: Ledger, column: Column) -> Iterator[Doubt]:
    """Lines with joules that have no figure in ``column``: what is left of such a sum decides nothing. In
    money every line known but for its price, with joules or without: part of a bill is no saving."""
    for line in ledger.lines:
        if line.columns[column] is None and line.energy_j is not None:
            yield line.key, ledger, np.asarray((line.energy_j != 0.0) | (column == "money_usd"))


def is_whole(ledger: Ledger, column: Column) -> bool:
    """Whether every line known in joules, or known to take none, has its figure in ``column``: else no ratio
    is told, which gaps of both sides do not leave as it is."""
    return not any(line.columns[column] is None and line.energy_j is not None for line in ledger.lines)


def make_ledger(
    entries: Sequence[Entry], values: Values, flow: Flow, columns: Sequence[Column] = COLUMNS
) -> Ledger:
    """Every entry under ``flow``, in order; only ``columns`` where a search needs no more."""
    return Ledger(flow.policy, flow, tuple(_lines(entries, values, flow, columns)))


def cost_of(entries: Sequence[Entry], values: Values, flow: Flow, column: Column) -> Array:
    """Only the sum of ``column``."""
    return make_ledger(entries, values, flow, (column,)).total(column)


def _lines(entries: Sequence[Entry], values: Values, flow: Flow, wanted: Sequence[Column]) -> Iterator[Line]:
    sums: dict[Site, Array] = {site: np.zeros(()) for site in get_args(Site)}
    for entry in entries:
        missing: dict[str, str] = {}
        outside = tuple(column for column in wanted if column not in entry.columns)
        columns: dict[Column, Array | None] = dict.fromkeys(outside, np.zeros(()))
        with values.reading() as used:
            try:
                cost = entry.formula(values, flow, sums)
            except Missing as gap:
                missing[gap.key] = gap.why
                cost = Cost()
        if cost is None:
            continue
        if missing:
            columns = {**dict.fromkeys(wanted), **columns}
            yield Line(entry.key, entry.site, columns, tuple(used), missing, outside)
            continue
        energy_j = np.asarray(cost.energy_j, float)
        sums[entry.site] = sums[entry.site] + energy_j
        for column in wanted:
            if column in outside:
                continue
            if column == "energy_j":
                columns[column] = energy_j
                continue
            direct = getattr(cost, "carbon_g" if column == "carbon_market_g" else column)
            if direct is None:
                missing.update({key: values.gaps[key] for key in used if key in values.gaps})
                columns[column] = None
            else:
                factor = f"{entry.site}.{FACTORS[column]}"
                columns[column] = _priced(energy_j, direct, factor, values, missing)
        yield Line(entry.key, entry.site, columns, tuple(used), missing, outside)


def _priced(
    energy_j: Array, direct: Array | float, factor: str, values: Values, missing: dict[str, str]
) -> Array | None:
    if factor.startswith("none.") or not np.any(energy_j):
        return np.asarray(direct, float)
    with values.reading():
        try:
            return np.asarray(direct + energy_j * values[factor])
        except Missing as gap:
            missing[gap.key] = gap.why
            return None
