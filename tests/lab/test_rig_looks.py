"""What a rig check makes of a few seconds of samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinykit.lab.rig_looks import (
    look_at_clock,
    look_at_marker,
    look_at_range,
    look_at_samples,
    look_at_voltage,
)
from tinykit.meters import Instrument, MeterSettings, MeterSetup, find_meter
from tinykit.meters.trace import SATURATED, Block

RATE_HZ = 1000.0
PPK2, LPM01A = find_meter("ppk2"), find_meter("lpm01a")
NOBODY = Instrument("x", "x", "", "", "none")
SETUP = MeterSetup("x", NOBODY, MeterSettings("source", 3.0, rate_hz=RATE_HZ))


def pulse(start: int, length: int, line: int = 0, total: int = 3000) -> Block:
    levels = np.zeros(total, np.uint8)
    levels[start : start + length] = 1 << line
    return Block(0, current_a=np.full(total, 5e-3), digital=levels)


def falls(*at: int, total: int = 3000) -> Block:
    levels = np.ones(total, np.uint8)
    levels[list(at)] = 0
    return Block(0, energy_j=np.full(total, 30e-6), digital=levels)


def in_two(block: Block, at: int) -> list[Block]:
    return [block.cut(0, at), block.cut(at, 3000)]


@pytest.mark.parametrize("at", [1, 499, 500, 501, 2000, 2499, 2500, 2999])
def test_where_the_samples_are_cut_does_not_matter(at: int) -> None:
    blocks = in_two(pulse(500, 2000), at)
    assert look_at_marker(PPK2, blocks, 0).state == "pass"
    assert look_at_clock(PPK2, blocks, 0, RATE_HZ, 2.0, 1e-4).state == "pass"


def test_the_marker_on_another_line_is_named() -> None:
    found = look_at_marker(PPK2, [pulse(500, 2000, line=3)], 0)
    assert (found.state, "on D3, not on D0" in found.text) == ("fail", True)
    assert look_at_marker(PPK2, [pulse(500, 2000, line=3)], 3).state == "pass"
    assert "no pulse" in look_at_marker(PPK2, [pulse(0, 0)], 0).text


@pytest.mark.parametrize(
    ("length", "tolerance", "state"),
    [
        (2000, 1e-4, "pass"),
        (1998, 1e-4, "pass"),
        (1990, 1e-4, "fail"),
        (1990, 0.005, "pass"),
        (1980, 0.005, "fail"),
    ],
)
def test_the_clock_is_judged_to_a_sample_at_each_edge(length: int, tolerance: float, state: str) -> None:
    assert look_at_clock(PPK2, [pulse(500, length)], 0, RATE_HZ, 2.0, tolerance).state == state


def test_falls_are_two_a_pulse() -> None:
    assert look_at_marker(LPM01A, [falls(500, 2500)], 0).state == "pass"
    assert look_at_marker(LPM01A, [falls(500)], 0).state == "fail"
    assert look_at_clock(LPM01A, [falls(500, 2500)], 0, RATE_HZ, 2.0, 1e-4).state == "pass"
    assert look_at_clock(LPM01A, [falls(500, 2400)], 0, RATE_HZ, 2.0, 1e-4).state == "fail"
    assert look_at_clock(LPM01A, [falls(500)], 0, RATE_HZ, 2.0, 1e-4).state == "not_checked"


def test_a_clock_that_nobody_vouches_for_is_not_checked() -> None:
    assert look_at_clock(PPK2, [pulse(500, 2000)], 0, RATE_HZ, 2.0, None).state == "not_checked"


def test_the_peak_is_a_share_of_the_meters_limit() -> None:
    found = look_at_range(LPM01A, [falls(1)], SETUP)
    assert found.state == "pass"
    assert "10 mA" in found.text  # 30 µJ a millisecond at 3 V
    over = replace(falls(1), energy_j=np.full(3000, 160e-6))
    assert look_at_range(LPM01A, [over], SETUP).state == "fail"
    flags = np.zeros(3000, np.uint8)
    flags[7] = SATURATED
    assert look_at_range(PPK2, [replace(pulse(0, 1), flags=flags)], SETUP).state == "fail"
    assert look_at_range(find_meter("stlink-v3pwr"), [pulse(0, 1)], SETUP).state == "not_checked"
    assert look_at_range(PPK2, [], SETUP).state == "not_checked"
    power = Block(0, power_w=np.full(9, 0.03))
    assert "10 mA" in look_at_range(PPK2, [power], SETUP).text
    unknown = replace(SETUP, settings=MeterSettings("ammeter"))
    assert look_at_range(PPK2, [power], unknown).state == "not_checked"


def test_a_voltage_is_measured_or_its_source_is_told() -> None:
    assert look_at_samples([]).state == "fail"
    assert look_at_samples([pulse(0, 1)]).state == "pass"
    assert look_at_samples([pulse(0, 1)], lost=3).state == "fail"
    block = replace(pulse(0, 1), voltage_v=np.full(3000, 2.99))
    assert look_at_voltage([block], SETUP).state == "pass"
    assert look_at_voltage([replace(block, voltage_v=np.full(3000, 2.5))], SETUP).state == "fail"
    assert look_at_voltage([pulse(0, 1)], SETUP).state == "not_checked"
    told = replace(SETUP, settings=MeterSettings("ammeter", 3.0, "multimeter, today"))
    assert "multimeter, today" in look_at_voltage([pulse(0, 1)], told).text
