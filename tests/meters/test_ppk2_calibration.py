"""The PPK2's calibration text and its table."""

import math
import random

import numpy as np
import ppk2_words
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import MeterError
from tinykit.meters.ppk2_calibration import TABLE_SIZE, is_complete, parse_calibration


@pytest.mark.parametrize("unit", ppk2_words.UNITS.values(), ids=ppk2_words.UNITS)
@pytest.mark.parametrize("voltage_v", [0.8, 3.3, 5.0])
def test_the_table_is_the_formula_for_every_word(unit, voltage_v):
    table = parse_calibration(ppk2_words.metadata(unit)).table(voltage_v)
    expected = [ppk2_words.ampere(unit, word, voltage_v) for word in range(TABLE_SIZE)]
    assert table.shape == (131072,)
    np.testing.assert_allclose(table, expected, rtol=1e-12, atol=1e-21)


def test_a_known_current():
    # Range 3 of unit A at 3.3 V, worked by hand: ADC 2000 → x = (8000 - 50.4983)·(1.8/163840)/0.9636.
    table = parse_calibration(ppk2_words.metadata()).table(3.3)
    x = (8000 - 50.4983) * 1.098632e-5 / 0.9636
    expected = x * (2.4217 * x + 0.9519) + 6.2577e-5 * 3.3 - 3.74119e-4
    assert table[3 << 14 | 2000] == pytest.approx(expected, rel=1e-6)
    assert 0.08 < expected < 0.12


@given(st.randoms(use_true_random=False))
def test_lines_may_come_in_any_order(rng: random.Random):
    lines = ppk2_words.metadata().decode().splitlines()[:-1]
    rng.shuffle(lines)
    shuffled = "\r\n".join([*lines, "SOMETHING_NEW: 5", "END", ""]).encode()
    assert np.array_equal(
        parse_calibration(shuffled).table(3.0),
        parse_calibration(ppk2_words.metadata()).table(3.0),
        equal_nan=True,
    )


@given(st.binary(max_size=200))
def test_a_stale_stream_in_front_does_no_harm(stale):
    calibration = parse_calibration(stale + b"\xff\n" + ppk2_words.metadata())
    assert calibration.r == ppk2_words.UNIT_A.resistor
    assert calibration.calibrated == "0"


@given(st.integers(0, len(ppk2_words.metadata()) - 1))
def test_no_part_of_the_text_is_taken_for_the_whole(size):
    part = ppk2_words.metadata()[:size]
    assert not is_complete(part)
    with pytest.raises(MeterError) as caught:
        parse_calibration(part)
    assert caught.value.code == "METER_CALIBRATION_MISSING"


def test_a_missing_constant_is_named_and_never_defaulted():
    text = ppk2_words.metadata().replace(b"O3: ", b"P3: ").replace(b"UG1: ", b"XX: ")
    with pytest.raises(MeterError, match=r"lacks O3, UG1\."):
        parse_calibration(text)


def test_a_constant_that_is_text_is_named():
    text = ppk2_words.metadata().replace(b"GI2: 0.9", b"GI2: hello ")
    with pytest.raises(MeterError, match="GI2") as caught:
        parse_calibration(text)
    assert caught.value.code == "METER_CALIBRATION_BAD"


def test_a_range_with_nan_has_no_values_and_the_others_do():
    text = ppk2_words.metadata().replace(b"S2: 0.000005281", b"S2: -nan")
    calibration = parse_calibration(text)
    table = calibration.table(3.0)
    assert calibration.unusable == (2,)
    assert np.isnan(table[2 << 14 : 3 << 14]).all()
    assert np.isfinite(table[: 2 << 14]).all()
    assert math.isfinite(table[4 << 14 | 5])


def test_a_resistor_of_zero_is_no_resistor():
    assert parse_calibration(ppk2_words.metadata().replace(b"R4: 0.0564", b"R4: 0.0000")).unusable == (4,)


def test_a_meter_without_a_usable_range_is_refused():
    text = ppk2_words.metadata()
    for n, value in enumerate(ppk2_words.UNIT_A.resistor):
        text = text.replace(f"R{n}: {value:.9f}".encode(), f"R{n}: -nan".encode())
    with pytest.raises(MeterError) as caught:
        parse_calibration(text)
    assert caught.value.code == "METER_CALIBRATION_BAD"


def test_the_kept_text_gives_the_same_again():
    calibration = parse_calibration(b"\x00\x12stray" + ppk2_words.metadata(ppk2_words.UNIT_B))
    assert parse_calibration(calibration.text.encode()) == calibration
