"""A scenario's keys, words and figures: what is read, what is refused, and where it was said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Quantity, Word
from tinykit.comparison.lines import fields
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Scenario, find_keys, parse_scenario, parse_set
from tinykit.comparison.units import UNITS
from tinykit.errors import InputError, TinykitError

CATALOG = Catalog.load()
QUANTITIES = [one for one in fields().values() if isinstance(one, Quantity)]


def nominal(key: str, value: object) -> float | None:
    scenario = Scenario({key: value})  # type: ignore[dict-item]
    return resolve(scenario, CATALOG, scenario.words())[key].nominal


def test_no_key_is_the_beginning_of_another() -> None:
    """Each has its own place in a TOML file."""
    keys = list(fields())
    assert not [(a, b) for a in keys for b in keys if b.startswith(f"{a}.")]


@pytest.mark.parametrize("spec", QUANTITIES, ids=lambda spec: spec.key)
def test_every_quantity_takes_text_in_its_own_unit(spec: Quantity) -> None:
    """So that 'NUMBER UNIT' of an error's hint is no empty promise."""
    assert spec.unit in UNITS
    value = max(spec.least, 1.0) if spec.most >= 1 else spec.most
    assert nominal(spec.key, f"{value!r} {spec.unit}") == pytest.approx(value)


@pytest.mark.parametrize("spec", QUANTITIES, ids=lambda spec: spec.key)
@pytest.mark.parametrize("value", [math.nan, math.inf, {"value": math.nan}, {"value": 1.0, "low": math.nan}])
def test_no_quantity_takes_what_is_no_number(spec: Quantity, value: object) -> None:
    with pytest.raises(InputError) as refused:
        nominal(spec.key, value)
    assert spec.key in refused.value.message


def test_units_are_converted_and_never_guessed() -> None:
    assert nominal("network.byte_j", "0.0065 kWh/GB") == pytest.approx(0.0065 * 3.6e6 / 1e9)
    assert nominal("edge.inference_j", "288 uJ") == pytest.approx(288e-6)
    assert nominal("edge.inference_j", "0.0025") == 0.0025
    with pytest.raises(InputError, match=r"edge\.inference_j: 'much' is not a number"):
        nominal("edge.inference_j", "much")


def test_a_default_follows_its_words_and_the_stance() -> None:
    average, marginal = (
        resolve(scenario, CATALOG, scenario.words())["network.byte_j"]
        for scenario in (Scenario(), Scenario({"stance": "consequential"}))
    )
    assert average.nominal is not None and marginal.nominal is not None
    assert average.nominal > 10 * marginal.nominal
    assert (average.stance, marginal.stance) == ("attributional", "consequential")


def test_short_names_mean_one_key_or_are_refused() -> None:
    assert find_keys("grid", "here") == ("grid.device", "grid.network", "grid.cloud")
    assert find_keys("pue", "here") == ("cloud.pue",)
    assert parse_set("grid=KR") == {f"grid.{place}": "KR" for place in ("device", "network", "cloud")}
    with pytest.raises(InputError, match="may be"):
        find_keys("kind", "here")


def test_later_words_win_and_keep_their_place() -> None:
    scenario = Scenario({"cloud.pue": 1.1}, "a file").but({"cloud.pue": 0.5}, "--set")
    with pytest.raises(InputError, match=r"^--set: cloud\.pue"):
        resolve(scenario, CATALOG, scenario.words())


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(fields())),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    ["value", "low", "high", "estimate", "gap", "given", "unit", "influences", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=5,
    ),
)
def test_whatever_is_given_is_taken_or_refused_with_its_key(key: str, value: object) -> None:
    scenario = Scenario({key: value})  # type: ignore[dict-item]
    try:
        found = resolve(scenario, CATALOG, scenario.words())
    except TinykitError as error:
        assert error.exit_code == 3
        return
    assert all(one.nominal is None or math.isfinite(one.nominal) for one in found.values())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (lambda: parse_scenario(text, "here"), lambda: parse_set(text)):
        try:
            read()
        except TinykitError as error:
            assert error.exit_code == 3


def test_words_with_cases_have_a_default_among_them() -> None:
    words = Scenario().words()
    for key, spec in fields().items():
        if isinstance(spec, Word) and spec.cases:
            assert words[key] in spec.cases
