"""A quantized sum as one fixed-point expression, proved on every pair of bytes.

The reference rounds an ADD three times (:class:`tinykit.compiler.program.Add`). Its result is a function of
two bytes, so a shorter expression either gives the same on all 65,536 pairs or it does not::

    y = saturate((multiplier_1 * x1 + multiplier_2 * x2 + addend) >> SHIFT)

For given multipliers every pair bounds the addend from both sides; the room between the tightest two bounds
is a concave function of the multipliers, and a search walks to where it is widest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinykit.compiler.fixed_point import INT32_MAX, INT32_MIN, Ints, add
from tinykit.compiler.program import Add

# TK_ADD_SHIFT in firmware_models/kernels/common/tk_add_fit.h.
SHIFT = 22
_X = np.arange(-128, 128, dtype=np.int64)
_UNBOUNDED = np.int64(1) << 60


@dataclass(frozen=True)
class AddFit:
    """The three numbers of the expression; no intermediate result leaves int32."""

    multiplier_1: int
    multiplier_2: int
    addend: int


def fit_add(rule: Add) -> AddFit | None:
    """Numbers with which the expression equals ``rule`` on all pairs of int8; None where none are found."""
    wanted = add(_X[:, None], _X[None, :], rule)
    least = np.where(wanted > -128, wanted << SHIFT, -_UNBOUNDED)
    limit = np.where(wanted < 127, (wanted + 1) << SHIFT, _UNBOUNDED)
    best = [_factor(rule, part) for part in (1, 2)]
    low, high = _bounds(best, least, limit)
    step = max(best) >> 8
    while low >= high and step:
        moves = [
            (step, 0),
            (-step, 0),
            (0, step),
            (0, -step),
            (step, -step),
            (-step, step),
            (step, step),
            (-step, -step),
        ]
        tried = [[best[0] + first, best[1] + second] for first, second in moves]
        bounds = [_bounds(candidate, least, limit) for candidate in tried]
        widest = max(range(len(moves)), key=lambda k: bounds[k][1] - bounds[k][0])
        if bounds[widest][1] - bounds[widest][0] > high - low:
            best, (low, high) = tried[widest], bounds[widest]
        else:
            step //= 2
    if low >= high:
        return None
    addend = (low + high) // 2
    total = best[0] * _X[:, None] + best[1] * _X[None, :]
    fits = all(INT32_MIN <= value <= INT32_MAX for value in (*_ends(total), *_ends(total + addend), addend))
    exact = np.array_equal(np.clip((total + addend) >> SHIFT, -128, 127), wanted)
    return AddFit(best[0], best[1], addend) if fits and exact else None


def _factor(rule: Add, part: int) -> int:
    multiplier, shift = (rule.multiplier_1, rule.shift_1) if part == 1 else (rule.multiplier_2, rule.shift_2)
    exponent = shift + rule.shift_out + rule.left_shift + SHIFT - 62
    return round(multiplier * rule.multiplier_out * 2.0**exponent)


def _bounds(factors: list[int], least: Ints, limit: Ints) -> tuple[int, int]:
    """(least, first too great) addend that gives every pair its result."""
    total = factors[0] * _X[:, None] + factors[1] * _X[None, :]
    return int((least - total).max()), int((limit - total).min())


def _ends(values: Ints) -> tuple[int, int]:
    return int(values.min()), int(values.max())
