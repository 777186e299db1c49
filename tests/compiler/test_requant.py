"""Every form equals the reference's rule on every sum that can occur."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tinykit.compiler import fixed_point
from tinykit.compiler.program import FullyConnected
from tinykit.compiler.requant import (
    Literal,
    Rule,
    Steps,
    evaluate,
    exact,
    solve_high,
    solve_wide,
)

INT32 = 1 << 31
MULTIPLIERS = st.one_of(
    st.floats(2.0**-14, 0.9),
    st.integers(-14, -1).map(lambda e: 2.0**e),
    st.integers(-14, -1).map(lambda e: float(np.nextafter(np.float32(2.0**e), np.float32(0)))),
)


def rule(multipliers, *, rounding="double", zero_point=0, low=-128, high=127, reach=3000):
    n = len(multipliers)
    return Rule(
        np.array(multipliers),
        rounding,
        zero_point,
        low,
        high,
        np.full(n, -reach, np.int64),
        np.full(n, reach, np.int64),
    )


def every_sum(one):
    return np.arange(one.low[0], one.high[0] + 1)[None, :].repeat(len(one.multiplier), axis=0)


def rounded_twice(acc, real):
    """The double rule from its definition, in exact fractions."""
    multiplier, shift = fixed_point.quantize_multiplier(real)
    product = math.floor(Fraction(acc * multiplier * 2 ** max(shift, 0), 1 << 31) + Fraction(1, 2))
    rest = Fraction(product, 1 << max(-shift, 0))
    return math.floor(rest + Fraction(1, 2)) if rest >= 0 else -math.floor(-rest + Fraction(1, 2))


@given(st.integers(-(2**26), 2**26), st.floats(1e-6, 8.0))
def test_the_double_rule_is_two_roundings(acc, real):
    assume(abs(acc) * real < 2**30)
    one = rule([real], low=-INT32, high=INT32 - 1)
    assert one.apply([[acc]])[0, 0] == rounded_twice(acc, real)


@given(st.integers(-(2**30), 2**30), st.floats(1e-8, 2.0))
def test_the_single_rule_rounds_a_double_product(acc, real):
    assume(abs(acc) * real < 2**30)
    product = float(acc) * real
    expected = math.floor(abs(product)) + (abs(product) % 1.0 >= 0.5)
    one = rule([real], rounding="single", low=-INT32, high=INT32 - 1)
    assert one.apply([[acc]])[0, 0] == (expected if product >= 0 else -expected)


def test_the_single_rule_takes_ties_away_from_zero():
    one = rule([0.125], rounding="single")
    assert one.apply([[-4, 4, -12, 12]]).tolist() == [[-1, 1, -2, 2]]


@given(
    st.lists(MULTIPLIERS, min_size=1, max_size=4),
    st.sampled_from(["double", "single"]),
    st.integers(-128, 127),
    st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_form_that_is_found_is_the_rule(multipliers, rounding, zero_point, relu):
    low = zero_point if relu else -128
    one = rule(multipliers, rounding=rounding, zero_point=zero_point, low=low)
    sums = every_sum(one)
    expected = one.apply(sums)
    forms = [
        solve_wide(one),
        solve_high(one),
        solve_high(one, common_shift=False),
        solve_high(one, accumulator_log2=1, common_shift=False),
        solve_high(one, accumulator_log2=8, common_shift=False, sign_step=True),
        exact(one),
    ]
    for form in forms:
        if form is not None:
            np.testing.assert_array_equal(evaluate(form, one, sums), expected)


@given(st.lists(MULTIPLIERS.filter(lambda m: m < 0.499), min_size=1, max_size=6), st.integers(-128, 127))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_rule_s_own_shift_always_has_numbers(multipliers, zero_point):
    one = rule(multipliers, zero_point=zero_point)
    assert solve_high(one, accumulator_log2=1, common_shift=False) is not None


@given(st.lists(MULTIPLIERS, min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_64_bits_have_numbers_for_the_rule_of_convolutions(multipliers):
    """Not so for the other rule: 5 * 0.8999999999999999 is 4.5 in floating point, and ties go both ways."""
    assert solve_wide(rule(multipliers, rounding="double")) is not None


@given(st.lists(MULTIPLIERS, min_size=1, max_size=3), st.sampled_from(["double", "single"]))
@settings(max_examples=30, deadline=None)
def test_thresholds_are_where_the_rule_steps(multipliers, rounding):
    one = rule(multipliers, rounding=rounding, reach=400)
    results = one.apply(every_sum(one))
    for channel, row in enumerate(one.thresholds):
        for level, at in zip(range(-127, 128), row, strict=True):
            reached = np.flatnonzero(results[channel] >= level)
            assert at == (reached[0] - 400 if len(reached) else 401)


def test_common_shift_serves_channels_of_different_scale():
    one = rule([0.004, 0.0021, 0.0009], zero_point=-128, reach=200_000)
    form = solve_high(one)
    assert form is not None
    assert len(set(form.shift.tolist())) == 1
    assert not form.sign_step


def test_a_scaled_sum_that_would_not_fit_has_no_high_form():
    assert solve_high(rule([1e-5], zero_point=-128, reach=1 << 24)) is None


def test_a_multiplier_above_one_is_literal():
    one = rule([3.7], reach=100)
    assert isinstance(exact(one), Literal)
    np.testing.assert_array_equal(evaluate(exact(one), one, every_sum(one)), one.apply(every_sum(one)))


def test_sums_that_may_wrap_get_the_full_range():
    dense = FullyConnected(
        np.full((2, 4), 127, np.int8),
        np.array([2**31 - 1, 5], np.int32),
        np.array([1e-7, 1e-3]),
        0,
        0,
        -128,
        127,
    )
    one = Rule.of(dense)
    assert (one.low[0], one.high[0]) == (-INT32, INT32 - 1)
    assert one.high[1] == 5 + 4 * 127 * 127
    form = exact(one)
    assert isinstance(form, Steps)
    sums = np.array([[-INT32, -1, 0, INT32 - 1], [-500, 499, 500, 501]])
    np.testing.assert_array_equal(evaluate(form, one, sums), one.apply(sums))


@pytest.mark.parametrize("real", [0.0, 2.0**-40])
def test_a_multiplier_of_nothing_has_only_the_literal_form(real):
    one = rule([real])
    assert solve_high(one) is None or real > 0
    np.testing.assert_array_equal(evaluate(exact(one), one, every_sum(one)), one.apply(every_sum(one)))


@pytest.mark.parametrize("zero_point", [-128, 0, 127])
def test_a_sum_that_never_leaves_its_step_has_small_numbers(zero_point):
    one = rule([1e-6, 3e-4], zero_point=zero_point, reach=10)
    for form in (solve_high(one), solve_wide(one)):
        assert form is not None
        np.testing.assert_array_equal(evaluate(form, one, every_sum(one)), zero_point)
