"""What an interval contains: parts whose squares add up to its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.reporting.interval_words import contents, half_width, percent

POWER, GAIN, SCATTER = "emulator.virtual-m4.active.power", "ppk2#12.range3.gain", "session s 1.windows"


def test_parts_are_named_by_whose_doubt_they_are_largest_first() -> None:
    told = contents({GAIN: 0.6, "ppk2#12.voltage": 0.8, POWER: 3.0, SCATTER: 1e-9}, 0.2)
    emulator, meter, windows = told.split("; t")
    assert emulator == "how far the emulator may be from a real chip, ± 19 %"
    assert meter == "he meter's errors, ± 6.3 %"
    assert windows.endswith("less than ± 0.1 %")
    assert contents({"mlperf_tiny.ST.monitor": 1.0}, 0.05) == "the spread that its source states, ± 5 %"


def test_without_an_interval_nothing_is_said() -> None:
    assert contents({}, 0.1) == ""
    assert contents({GAIN: 0.1}, 0.0) == ""
    assert half_width(0.0, -1.0, 1.0) == 0.0
    assert half_width(30.0, 27.0, 33.0) == pytest.approx(0.1)
    assert percent(0.0107) == "± 1.1 %"


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(0.01, 0.5))
def test_squares_add_up(a: float, b: float, half: float) -> None:
    parts = [float(one) / 100 for one in re.findall(r"± ([\d.e+-]+) %", contents({GAIN: a, POWER: b}, half))]
    assert sum(part**2 for part in parts) ** 0.5 == pytest.approx(half, rel=0.1)
