"""A scenario written complete: every key with its value, its influences, and who chose it.

What is read back gives the same digits: floats are written with every digit, influences by name. A default
is written too, marked as one, so that it can be told from a choice and looked up again (`refreshed`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tinykit.comparison.fields import Quantity, Word
from tinykit.comparison.lines import fields
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.scenario import SCHEMA, SCHEMA_VERSION, Given, Scenario
from tinykit.estimate import Estimate

DEFAULT = "default"
TIER, BEST = "cloud.case", "best"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def complete(tiers: Mapping[str, Mapping[str, Parameter]], words: Mapping[str, str]) -> dict[str, Given]:
    """Every key of a scenario in its complete form, in the order of the fields.

    Where the cloud plays the best of several tiers, the defaults that differ between them are left out: they
    are looked up again for each.
    """
    first = next(iter(tiers.values()))
    found: dict[str, Given] = {}
    for key, spec in fields().items():
        if isinstance(spec, Word):
            found[key] = words[key]
        elif words[TIER] != BEST or not _differs(spec, first[key], words):
            found[key] = parameter_table(first[key])
    return found


def _differs(spec: Quantity, one: Parameter, words: Mapping[str, str]) -> bool:
    """Whether it is a default that another tier would have otherwise."""
    tier = fields()[TIER]
    assert isinstance(tier, Word)
    chosen = [spec.choose({**words, TIER: case}) for case in tier.cases if case != BEST]
    return one.given == DEFAULT and any(other != chosen[0] for other in chosen)


def parameter_table(one: Parameter) -> dict[str, Any]:
    """The complete form of a parameter, or of its gap."""
    if one.estimate is None or one.nominal is None:
        return {"gap": one.why or "not known", "given": one.given}
    return quantity_table(one.estimate, one.nominal, one.given, one.note, one.stance)


def quantity_table(
    estimate: Estimate, value: float, given: str, note: str = "", stance: str | None = None
) -> dict[str, Any]:
    """``value`` is the nominal figure; the estimate without what follows from it, and without nulls."""
    table: dict[str, Any] = {"value": float(value), "given": given}
    if note:
        table["note"] = note
    if stance is not None:
        table["stance"] = stance
    influences = {}
    for name, one in estimate.influences.items():
        influences[name] = {"u": one.u, "distribution": one.distribution, "shape": one.shape}
        if not math.isinf(one.dof):
            influences[name]["dof"] = one.dof
        if one.shape_low is not None:
            influences[name]["shape_low"] = one.shape_low
    table["estimate"] = {
        "value": float(estimate.value),
        "unit": estimate.unit,
        "kinds": list(estimate.kinds),
        "sources": list(estimate.sources),
        "influences": influences,
    }
    return table


def refreshed(scenario: Scenario, changes: Mapping[str, Given], place: str) -> Scenario:
    """``scenario`` with ``changes``. Of one that was written complete, the defaults that depend on words
    which the changes set otherwise are looked up again. Raises InputError for an unknown key."""
    changed = scenario.but(changes, place)
    if not any(_is_default(value) for value in scenario.given.values()):
        return changed
    before = scenario.words()
    given = dict(changed.given)
    for key, spec in fields().items():
        if isinstance(spec, Word) and key not in changes and given.get(key) == spec.choose(before):
            del given[key]
    after = Scenario(given, changed.place, changed.places).words()
    for key, spec in fields().items():
        if not isinstance(spec, Quantity) or key in changes or not _is_default(given.get(key)):
            continue
        if spec.choose(before) != spec.choose(after):
            del given[key]
    return Scenario(given, changed.place, changed.places)


def _is_default(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("given") == DEFAULT


def scenario_toml(given: Mapping[str, Given], comments: Mapping[str, str]) -> str:
    """The text of a scenario file; ``comments`` stand at its top."""
    tree: dict[str, Any] = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION}
    for key, value in given.items():
        *path, leaf = key.split(".")
        place = tree
        for name in path:
            place = place.setdefault(name, {})
        place[leaf] = value
    head = [f"# {name}: {_one_line(text)}" for name, text in comments.items()]
    return "\n".join([*head, "", *_tables(tree, ())]) + "\n"


def _tables(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table: what fits on a line first, then the tables in it."""
    flat = {name: value for name, value in tree.items() if _is_flat(value)}
    if path and flat:
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for name, value in flat.items():
        yield f"{_key(name)} = {toml(value)}"
    for name, value in tree.items():
        if name not in flat:
            yield from _tables(value, (*path, name))


def _is_flat(value: object) -> bool:
    """Whether it is written on one line: all but groups of keys, and quantities with influences."""
    if not isinstance(value, Mapping):
        return True
    if "estimate" in value:
        return not value["estimate"]["influences"]
    return not any(isinstance(one, Mapping) for one in value.values()) and ("gap" in value or "u" in value)


def toml(value: object) -> str:
    """``value`` in TOML, on one line. Raises TypeError for what TOML does not know."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(name))} = {toml(one)}" for name, one in value.items()) + "}"
    raise TypeError(f"{type(value).__name__} does not go into TOML")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    return f'"{"".join(map(_escape, text))}"'


def _escape(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if 0xD800 <= ord(char) < 0xE000:
        return "\\ufffd"  # TOML has no lone surrogates; a file name may hold one
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
