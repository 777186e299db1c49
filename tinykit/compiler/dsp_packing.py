"""How kernels for the DSP extension pack weights: a byte each, two channels in a halfword.

A word holds, for two taps, 256 * w[B] + w[A] in each half. SMLAD with it sums 256 * B + A; with its low bytes
(SXTB16) it sums A; the difference is 256 * B exactly, where B's sum stays below 2**23.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tinykit.compiler.program import Conv2D, DepthwiseConv2D, FullyConnected, Int8Array
from tinykit.compiler.requant import High, Rule, solve_high

Words: TypeAlias = npt.NDArray[np.uint32]

# Two taps of a row of weights; None stands for a zero weight.
Pair: TypeAlias = "tuple[int, int | None]"


def byte_order(length: int, start: int = 0) -> list[Pair]:
    """The taps in each word of ``length`` inputs that follow each other, as tk_dsp.h expands them from bytes.

    In words of four: (0, 2), (1, 3); of what is left (0, 1), then the last one alone.
    """
    order: list[Pair] = []
    whole = start + (length & ~3)
    for four in range(start, whole, 4):
        order += [(four, four + 2), (four + 1, four + 3)]
    if length & 2:
        order.append((whole, whole + 1))
    if length & 1:
        order.append((start + length - 1, None))
    return order


def pack_words(first: Int8Array, second: Int8Array, order: Sequence[Pair]) -> Words:
    """One word for each pair of taps; ``first`` is channel A, ``second`` channel B, 1-D, B above -128."""
    both = 256 * second.astype(np.int64) + first
    low = np.array([both[a] for a, _ in order]) & 0xFFFF
    high = np.array([0 if b is None else both[b] for _, b in order]) & 0xFFFF
    return (low | high << 16).astype(np.uint32)


def high_form(attributes: Conv2D | DepthwiseConv2D | FullyConnected) -> High | None:
    """The form that the DSP kernels compute, or None. Sums times 256 and no sign step; else the double rule
    itself: twice the sums, rounding and sign step. All sums fit 24 bits.
    """
    rule = Rule.of(attributes)
    if (np.maximum(np.abs(rule.low), np.abs(rule.high)) >= 1 << 23).any():
        return None
    for common_shift in (True, False):
        plain = solve_high(rule, accumulator_log2=8, common_shift=common_shift, sign_step=False, rounds=False)
        if plain is not None:
            return plain
    return solve_high(rule, accumulator_log2=1, common_shift=False, sign_step=True, rounds=True)


def words_of(*numbers: int) -> Words:
    """Signed 32-bit numbers as the words that hold them; more bits than that are dropped."""
    return np.array([number & 0xFFFFFFFF for number in numbers], np.uint32)
