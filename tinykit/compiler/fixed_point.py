"""The reference's fixed-point arithmetic in NumPy: what the emitted C must equal, bit for bit.

These are the rules of LiteRT 2.3's reference kernels, which build on gemmlowp's fixed-point numbers. A Qm.n
number is an int32 with n fraction bits. Arrays are int64 inside, so that nothing wraps unnoticed; results
fit int32. Every rule here is compared with the runtime itself in tests/compiler/test_fixed_point.py.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tinykit.compiler.program import Add

Ints = npt.NDArray[np.int64]

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(m, s): ``real`` = m / 2**31 * 2**s with m in [2**30, 2**31), rounded half away; (0, 0) for 0.

    Below 2**-32 the reference gives (0, 0) too, and from 2**30 on (2**31 - 1, 30).
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    mantissa = math.floor(fraction * (1 << 31) + 0.5)
    if mantissa == 1 << 31:
        mantissa, shift = mantissa // 2, shift + 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return mantissa, shift


def high_multiply(a: npt.ArrayLike, b: npt.ArrayLike) -> Ints:
    """``(2*a*b + 2**31) >> 32``: Q31 product, rounding half up; the one product that overflows saturates."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.asarray(np.minimum((product + (1 << 30)) >> 31, INT32_MAX), np.int64)


def rounding_shift(x: npt.ArrayLike, bits: npt.ArrayLike) -> Ints:
    """x / 2**bits rounded half away from zero; bits >= 0."""
    wide, shift = np.asarray(x, np.int64), np.asarray(bits, np.int64)
    half = (np.int64(1) << shift) >> 1
    return np.where(wide >= 0, (wide + half) >> shift, -((half - wide) >> shift))


def wrap(x: npt.ArrayLike) -> Ints:
    """x modulo 2**32 as a signed number: what an int32 accumulator holds."""
    return (np.asarray(x, np.int64) + (1 << 31) & 0xFFFFFFFF) - (1 << 31)


def multiply(x: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> Ints:
    """x * multiplier / 2**31 * 2**shift, rounded twice.

    For shift > 0 x is first shifted left, modulo 2**32.
    """
    exponent = np.asarray(shift, np.int64)
    left, right = np.maximum(exponent, 0), np.maximum(-exponent, 0)
    return rounding_shift(high_multiply(wrap(np.asarray(x, np.int64) << left), multiplier), right)


def add(x1: npt.ArrayLike, x2: npt.ArrayLike, rule: Add) -> Ints:
    """The rule of :class:`tinykit.compiler.program.Add` on stored numbers; the arrays broadcast."""
    first = (np.asarray(x1, np.int64) - rule.zero_point_1) << rule.left_shift
    second = (np.asarray(x2, np.int64) - rule.zero_point_2) << rule.left_shift
    total = multiply(first, rule.multiplier_1, rule.shift_1) + multiply(
        second, rule.multiplier_2, rule.shift_2
    )
    result = multiply(wrap(total), rule.multiplier_out, rule.shift_out) + rule.zero_point_out
    return np.clip(result, rule.act_min, rule.act_max)


# exp(-1/8) and 1/3 in Q0.31; exp(-2**k) in Q0.31 for k = -2..4.
_EXP_MINUS_EIGHTH, _THIRD = 1895147668, 715827883
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
# 48/17 and -32/17 in Q2.29: the start of Newton's iteration for a reciprocal on [1/2, 1].
_48_OVER_17, _MINUS_32_OVER_17 = 1515870810, -1010580540


def exp_negative(x: npt.ArrayLike, integer_bits: int) -> Ints:
    """exp(x) in Q0.31 for x <= 0 in Q``integer_bits``, by a series on (-1/4, 0] and a factor per set bit."""
    raw = np.asarray(x, np.int64)
    fraction = 31 - integer_bits
    quarter = np.int64(1) << (fraction - 2)
    within = (raw & (quarter - 1)) - quarter
    result = _exp_small(within << integer_bits)
    remainder = within - raw
    for exponent, factor in zip(range(-2, integer_bits), _EXP_OF_MINUS_POWERS, strict=False):
        result = np.where(
            remainder & (np.int64(1) << (fraction + exponent)), high_multiply(result, factor), result
        )
    return np.where(raw == 0, INT32_MAX, result)


def _exp_small(x: Ints) -> Ints:
    """exp(x) in Q0.31 for x in [-1/4, 0): the Taylor series about -1/8 up to the fourth power."""
    y = x + (1 << 28)
    square = high_multiply(y, y)
    cube = high_multiply(square, y)
    fourth_over_4 = rounding_shift(high_multiply(square, square), 2)
    tail = rounding_shift(high_multiply(fourth_over_4 + cube, _THIRD) + square, 1)
    return _EXP_MINUS_EIGHTH + high_multiply(_EXP_MINUS_EIGHTH, y + tail)


def reciprocal(x: npt.ArrayLike) -> Ints:
    """1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31: three Newton steps on (1 + x) / 2."""
    half = (np.asarray(x, np.int64) + INT32_MAX + 1) >> 1
    guess = _48_OVER_17 + high_multiply(half, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - high_multiply(half, guess)
        guess = guess + np.clip(high_multiply(guess, error) << 2, INT32_MIN, INT32_MAX)
    return np.asarray(np.clip(guess << 1, INT32_MIN, INT32_MAX), np.int64)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """The largest |difference| that, shifted left by ``left_shift``, still fits a Q``integer_bits``
    number.
    """
    return math.floor(float((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / 2.0**left_shift)


def softmax(x: npt.ArrayLike, exponent: npt.ArrayLike) -> Ints:
    """The rule of :class:`tinykit.compiler.program.Softmax` on stored int8 (rows, depth)."""
    stored, table = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    powers = table[stored.max(axis=1, keepdims=True) - stored]
    total = ((powers + 2048) >> 12).sum(axis=1, keepdims=True)
    zeros = 32 - np.ceil(np.log2(total + 1)).astype(np.int64)
    scale = reciprocal((total << zeros) - (1 << 31))
    return np.clip(rounding_shift(high_multiply(scale, powers), 12 - zeros + 23) - 128, -128, 127)
