"""What a scenario may say: every key once, with its unit, its bounds and where its default comes from.

A *quantity* may be uncertain and is drawn. A *design* value is a choice of whoever runs the comparison (an
event rate, a share reported): it is swept or listed, never drawn. A *word* chooses between named cases. The
rooms of ``lines/`` declare the fields of their own formulas; ``ALL`` is their union, in that order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Stance = Literal["attributional", "consequential"]
STANCES: tuple[Stance, ...] = ("attributional", "consequential")
Words = Mapping[str, str]
"""The scenario's words by key, defaults filled in: what a default may depend on."""


@dataclass(frozen=True)
class Assumed:
    """A default that nobody published: our own figure, said so. ``low`` and ``high`` hold 95 % of it."""

    value: float
    low: float | None = None
    high: float | None = None
    distribution: Literal["lognormal", "triangular", "rectangular"] = "lognormal"
    note: str = ""


@dataclass(frozen=True)
class Cited:
    """A default out of the catalogue: the row ``key``, times ``scale`` where the field counts in another
    unit.

    ``offset`` is added in the field's unit. ``within``: 95 % of it lies between these factors of the figure,
    lognormal, where the row has no range of its own and the literature spreads that wide: a spread of ours.
    ``inverse``: the field is one over the row (a time out of a rate). ``stance`` names the one stance that
    the row belongs to; None serves both. ``otherwise`` stands where neither our catalogue nor the user's has
    the row.
    """

    key: str
    scale: float = 1.0
    offset: float = 0.0
    within: tuple[float, float] | None = None
    inverse: bool = False
    note: str = ""
    stance: Stance | None = None
    otherwise: Default | None = None


@dataclass(frozen=True)
class Between:
    """Anywhere between two rows of the catalogue (rectangular), their middle being the figure; ``name`` is
    its influence. ``otherwise`` stands where a row is not there."""

    low: str
    high: str
    name: str
    otherwise: Gap
    stance: Stance | None = None


@dataclass(frozen=True)
class Found:
    """A figure that a library ships: an adapter looked it up. In the field's unit.

    ``kind`` is ``modelled`` where the library calculates it and nobody published it as a figure. ``low`` and
    ``high`` are the publisher's; ``within`` is a spread of ours in their place, as of `Cited`.
    """

    value: float
    source: str
    name: str
    low: float | None = None
    high: float | None = None
    distribution: Literal["lognormal", "triangular", "rectangular"] = "lognormal"
    stance: Stance | None = None
    kind: Literal["published", "modelled"] = "published"
    within: tuple[float, float] | None = None


@dataclass(frozen=True)
class Gap:
    """Nobody has a figure: the lines that need one stay in the table, declared."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The word that chose this names nothing: an InputError, unless a row of the user's goes before it."""

    message: str
    hint: str
    code: str


Default = Assumed | Cited | Between | Found | Gap | Refused
Chooser = Callable[[Words], Default]


@dataclass(frozen=True)
class Quantity:
    """A number of a scenario. ``least`` and ``most`` are the values that are possible at all."""

    key: str
    unit: str
    help: str
    default: Default | Chooser
    least: float = 0.0
    most: float = math.inf
    design: bool = False

    def choose(self, words: Words) -> Default:
        """The default under ``words``."""
        return self.default(words) if callable(self.default) else self.default


@dataclass(frozen=True)
class Word:
    """A choice between named cases, or, where ``cases`` is empty, a free word (a zone, a name).

    ``by``: an earlier word's key, and the cases that are left under its own; all are where it has none.
    """

    key: str
    help: str
    default: str | Callable[[Words], str]
    cases: tuple[str, ...] = ()
    by: tuple[str, Mapping[str, tuple[str, ...]]] | None = None

    def choose(self, words: Words) -> str:
        """The default under the words that come before this one."""
        return self.default(words) if callable(self.default) else self.default


Field = Quantity | Word


def by(key: str, table: Mapping[str, Default], otherwise: Default | None = None) -> Chooser:
    """A default that depends on the word ``key``."""

    def choose(words: Words) -> Default:
        found = table.get(words[key], otherwise)
        return found if found is not None else Gap(f"no figure for {key} = {words[key]}")

    return choose


def by_stance(attributional: Default, consequential: Default) -> Chooser:
    """A default that depends on the stance: an average, or a margin."""
    return lambda words: attributional if words["stance"] == "attributional" else consequential
