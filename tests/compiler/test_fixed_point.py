"""The reference's fixed-point functions, against their definitions and against real arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinykit.compiler import fixed_point
from tinykit.compiler.program import Add

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)


@given(INT32, INT32)
@example(-(1 << 31), -(1 << 31))
def test_high_multiply_rounds_half_up_and_saturates(a, b):
    exact = math.floor(Fraction(a * b, 1 << 31) + Fraction(1, 2))
    assert fixed_point.high_multiply(a, b) == min(exact, (1 << 31) - 1)


@given(INT32, st.integers(0, 31))
def test_rounding_shift_rounds_half_away(x, bits):
    whole = math.floor(abs(Fraction(x, 1 << bits)) + Fraction(1, 2))
    assert fixed_point.rounding_shift(x, bits) == (whole if x >= 0 else -whole)


@given(st.integers(-(1 << 40), 1 << 40))
def test_wrap_is_what_an_int32_holds(x):
    assert fixed_point.wrap(x) == np.array(x, np.int64).astype(np.int32)


@given(st.floats(2.0**-30, 2.0**29))
def test_a_quantized_multiplier_is_the_number_to_31_bits(real):
    multiplier, shift = fixed_point.quantize_multiplier(real)
    assert 1 << 30 <= multiplier < 1 << 31
    assert math.ldexp(multiplier, shift - 31) == pytest.approx(real, rel=2.0**-31)


def test_quantized_multipliers_at_the_ends():
    assert fixed_point.quantize_multiplier(0.0) == (0, 0)
    assert fixed_point.quantize_multiplier(2.0**-40) == (0, 0)
    assert fixed_point.quantize_multiplier(2.0**31) == ((1 << 31) - 1, 30)
    # Just below a power of two the mantissa rounds up to it.
    assert fixed_point.quantize_multiplier(float(np.nextafter(1.0, 0.0))) == (1 << 30, 1)


def test_exp_is_right_to_a_part_in_a_million():
    raw = np.linspace(-(1 << 31) + 1, 0, 1000).astype(np.int64)
    exp = fixed_point.exp_negative(raw, 5) / 2.0**31
    np.testing.assert_allclose(exp, np.exp(raw / 2.0**26), atol=1e-6)


def test_a_reciprocal_is_right_to_a_part_in_a_million():
    raw = np.linspace(0, (1 << 31) - 1, 1000).astype(np.int64)
    np.testing.assert_allclose(fixed_point.reciprocal(raw) / 2.0**31, 1 / (1 + raw / 2.0**31), atol=1e-6)


def test_add_is_a_scaled_sum():
    rule = Add(1, -2, 3, 1 << 30, 0, 1 << 30, -1, 1 << 30, -18, -128, 127)
    x1, x2 = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))
    real = ((x1 - 1) / 2 + (x2 + 2) / 4) * 2.0**20 / 2.0**19 + 3
    assert np.abs(fixed_point.add(x1, x2, rule) - np.clip(real, -128, 127)).max() <= 0.5
