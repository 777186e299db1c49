"""From a 32-bit sum to an 8-bit number, exactly as the reference does it, in fewer instructions.

The reference's rules (LiteRT 2.3, kernels built with ``BUILTIN_REF``) are

* ``double`` (convolutions): Q31 multiply rounding half up, then a shift rounding half away from zero;
* ``single`` (fully connected): ``round(double(acc) * multiplier)``, half away from zero.

Both are monotone step functions of the sum, with at most 255 thresholds once clamped. A cheap form is
monotone too, so it *equals* the rule on the whole range of the sum if and only if it steps at the same
thresholds. That is checked here for every channel, when the model is compiled. Forms, cheapest first::

    high     y = clamp(((addend << 32) + (acc << accumulator_log2) * multiplier) >> (32 + shift))
             one SMMLA and one SSAT on Armv7E-M; with ``rounds`` 2**31 more before the shift (SMMLAR); with
             ``sign_step`` addend is one less where acc < 0
    wide     y = clamp((acc * multiplier + addend) >> shift) in 64 bits; addend - sign_step where acc < 0
    literal  y = clamp(multiply(acc, multiplier, shift) + zero_point): the ``double`` rule itself
    steps    y = act_min + how many thresholds are <= acc: any rule

Every addend has the output's zero point in it; ``clamp`` is to [act_min, act_max]. How a kernel uses it::

    rule = Rule.of(attributes)                       # Conv2D, DepthwiseConv2D or FullyConnected
    form = solve_high(rule) or solve_wide(rule) or exact(rule)

``None`` means: no numbers were found for some channel, take the next form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinykit.compiler.fixed_point import INT32_MAX, INT32_MIN, Ints, multiply, quantize_multiplier, wrap
from tinykit.compiler.program import (
    Conv2D,
    DepthwiseConv2D,
    Float64Array,
    FullyConnected,
    Int32Array,
    Int64Array,
    Rounding,
)

# An addend of the high form holds 8 bits of result above the shift, and its sign.
_MAX_HIGH_SHIFT = 22
# Products of 31-bit numbers and 8 bits of result above the shift stay within 63 bits.
_MAX_WIDE_SHIFT = 54
# Beyond every bound on an addend that is none.
_FAR = np.int64(1 << 62)


@dataclass(frozen=True, eq=False)
class High:
    """``y = clamp(((addend << 32) + (acc << accumulator_log2) * multiplier) >> (32 + shift))``, arrays (O,).

    ``acc << accumulator_log2`` fits int32 over the whole range, and so does the high word before the shift.
    With ``rounds``, 2**31 is added before the shift (SMMLAR in place of SMMLA). With ``sign_step``, addend is
    one less where acc < 0 (``addend + (acc >> 31)``).
    """

    multiplier: Int32Array
    addend: Int32Array
    shift: Int32Array
    accumulator_log2: int
    rounds: bool
    sign_step: bool

    @property
    def common_shift(self) -> int | None:
        """The one shift of all channels, None where they differ."""
        return int(self.shift[0]) if (self.shift == self.shift[0]).all() else None


@dataclass(frozen=True, eq=False)
class Wide:
    """``y = clamp((acc * multiplier + addend - (acc < 0 ? sign_step : 0)) >> shift)`` in 64 bits.

    Arrays have shape (O,); ``sign_step`` is all zeros where none is needed.
    """

    multiplier: Int32Array
    addend: Int64Array
    shift: Int32Array
    sign_step: Int64Array


@dataclass(frozen=True, eq=False)
class Literal:
    """``y = clamp(fixed_point.multiply(acc, multiplier, shift) + zero_point)``, arrays (O,).

    A shift may be above 0.
    """

    multiplier: Int32Array
    shift: Int32Array


@dataclass(frozen=True, eq=False)
class Steps:
    """``y = act_min + number of thresholds[o] that are <= acc``; thresholds is int64 (O, K), rising.

    A threshold of 2**31 is never reached.
    """

    thresholds: Int64Array


@dataclass(frozen=True, eq=False)
class Rule:
    """The rule of a layer: real ``multiplier`` (O,), and [low, high] (O,) in which every sum lies."""

    multiplier: Float64Array
    rounding: Rounding
    zero_point: int
    act_min: int
    act_max: int
    low: Int64Array
    high: Int64Array

    @classmethod
    def of(
        cls, attributes: Conv2D | DepthwiseConv2D | FullyConnected, low: int = -128, high: int = 127
    ) -> Rule:
        """The rule of a layer whose stored inputs lie in [low, high].

        Sums that may wrap get the full range of an int32.
        """
        least, greatest = attributes.accumulator_range(low, high)
        wraps = (least < INT32_MIN) | (greatest > INT32_MAX)
        return cls(
            attributes.multiplier,
            attributes.rounding,
            attributes.output_zero_point,
            attributes.act_min,
            attributes.act_max,
            np.where(wraps, INT32_MIN, least),
            np.where(wraps, INT32_MAX, greatest),
        )

    @cached_property
    def quantized(self) -> tuple[Int32Array, Int32Array]:
        """(multiplier, shift) of the ``double`` rule, each (O,)."""
        pairs = [quantize_multiplier(float(m)) for m in self.multiplier]
        return np.array([p[0] for p in pairs], np.int32), np.array([p[1] for p in pairs], np.int32)

    def apply(self, acc: npt.ArrayLike) -> Ints:
        """The reference's result for sums ``acc``, shape (O, N)."""
        scaled = self._scaled(np.asarray(acc, np.int64)) + self.zero_point
        return np.asarray(np.clip(scaled, self.act_min, self.act_max), np.int64)

    def _scaled(self, acc: Ints) -> Ints:
        if self.rounding == "double":
            multiplier, shift = self.quantized
            return multiply(acc, multiplier[:, None], shift[:, None])
        product = acc.astype(np.float64) * self.multiplier[:, None]
        whole = np.trunc(product)
        away = np.where(np.abs(product - whole) >= 0.5, np.sign(product), 0.0)
        return np.asarray(np.clip(whole + away, INT32_MIN, INT32_MAX), np.int64)

    @cached_property
    def is_monotone(self) -> bool:
        """Whether more sum never gives less: not so where the ``double`` rule's left shift wraps."""
        left = np.maximum(self.quantized[1].astype(np.int64), 0) if self.rounding == "double" else 0
        most = np.maximum(np.abs(self.low), np.abs(self.high))
        return bool((most <= (INT32_MAX >> left)).all())

    @cached_property
    def thresholds(self) -> Int64Array:
        """(O, K): the least sum in [low, high] whose result is at least act_min + 1 + k, or high + 1 if none
        is.
        """
        levels = np.arange(self.act_min + 1, self.act_max + 1)[None, :]
        below, reached = self._bracket(levels)
        while (reached - below > 1).any():
            middle = (below + reached) >> 1
            # Where the search is over, middle is ``below``, which may lie outside the range: keep it.
            inside = np.maximum(middle, self.low[:, None])
            is_reached = (self.apply(inside) >= levels) & (middle > below)
            reached = np.where(is_reached, middle, reached)
            below = np.where(is_reached, below, middle)
        return reached

    def _bracket(self, levels: Int64Array) -> tuple[Int64Array, Int64Array]:
        """(below, reached) around each threshold: a few sums wide where real arithmetic is right about it."""
        low, high = self.low[:, None], self.high[:, None]
        near = np.maximum(self.multiplier, 2.0**-60)[:, None]
        guess = np.floor((levels - 0.5 - self.zero_point) / near)
        guess = np.clip(guess, low - 8, high + 8).astype(np.int64)
        below, reached = np.clip(guess - 4, low - 1, high), np.clip(guess + 4, low, high + 1)
        below_is_right = (below < low) | (self.apply(np.maximum(below, low)) < levels)
        reached_is_right = (reached > high) | (self.apply(np.minimum(reached, high)) >= levels)
        return np.where(below_is_right, below, low - 1), np.where(reached_is_right, reached, high + 1)


def exact(rule: Rule) -> Literal | Steps:
    """The reference's own arithmetic: always possible."""
    if rule.rounding == "double":
        return Literal(*rule.quantized)
    never = rule.thresholds > rule.high[:, None]
    return Steps(np.where(never, INT32_MAX + 1, rule.thresholds))


def solve_high(
    rule: Rule,
    *,
    accumulator_log2: int = 8,
    common_shift: bool = True,
    sign_step: bool | None = None,
    rounds: bool | None = None,
) -> High | None:
    """Numbers for the high form with sums scaled by 2**accumulator_log2 (1 to 16), or None.

    ``common_shift`` wants one shift for all channels. ``sign_step`` and ``rounds`` None try without first. A
    step is one unit of the addend, which fits the ``double`` rule only where the shift is the rule's own:
    with the step, a common shift is found only where all channels have the same exponent.
    ``accumulator_log2=1`` with the step and shifts of their own is the rule itself, and found where all
    multipliers are below a half.
    """
    most = np.maximum(np.abs(rule.low), np.abs(rule.high))
    if not rule.is_monotone or (most > (INT32_MAX >> accumulator_log2)).any() or (rule.multiplier <= 0).any():
        return None
    # The largest shift whose multiplier stays below 2**31: most room for the addend.
    own = np.floor(accumulator_log2 - 1 - np.log2(rule.multiplier)).astype(np.int64)
    rule_own = -rule.quantized[1].astype(np.int64)
    for step in (False, True) if sign_step is None else (sign_step,):
        for shift in _shifts(rule_own if step else own, common_shift, only=step):
            for rounding in (False, True) if rounds is None else (rounds,):
                half = int(rounding) << 31
                search = _Search(
                    rule, accumulator_log2, 32 + shift, 32, half, np.full_like(shift, int(step) << 32)
                )
                found = search.run()
                if found is not None:
                    multiplier, addend = (part.astype(np.int32) for part in found)
                    return High(multiplier, addend, shift.astype(np.int32), accumulator_log2, rounding, step)
    return None


def solve_wide(rule: Rule) -> Wide | None:
    """Numbers for the wide form, or None. The sign step is used where the ``double`` rule needs it."""
    if not rule.is_monotone or (rule.multiplier <= 0).any():
        return None
    shift = np.floor(31 - np.log2(rule.multiplier)).astype(np.int64)
    shift = np.where(rule.multiplier * 2.0**shift >= INT32_MAX, shift - 1, shift)
    shift = np.minimum(shift, _MAX_WIDE_SHIFT)
    if (shift < 1).any():
        return None
    exponent = np.maximum(-rule.quantized[1].astype(np.int64), 0)
    steps = [np.zeros_like(shift)]
    if rule.rounding == "double":
        steps.append(np.where(exponent > 0, np.int64(1) << np.maximum(shift - exponent, 0), 0))
    for step in steps:
        found = _Search(rule, 0, shift, 0, 0, step).run()
        if found is not None:
            return Wide(found[0].astype(np.int32), found[1], shift.astype(np.int32), step)
    return None


def _shifts(own: Int64Array, common: bool, *, only: bool) -> Sequence[Int64Array]:
    if (own < 0).any():
        return []
    own = np.minimum(own, _MAX_HIGH_SHIFT)
    if not common:
        return [own]
    if only:
        return [own] if (own == own[0]).all() else []
    least = int(own.min())
    return [np.full_like(own, shift) for shift in range(least, max(least - 3, -1), -1)]


class _Search:
    """Finds M and C of each channel, so that the form reaches each level exactly at the rule's threshold.

    That is, ``(C << unit) + half + (acc << log2) * M - step * (acc < 0) >= level << shift`` exactly where
    ``acc >= threshold``.

    For a fixed M each threshold bounds C from below (at the threshold) and from above (one before it). The
    room between the tightest two bounds is a concave function of M: a ternary search finds where it is
    widest.
    """

    def __init__(
        self, rule: Rule, log2: int, shift: Int64Array, unit: int, half: int, step: Int64Array
    ) -> None:
        at = rule.thresholds
        levels = np.arange(rule.act_min + 1, rule.act_max + 1, dtype=np.int64)[None, :]
        goal = (levels << shift[:, None]) - half
        before = at - 1
        self._at, self._before = at << log2, before << log2
        self._goal_at = goal + np.where(at < 0, step[:, None], 0)
        self._goal_before = goal + np.where(before < 0, step[:, None], 0)
        self._is_reached = at <= rule.high[:, None]
        self._is_left = at > rule.low[:, None]
        self._centre = np.minimum(
            np.rint(rule.multiplier * 2.0 ** (shift - log2)), float(INT32_MAX - 1)
        ).astype(np.int64)
        self._reach = np.maximum(np.abs(rule.low), np.abs(rule.high))
        self._unit, self._log2, self._half = unit, log2, half
        self._shift, self._step, self._rule = shift, step, rule

    def run(self) -> tuple[Int64Array, Int64Array] | None:
        """(M, C), or None where a channel has none."""
        # Beyond this far from the true multiplier the last threshold is missed for sure.
        far = self._centre // np.maximum(self._reach, 1) + 2
        low = np.maximum(self._centre - far, 1)
        high = np.minimum(self._centre + far, INT32_MAX)
        best, addend, found = self._try(np.clip(self._centre, low, high))
        if found.all():
            return self._checked(best, addend)
        narrow_low, narrow_high = low, high
        while (narrow_high - narrow_low > 2).any():
            third = (narrow_high - narrow_low) // 3
            left, right = narrow_low + third, narrow_high - third
            goes_left = self._room(left) >= self._room(right)
            narrow_high = np.where(goes_left, right - (third > 0), narrow_high)
            narrow_low = np.where(goes_left, narrow_low, left + (third > 0))
        centre = narrow_low + 1
        for offset in self._offsets():
            candidate = np.clip(centre + offset, low, high)
            other, its_addend, works = self._try(candidate)
            take = works & ~found
            best, addend = np.where(take, other, best), np.where(take, its_addend, addend)
            found |= works
            if found.all():
                return self._checked(best, addend)
        return None

    def _offsets(self) -> list[Int64Array]:
        # Where the room is narrower than a unit, a unit's multiple may still fall into it nearby.
        spread = np.maximum(self._centre // np.maximum(self._reach * 64, 1), 1)
        near = [sign * k for k in range(12) for sign in (1, -1)]
        return [np.full_like(self._centre, k) for k in near] + [k * spread for k in near[2:]]

    def _bounds(self, multiplier: Int64Array) -> tuple[Int64Array, Int64Array]:
        """(least, first too great) C << unit that hits every threshold."""
        factor = multiplier[:, None]
        least = np.where(self._is_reached, self._goal_at - factor * self._at, -_FAR).max(
            axis=1, initial=-_FAR
        )
        limit = np.where(self._is_left, self._goal_before - factor * self._before, _FAR).min(
            axis=1, initial=_FAR
        )
        return least, limit

    def _room(self, multiplier: Int64Array) -> Int64Array:
        least, limit = self._bounds(multiplier)
        return (limit >> 1) - (least >> 1)

    def _try(self, multiplier: Int64Array) -> tuple[Int64Array, Int64Array, npt.NDArray[np.bool_]]:
        least, limit = self._bounds(multiplier)
        bottom = -((-least) >> self._unit)
        top = (limit - 1) >> self._unit
        # The middle of the room; with one bound only that bound, which keeps the addend small.
        addend = np.where(top < bottom, bottom, bottom + ((top - bottom) >> 1))
        addend = np.where(limit == _FAR, bottom, np.where(least == -_FAR, top, addend))
        addend = np.where((limit == _FAR) & (least == -_FAR), 0, addend)
        widest = np.int64(1) << (61 if self._unit == 0 else 30)
        return multiplier, addend, (top >= bottom) & (np.abs(addend) < widest)

    def _checked(self, multiplier: Int64Array, addend: Int64Array) -> tuple[Int64Array, Int64Array] | None:
        """The same numbers if the form, evaluated as the C does, steps where the rule steps and never
        overflows.
        """
        rule = self._rule
        for edge in (rule.low, rule.high):
            total = (
                (addend << self._unit).astype(object)
                + self._half
                + (edge << self._log2).astype(object) * multiplier
            )
            if any(not -(1 << 63) <= t < 1 << 63 for t in total):
                return None
        levels = np.arange(rule.act_min + 1, rule.act_max + 1)[None, :]
        inside = np.clip(rule.thresholds, rule.low[:, None], rule.high[:, None])
        before = np.clip(rule.thresholds - 1, rule.low[:, None], rule.high[:, None])
        hit = (self._evaluate(inside, multiplier, addend) >= levels) | ~self._is_reached
        miss = (self._evaluate(before, multiplier, addend) < levels) | ~self._is_left
        return (multiplier, addend) if bool((hit & miss).all()) else None

    def _evaluate(self, acc: Int64Array, multiplier: Int64Array, addend: Int64Array) -> Int64Array:
        start = (addend << self._unit)[:, None] + self._half - np.where(acc < 0, self._step[:, None], 0)
        return (start + (acc << self._log2) * multiplier[:, None]) >> self._shift[:, None]


def evaluate(form: High | Wide | Literal | Steps, rule: Rule, acc: npt.ArrayLike) -> Ints:
    """What a form gives for sums ``acc`` (O, N), as the emitted C computes it."""
    sums = np.asarray(acc, np.int64)
    if isinstance(form, Steps):
        counts = [np.searchsorted(t, s, side="right") for t, s in zip(form.thresholds, sums, strict=True)]
        return np.array(counts, np.int64).reshape(sums.shape) + rule.act_min
    multiplier = form.multiplier.astype(np.int64)[:, None]
    shift = form.shift.astype(np.int64)[:, None]
    if isinstance(form, Literal):
        result = multiply(wrap(sums), multiplier, shift) + rule.zero_point
    elif isinstance(form, High):
        addend = form.addend.astype(np.int64)[:, None] - ((sums < 0) if form.sign_step else 0)
        result = (
            (addend << 32) + (int(form.rounds) << 31) + (sums << form.accumulator_log2) * multiplier
        ) >> (32 + shift)
    else:
        addend = form.addend[:, None] - np.where(sums < 0, form.sign_step[:, None], 0)
        result = (sums * multiplier + addend) >> shift
    return np.clip(result, rule.act_min, rule.act_max)
