"""A rig that shows no current, or whose meter calls itself uncalibrated, has not passed."""

from __future__ import annotations

import numpy as np
import pytest

from tinykit.lab.rig_looks import look_at_calibration, look_at_range
from tinykit.meters import find_meter
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.trace import Block, Instrument


def setup(calibration: str) -> MeterSetup:
    return MeterSetup("ppk2", Instrument("ppk2", "PPK2", "", "", calibration), MeterSettings("source", 3.0))


@pytest.mark.parametrize(("word", "state"), [("Calibrated: 0", "not_checked"), ("Calibrated: 1", "pass")])
def test_a_meter_that_says_it_is_not_calibrated_is_not_passed(word: str, state: str) -> None:
    check = look_at_calibration(setup(f"the meter's own constants, {word}"))
    assert check.state == state
    assert word in check.text


@pytest.mark.parametrize(
    ("values", "state"),
    [([0.0, 0.0], "fail"), ([-1e-7, -2e-7], "fail"), ([np.nan], "fail"), ([0.0, 8e-3], "pass")],
)
def test_no_current_is_no_range_that_passed(values: list[float], state: str) -> None:
    block = Block(0, current_a=np.array(values))
    assert look_at_range(find_meter("ppk2"), [block], setup("")).state == state


def test_no_sample_is_no_range_either() -> None:
    assert look_at_range(find_meter("ppk2"), [], setup("")).state == "not_checked"
