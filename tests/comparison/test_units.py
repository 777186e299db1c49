"""Units of the catalogue: every spelling has one meaning, and what measures something else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.units import UNITS, convert, si_unit
from tinykit.errors import InputError


@pytest.mark.parametrize(
    ("value", "unit", "expected", "si"),
    [
        (1.0, "kWh/GB", 3.6e-3, "J/B"),
        (1.0, "W/Mbps", 8e-6, "J/B"),
        (1.0, "mW/Mbps", 8e-9, "J/B"),
        (3600.0, "gCO2e/kWh", 1e-3, "g/J"),
        (74.0, "kgCO2e/kWh", 74e3 / 3.6e6, "g/J"),
        (2.66, "kgCO2e/device", 2660.0, "g"),
        (1820.0, "uJ/inference", 1.82e-3, "J"),
        (2.0, "kWh/1000 queries", 7200.0, "J"),
        (0.24, "Wh/prompt", 864.0, "J"),
        (300.0, "mW", 0.3, "W"),
        (3.6, "L/kWh", 1e-6, "L/J"),
        (7.2, "USD/h", 2e-3, "USD/s"),
        (0.36, "USD/kWh", 1e-7, "USD/J"),
        (225.0, "mAh", 810.0, "C"),
        (0.91, "kgCO2e/cm2", 9.1e6, "g/m2"),
        (1.2, "W/TB", 1.2e-12, "W/B"),
        (0.01, "1/year", 0.01 / (365.25 * 86400), "1/s"),
    ],
)
def test_a_figure_is_calculated_in_its_si_unit(value, unit, expected, si):
    found, factor = si_unit(unit)
    assert found == si
    assert value * factor == pytest.approx(expected, rel=1e-12)


def test_one_watt_per_megabit_is_0_00222_kwh_per_gigabyte():
    assert convert(1.0, "W/Mbps", "kWh/GB") == pytest.approx(0.00222, rel=2e-3)


@settings(deadline=None)
@given(st.sampled_from(sorted(UNITS)), st.floats(1e-6, 1e6))
def test_there_and_back_is_where_it_was(unit, value):
    si, _ = si_unit(unit)
    assert convert(convert(value, unit, si), si, unit) == pytest.approx(value, rel=1e-12)


def test_every_si_unit_is_itself_a_unit_of_factor_one():
    assert all(UNITS[si] == (si, 1.0) for si, _ in UNITS.values())


@settings(deadline=None)
@given(st.text(max_size=12).filter(lambda text: text not in UNITS))
def test_an_unknown_unit_is_refused_by_name(text):
    with pytest.raises(InputError) as caught:
        si_unit(text)
    assert caught.value.code == "CATALOG_UNIT"
    assert repr(text) in caught.value.message


def test_an_unknown_unit_names_the_nearest():
    with pytest.raises(InputError) as caught:
        si_unit("kwh/GB")
    assert "kWh/GB" in caught.value.hint


def test_different_things_are_not_converted():
    with pytest.raises(InputError, match="J/B") as caught:
        convert(1.0, "kWh/GB", "kWh")
    assert caught.value.code == "CATALOG_UNIT"
