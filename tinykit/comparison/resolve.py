"""From what a scenario says to parameters with distributions: the catalogue, the units, the defaults."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from tinykit.comparison.catalog import Catalog, Row
from tinykit.comparison.fields import Between, Cited, Default, Found, Gap, Quantity, Refused
from tinykit.comparison.lines import fields
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.spread import spread
from tinykit.comparison.units import convert
from tinykit.errors import InputError, TinykitError
from tinykit.estimate import Estimate, Kind

_WITH_UNIT = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*")
_TABLE = {"value", "low", "high", "distribution", "unit", "kind", "source", "note"}
SPREAD_ASSUMED = "spread assumed"
"""How the note of a published figure begins whose publisher states no spread, and which has one of ours."""
_COMPLETE = {"value", "estimate", "given", "note", "stance"}


def resolve(scenario: Scenario, catalog: Catalog, words: Mapping[str, str]) -> dict[str, Parameter]:
    """Every quantity of a scenario. Raises InputError with the key where a value cannot be."""
    found: dict[str, Parameter] = {}
    for key, spec in fields().items():
        if not isinstance(spec, Quantity):
            continue
        if key in scenario.given:
            one = _given(spec, scenario.given[key], catalog, scenario.where(key))
        else:
            one = _default(spec, words, catalog, _place(scenario, key))
        found[key] = _checked(one, scenario.where(key))
    return found


def _place(scenario: Scenario, key: str) -> str:
    """Where a default comes from: a grid's from its zone, which may have been said elsewhere."""
    return scenario.where(key.partition("_")[0] if key.startswith("grid.") else key)


def _default(spec: Quantity, words: Mapping[str, str], catalog: Catalog, place: str) -> Parameter:
    try:
        return default(spec, spec.choose(words), catalog)
    except TinykitError as error:
        raise InputError(f"{place}: {spec.key}: {error.message}", hint=error.hint, code=error.code) from error


def default(spec: Quantity, chosen: Default, catalog: Catalog) -> Parameter:
    """The parameter of a default. Raises InputError for a catalogue key that there is not, or a zone."""
    if isinstance(chosen, Gap):
        return Parameter(spec, None, None, why=chosen.why)
    if isinstance(chosen, Refused):
        raise InputError(chosen.message, hint=chosen.hint, code=chosen.code)
    if isinstance(chosen, Cited):
        if chosen.otherwise is not None and chosen.key not in catalog:
            return default(spec, chosen.otherwise, catalog)
        return cited(spec, catalog.find(chosen.key), chosen)
    if isinstance(chosen, Between):
        return _between(spec, chosen, catalog)
    low, high, note = chosen.low, chosen.high, ""
    if isinstance(chosen, Found) and chosen.within is not None:
        low, high = (chosen.value * factor for factor in chosen.within)
        note = _spread_of_ours(chosen.within)
    estimate = spread(
        chosen.value,
        spec.unit,
        low,
        high,
        chosen.distribution,
        name=chosen.name if isinstance(chosen, Found) else spec.key,
        kind=chosen.kind if isinstance(chosen, Found) else "assumed",
        source=chosen.source if isinstance(chosen, Found) else chosen.note or "assumed by tinykit",
    )
    if isinstance(chosen, Found):
        return Parameter(spec, estimate, chosen.value, note=note, stance=chosen.stance)
    return Parameter(spec, estimate, chosen.value, note=chosen.note)


def _spread_of_ours(within: tuple[float, float]) -> str:
    return f"{SPREAD_ASSUMED}: x {within[0]:.3g} to {within[1]:.3g}"


def _between(spec: Quantity, how: Between, catalog: Catalog) -> Parameter:
    rows = [catalog.find(key) for key in (how.low, how.high) if key in catalog]
    if len(rows) < 2 or any(row.is_gap for row in rows):
        return default(spec, how.otherwise, catalog)
    low, high = (row.estimate(spec.unit).value for row in rows)
    estimate = spread(
        (low + high) / 2,
        spec.unit,
        low,
        high,
        "rectangular",
        name=how.name,
        kind=rows[0].kind,
        source="; ".join(row.citation for row in rows),
    )
    note = f"{SPREAD_ASSUMED}: anywhere between {rows[0].key} and {rows[1].key}"
    return Parameter(spec, estimate, (low + high) / 2, note=note, stance=how.stance)


def cited(spec: Quantity, row: Row, how: Cited) -> Parameter:
    """The parameter that a row of the catalogue gives. A row without a value is a gap."""
    if row.value is None:
        return Parameter(spec, None, None, why=f"the catalogue's {row.key} has no value")
    if how.inverse:
        unit = f"1/{spec.unit}"
        estimate = (how.scale / row.estimate(unit)).in_unit(spec.unit)
        nominal = how.scale / convert(row.value, row.unit, unit)
    else:
        estimate = row.estimate(spec.unit) * how.scale + how.offset
        nominal = convert(row.value, row.unit, spec.unit) * how.scale + how.offset
    # What we say of our row is not so of one that the user put in its place; a row's own warning always is.
    note = "; ".join(filter(None, (how.note if row.check != "user" else "", row.warning)))
    if how.within is not None and not estimate.influences:
        note = _spread_of_ours(how.within) + (f"; {note}" if note else "")
        low, high = (nominal * factor for factor in how.within)
        estimate = spread(
            nominal,
            spec.unit,
            low,
            high,
            "lognormal",
            name=f"catalog.{row.key}",
            kind=row.kind,
            source=row.citation,
        )
    return Parameter(
        spec,
        _exact(estimate, nominal) if spec.design else estimate,
        nominal,
        note=note,
        stance=how.stance,
    )


def _given(spec: Quantity, value: Given, catalog: Catalog, place: str) -> Parameter:
    try:
        if isinstance(value, bool):
            raise ValueError("a number is needed")
        if isinstance(value, (int, float)):
            return _number(spec, float(value), place)
        if isinstance(value, str):
            return _text(spec, value, catalog, place)
        if not isinstance(value, Mapping):
            raise ValueError(f"a {type(value).__name__} is no figure")
        return _table(spec, value, place)
    except TinykitError as error:
        raise InputError(f"{place}: {spec.key}: {error.message}", hint=error.hint, code=error.code) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(
            f"{place}: {spec.key}: {error}.",
            hint=f"{spec.help} A number in {spec.unit}, 'NUMBER UNIT', 'catalog:KEY', 'gap: why' or a table.",
            code="SCENARIO",
        ) from error


def _number(spec: Quantity, value: float, place: str) -> Parameter:
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that can be calculated with")
    return Parameter(
        spec, Estimate.exact(value, spec.unit, kind="assumed", source=f"given in {place}"), value, "scenario"
    )


def _text(spec: Quantity, value: str, catalog: Catalog, place: str) -> Parameter:
    if value.startswith("gap:"):
        return Parameter(spec, None, None, "scenario", why=value[4:].strip() or "declared in the scenario")
    if value.startswith("catalog:"):
        one = cited(spec, catalog.find(value[8:].strip()), Cited(value[8:].strip()))
        return Parameter(spec, one.estimate, one.nominal, "scenario", why=one.why, stance=one.stance)
    matched = _WITH_UNIT.fullmatch(value)
    if matched is None:
        raise ValueError(f"'{value}' is not a number with a unit")
    return _number(spec, convert(float(matched[1]), matched[2] or spec.unit, spec.unit), place)


def _table(spec: Quantity, value: Mapping[str, Any], place: str) -> Parameter:
    if "gap" in value:
        return Parameter(spec, None, None, str(value.get("given", "scenario")), why=str(value["gap"]))
    if "estimate" in value:
        _require_keys(value, _COMPLETE)
        estimate = Estimate.from_dict(_infinite(value["estimate"]))
        if estimate.unit != spec.unit:
            raise ValueError(f"the estimate is in {estimate.unit}, not in {spec.unit}")
        return Parameter(
            spec,
            estimate,
            float(value["value"]),
            str(value["given"]),
            str(value.get("note", "")),
            stance=value.get("stance"),
        )
    _require_keys(value, _TABLE)
    unit = str(value.get("unit", spec.unit))
    centre, low, high = (
        None if value.get(k) is None else convert(_finite(value[k]), unit, spec.unit)
        for k in ("value", "low", "high")
    )
    if centre is None:
        raise ValueError("a table needs a value")
    kind = value.get("kind", "assumed")
    if kind not in get_args(Kind):
        raise ValueError(f"a kind is one of {', '.join(get_args(Kind))}, not {kind!r}")
    if spec.design and (low is not None or high is not None):
        raise ValueError(
            "this is a choice: sweep it with --sweep, a range would draw it as if it were chance"
        )
    estimate = spread(
        centre,
        spec.unit,
        low,
        high,
        str(value.get("distribution", "lognormal")),
        name=spec.key,
        kind=kind,
        source=str(value.get("source", f"given in {place}")),
    )
    return Parameter(spec, estimate, centre, "scenario", str(value.get("note", "")))


def _finite(value: object) -> float:
    """A number out of a file. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number that can be calculated with")
    return float(value)


def _checked(one: Parameter, place: str) -> Parameter:
    spec = one.spec
    if one.nominal is None:
        return one
    if not (math.isfinite(one.nominal) and spec.least <= one.nominal <= spec.most):
        raise InputError(
            f"{place}: {spec.key} cannot be {one.nominal:g} {spec.unit}.",
            hint=f"{spec.help} Between {spec.least:g} and {spec.most:g} {spec.unit}.",
            code="SCENARIO_VALUE",
        )
    return one


def _exact(estimate: Estimate, nominal: float) -> Estimate:
    return Estimate(nominal, estimate.unit, estimate.kinds, estimate.sources)


def _require_keys(value: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(value) - known):
        raise ValueError(f"there is no '{unknown[0]}' in a quantity; it takes {', '.join(sorted(known))}")


def _infinite(data: Mapping[str, Any]) -> dict[str, Any]:
    """TOML has no null: an influence without ``dof`` has infinitely many."""
    influences = {name: {"dof": None, **one} for name, one in data.get("influences", {}).items()}
    return {**data, "influences": influences}
