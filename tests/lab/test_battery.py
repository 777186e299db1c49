"""Battery life: the formula's limits, its interval, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from duty_script import DutyScript
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import BOUND, Script, session

import tinykit as package
from tinykit.errors import GateError, UsageError
from tinykit.estimate import Estimate
from tinykit.lab.battery import (
    DAY_S,
    YEAR_S,
    Battery,
    battery_life,
    life_days,
    parse_capacity,
    parse_efficiency,
    parse_share,
)
from tinykit.lab.store import open_session

SCHEMA = Path(package.__file__).parent / "data" / "schemas" / "battery.v1.schema.json"


def watts(value, u=0.0):
    return Estimate.normal(value, "W", u, name="meter.gain", kind="measured", source="test")


def joules(value):
    return Estimate.exact(value, "J", kind="assumed", source="test")


@pytest.fixture(scope="module")
def periods(tmp_path_factory):
    folder = tmp_path_factory.mktemp("battery") / "periods"
    session(folder, DutyScript())
    return open_session(folder)


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """Windows and idle, no periods."""
    folder = tmp_path_factory.mktemp("battery") / "windows"
    session(folder, Script())
    return open_session(folder)


@settings(deadline=None, max_examples=30)
@given(st.floats(1, 1e6), st.floats(1e-6, 10.0), st.floats(0.0, 0.9))
def test_energy_is_used_up_by_load_and_self_discharge(energy_j, power_w, share):
    days = life_days(Battery(joules(energy_j), share), watts(power_w)).value
    rate = -math.log1p(-share) / YEAR_S
    # What was there at the beginning, decayed, less what the load took, each part decayed since.
    t_s = days * DAY_S
    taken_j = power_w * (math.expm1(rate * t_s) / rate if rate * t_s > 1e-12 else t_s)
    assert taken_j == pytest.approx(energy_j, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 2.2e-313, 1e-18, 1e-12, 1e-9])
def test_hardly_any_self_discharge_is_none(share):
    assert life_days(Battery(joules(DAY_S), share), watts(1.0)).value == pytest.approx(1.0, rel=1e-9)


def test_without_a_load_worth_the_name_a_year_takes_its_share():
    """Half is gone after a year of self-discharge by half; the load takes the other half at that moment."""
    energy_j, share = 1000.0, 0.5
    rate = math.log(2) / YEAR_S
    power_w = energy_j * rate  # equal flows: gone when E·rate/P = 1, ln 2 / rate = one year
    assert life_days(Battery(joules(energy_j), share), watts(power_w)).value * DAY_S == pytest.approx(YEAR_S)


def test_the_interval_is_that_of_a_reciprocal():
    battery = Battery(joules(DAY_S), 0.0)
    life = life_days(battery, watts(1.0, 0.1))
    low, high = life.interval
    assert low == pytest.approx(1 / 1.196, rel=0.01)
    assert high == pytest.approx(1 / 0.804, rel=0.01)
    assert high - 1 > 1 - low


def test_a_capacity_known_to_ten_per_cent_widens_it():
    battery = Battery(parse_capacity("1Wh±10%"), 0.0)
    low, high = life_days(battery, watts(1.0)).interval
    assert (low * 24, high * 24) == pytest.approx((0.905, 1.095), abs=0.005)


def test_a_converter_takes_its_share():
    whole, part = (life_days(Battery(joules(1e4), 0.0, share), watts(1.0)).value for share in (1.0, 0.8))
    assert part == pytest.approx(0.8 * whole)


@pytest.mark.parametrize(
    ("name", "dof", "word"),
    [
        ("s.idle.drift", math.inf, "its stretches differ"),
        ("s.sleep", 3.0, "sleep power scatters"),
        ("m#1.range0.offset", math.inf, "offset"),
        ("s.periods", 2.0, "more periods"),
        ("m#1.range4.gain", math.inf, "m#1.range4.gain"),
    ],
)
def test_a_power_that_may_be_nothing_has_no_life(name, dof, word):
    power = Estimate.normal(1e-6, "W", 1e-6, name=name, kind="measured", source="test", dof=dof)
    with pytest.raises(GateError) as caught:
        life_days(Battery(joules(1.0), 0.0), power + watts(0.0, 1e-7))
    assert caught.value.code == "BATTERY_NO_NUMBER"
    assert word in caught.value.hint


def test_what_dominates_an_interval_is_not_always_the_largest_u():
    few = Estimate.normal(1e-6, "W", 5e-7, name="s.periods", kind="measured", source="test", dof=1.0)
    with pytest.raises(GateError) as caught:
        life_days(Battery(joules(1.0), 0.0), few + watts(0.0, 6e-7))
    assert "more periods" in caught.value.hint


def test_the_life_is_that_of_the_power_however_heavy_its_tails():
    """A t of one degree of freedom has no mean, so that a mean of draws would say anything."""
    power = Estimate.normal(1.0, "W", 0.05, name="s.periods", kind="measured", source="test", dof=1.0)
    life = life_days(Battery(joules(DAY_S), 0.0), power)
    assert life.value == pytest.approx(1.0)
    low, high = life.interval
    assert (low, high) == pytest.approx((1 / 1.635, 1 / 0.365), rel=0.03)


def test_draws_decide_where_the_interval_of_a_mixture_is_too_kind():
    """By Welch and Satterthwaite it is above zero; a t of one degree of freedom alone reaches below."""
    few = Estimate.normal(3.0, "W", 0.3, name="s.periods", kind="measured", source="test", dof=1.0)
    power = few + watts(0.0, 1.0)
    assert power.interval()[0] > 0
    with pytest.raises(GateError):
        life_days(Battery(joules(1.0), 0.0), power)


def test_periods_as_they_were_measured(periods):
    report = battery_life(periods, Battery(parse_capacity("220mAh@2.9V"), 0.01))
    (life,) = report.lives
    assert report.simulated
    assert life.load.power == periods.duty.power
    jsonschema.validate(report.to_dict(), json.loads(SCHEMA.read_text()))


def test_a_rate_agrees_with_the_periods_at_their_own_rate(periods):
    duty = periods.duty
    each = DAY_S / duty.period.value
    _, at_rate = battery_life(periods, Battery(joules(1e4), 0.0), [each]).lives
    assert at_rate.load.power.value == pytest.approx(duty.power.value, rel=0.002)
    assert "wake-up and clock start are in it" in at_rate.load.notes[1]


def test_no_inference_at_all_is_the_state_alone(windows):
    (life,) = battery_life(windows, Battery(joules(1e4), 0.0), [0]).lives
    assert life.load.power.value == pytest.approx(windows.states["idle"].value)
    assert "not in it" in life.load.notes[1]


def test_a_rate_adds_the_energy_above_rest(windows):
    (life,) = battery_life(windows, Battery(joules(1e4), 0.0), [1000]).lives
    energy_j = (life.load.power.value - windows.states["idle"].value) * DAY_S
    assert energy_j == pytest.approx(1000 * windows.net.value, rel=1e-3)


@pytest.mark.parametrize("per_day", [-1, math.nan, math.inf, 1e9])
def test_rates_that_are_none(windows, per_day):
    with pytest.raises(UsageError) as caught:
        battery_life(windows, Battery(joules(1e4), 0.0), [per_day])
    assert caught.value.code == "BATTERY"


def test_neither_periods_nor_a_rate(windows):
    with pytest.raises(UsageError, match="no periods"):
        battery_life(windows, Battery(joules(1e4), 0.0))


def test_nothing_to_rest_in(windows):
    with pytest.raises(UsageError, match="no state"):
        battery_life(replace(windows, states={}), Battery(joules(1e4), 0.0), [1])


def test_typical_accuracy_gives_no_battery_a_life(tmp_path):
    session(tmp_path / "s", Script(), calibration=replace(BOUND, is_bound=False))
    with pytest.raises(GateError):
        battery_life(open_session(tmp_path / "s"), Battery(joules(1e4), 0.0), [1])


@pytest.mark.parametrize(
    ("text", "energy_j"),
    [
        ("1000mAh@3.0V", 10_800.0),
        ("1Ah@3V", 10_800.0),
        ("2.4Wh", 8640.0),
        ("2400 mWh", 8640.0),
        ("1e3mAh@3.0V", 10_800.0),
        ("100J", 100.0),
        ("2.4Wh+-10%", 8640.0),
    ],
)
def test_capacities(text, energy_j):
    estimate = parse_capacity(text)
    assert estimate.value == pytest.approx(energy_j)
    assert estimate.unit == "J"
    assert bool(estimate.influences) == ("%" in text)


@pytest.mark.parametrize(
    "text",
    ["", "1000", "1000mAh", "1000mAh@3.0", "1000@3V", "mAh@3V", "-1Wh", "0Wh", "1Wh±100%", "1Wh±5", "1e999Wh",
     "1mWH", "1Wh@3V", "1,5Wh", "NaNWh", "1e-999Wh"],
)  # fmt: skip
def test_capacities_that_are_none(text):
    with pytest.raises(UsageError) as caught:
        parse_capacity(text)
    assert caught.value.code == "BATTERY"


def test_shares():
    assert parse_share("2%", "x") == parse_share("0.02", "x") == pytest.approx(0.02)
    assert parse_share("0", "x") == 0
    assert parse_efficiency("none") == parse_efficiency("100%") == 1
    assert parse_efficiency("85%") == pytest.approx(0.85)
    for text in ("2", "100%", "1", "-1%", "", "two", "nan"):
        with pytest.raises(UsageError):
            parse_share(text, "x")
    for text in ("0", "1.2", "%"):
        with pytest.raises(UsageError):
            parse_efficiency(text)


@given(st.text(max_size=20))
def test_any_text_is_a_capacity_or_refused(text):
    try:
        assert np.isfinite(parse_capacity(text).value)
    except UsageError as error:
        assert error.code == "BATTERY"
