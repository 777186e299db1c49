"""``scenario.toml``: everything a comparison was told, by dotted key; whatever is not said has a default.

A quantity is written as a number in the field's unit, as text with a unit (``"0.0065 kWh/GB"``), as
``"catalog:KEY"``, as ``"gap: why"``, or as a table (``value``, ``low``, ``high``, ``distribution``, ``unit``,
``kind``, ``source``). A comparison writes its scenario back complete, with every influence, so that it
reruns from its own output to the same digits.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinykit.comparison.fields import Quantity, Word
from tinykit.comparison.lines import fields
from tinykit.errors import InputError

SCHEMA = "tinykit.scenario"
SCHEMA_VERSION = 1
MAX_SIZE_BYTES = 1 << 20
Given = bool | int | float | str | Mapping[str, Any]
SHORT = {
    "grid": ("grid.device", "grid.network", "grid.cloud"),
    "report_share": ("service.report_share", "hybrid.share"),
}
"""Names that stand for several keys, all of which get one value."""


@dataclass(frozen=True)
class Scenario:
    """What was said: raw values by key. ``place`` says in errors where it was said, ``places`` of which keys
    that was elsewhere (a flag)."""

    given: Mapping[str, Given] = field(default_factory=dict)
    place: str = "the command line"
    places: Mapping[str, str] = field(default_factory=dict)

    def but(self, changes: Mapping[str, Given], place: str = "") -> Scenario:
        """This scenario with ``changes`` on top, said at ``place``. Raises InputError for an unknown key."""
        place = place or self.place
        for key in changes:
            require_field(key, place)
        places = {**self.places, **dict.fromkeys(changes, place)}
        return Scenario({**self.given, **changes}, self.place, places)

    def where(self, key: str) -> str:
        """Where ``key`` was said."""
        return self.places.get(key, self.place)

    def words(self) -> dict[str, str]:
        """Every word, defaults filled in. Raises InputError for a case that there is not."""
        words: dict[str, str] = {}
        for key, one in fields().items():
            if isinstance(one, Word):
                words[key] = self._word(one, self.given[key] if key in self.given else one.choose(words))
                self._refuse_pair(one, words)
        return words

    def _refuse_pair(self, one: Word, words: Mapping[str, str]) -> None:
        if one.by is None:
            return
        other, left = one.by
        cases = left.get(words[other], one.cases)
        if words[one.key] not in cases:
            raise InputError(
                f"{self.where(one.key)}: {one.key} cannot be '{words[one.key]}' where {other} is"
                f" {words[other]}.",
                hint=f"one of {', '.join(cases)}; or another {other}.",
                code="SCENARIO",
            )

    def _word(self, one: Word, value: Given) -> str:
        if type(value) is int:
            value = str(value)  # a batch is named by its number
        if not isinstance(value, str) or not value:
            raise InputError(
                f"{self.where(one.key)}: {one.key} must be a word, not {value!r}.",
                hint=one.help,
                code="SCENARIO",
            )
        if one.cases and value not in one.cases:
            raise InputError(
                f"{self.where(one.key)}: {one.key} cannot be '{value}'.",
                hint=f"one of {', '.join(one.cases)}.",
                code="SCENARIO",
            )
        return value


def load_scenario(path: Path) -> Scenario:
    """Read a scenario. Raises InputError (code SCENARIO) for what is no scenario, with the place named."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", hint="check the path.", code="SCENARIO"
        ) from error
    if len(data) > MAX_SIZE_BYTES:
        raise InputError(f"{path} is larger than 1 MiB.", hint="a scenario fits in pages.", code="SCENARIO")
    try:
        return parse_scenario(data.decode(), str(path))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}).", hint="save it as UTF-8.", code="SCENARIO"
        ) from error


def parse_scenario(text: str, place: str) -> Scenario:
    """Read the text of a scenario, said at ``place``. Raises InputError: SCENARIO, SCENARIO_KEY."""
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(
            f"{place} is not TOML: {error}.", hint="docs/reference/scenario.md shows one.", code="SCENARIO"
        ) from error
    if tree.pop("schema", SCHEMA) != SCHEMA or tree.pop("schema_version", 1) != SCHEMA_VERSION:
        raise InputError(
            f"{place} is not a scenario of version {SCHEMA_VERSION}.",
            hint="another tinykit wrote it: read it with that one, or compare anew.",
            code="SCENARIO",
        )
    return Scenario(dict(_flatten(tree, "", place)), place)


def parse_set(text: str) -> dict[str, Given]:
    """``KEY=VALUE`` of ``--set``, the value as TOML or, failing that, a word; ``grid`` sets three keys.

    Raises InputError, code SCENARIO where there is no value, SCENARIO_KEY where there is no such key.
    """
    name, _, raw = (part.strip() for part in text.partition("="))
    if not name or not raw:
        raise InputError(
            f"--set: '{text}' gives no value.", hint="write --set cloud.pue=1.2.", code="SCENARIO"
        )
    try:
        value: Given = tomllib.loads(f"v = {raw}")["v"]
    except tomllib.TOMLDecodeError:
        value = raw
    return dict.fromkeys(find_keys(name, "--set"), value)


def find_keys(name: str, place: str) -> tuple[str, ...]:
    """The keys that ``name`` means: itself, one of `SHORT`, or the only key that ends in it.

    Raises InputError, code SCENARIO_KEY.
    """
    if name in fields() or name in SHORT:
        return SHORT.get(name, (name,))
    ending = tuple(key for key in fields() if key.endswith(f".{name}"))
    if len(ending) > 1:
        raise InputError(
            f"{place}: '{name}' may be {', '.join(ending)}.", hint="write it whole.", code="SCENARIO_KEY"
        )
    return ending or (require_field(name, place).key,)


def require_field(key: str, place: str) -> Quantity | Word:
    """The field ``key``. Raises InputError with the nearest names."""
    found = fields().get(key)
    if found is None:
        raise InputError(
            f"{place}: there is no key '{key}' in a scenario.",
            hint=f"{_like(key, tuple(fields()))}docs/reference/scenario.md lists all.",
            code="SCENARIO_KEY",
        )
    return found


def _flatten(tree: Mapping[str, Any], prefix: str, place: str) -> Iterator[tuple[str, Given]]:
    known = fields()
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if key in known:
            yield key, value
        elif isinstance(value, dict) and any(one.startswith(f"{key}.") for one in known):
            yield from _flatten(value, f"{key}.", place)
        else:
            require_field(key, place)


def _like(word: str, words: tuple[str, ...]) -> str:
    """The nearest, if any are near; with a space behind."""
    near = difflib.get_close_matches(word, words, n=3, cutoff=0.5)
    return f"Did you mean {', '.join(near)}? " if near else ""
