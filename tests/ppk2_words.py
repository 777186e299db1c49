"""PPK2 words and their meaning, one at a time: what the fast decoder is held against."""

from __future__ import annotations

import numpy as np

from tinykit.bench.meters.ppk2_units import UNIT_A, UNIT_B, Ppk2Unit

UNITS = {"a": UNIT_A, "b": UNIT_B}


def metadata(unit: Ppk2Unit = UNIT_A) -> bytes:
    """The text that a unit sends."""
    return "\n".join([*unit.lines(3300, 2, unit.user_gain), "END", ""]).encode()


def ampere(unit: Ppk2Unit, word: int, voltage_v: float) -> float:
    """The current of one word, straight from the formula of the vendor's app; NaN for a range it lacks."""
    adc, r = (word & 0x3FFF) * 4, word >> 14 & 7
    if r > 4:
        return float("nan")
    x = (adc - unit.offset[r]) * (1.8 / 163840) / unit.resistor[r]
    gained = x * (unit.gain_square[r] * x + unit.gain_linear[r])
    return unit.user_gain[r] * (gained + unit.slope[r] * voltage_v + unit.intercept[r])


def pack(adc, ranges=0, logic=0, first_counter=0):
    """Words in order: uint32, counters from ``first_counter`` on."""
    adc = np.asarray(adc, np.uint32)
    counters = (np.arange(len(adc)) + first_counter) % 64
    ranges, logic = np.broadcast_to(ranges, adc.shape), np.broadcast_to(logic, adc.shape)
    parts = (ranges, 14), (counters, 18), (logic, 24)
    return sum((part.astype(np.uint32) << shift for part, shift in parts), adc).astype("<u4")


def joined(blocks, name):
    """One array of a series over many blocks; absent flags are zeros."""
    arrays = [
        getattr(b, name) if getattr(b, name) is not None else np.zeros(len(b), np.uint8) for b in blocks
    ]
    return np.concatenate(arrays) if arrays else np.zeros(0)


def indices(blocks):
    """The numbers of all samples."""
    return np.concatenate([np.arange(b.first_index, b.end_index) for b in blocks]) if blocks else np.zeros(0)
