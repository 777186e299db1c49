"""Bounds from a check hold the error that was there, whatever it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.lab.calibration import datasheet
from tinykit.lab.check_fit import Point, Volts, fit_check

SHEET = datasheet("ppk2", "ppk2#1")
gains = st.floats(-0.12, 0.12)
offsets = st.floats(-1e-5, 1e-5)


def shown(true_a: float, gain: float, offset_a: float, range_: int = 2) -> Point:
    return Point(f"{true_a}", range_, true_a, 1e-4 * true_a, (1 + gain) * true_a + offset_a, 1e-9)


def widths(points: list[Point], range_: int = 2) -> tuple[float, float]:
    fit = fit_check("ppk2#1", "ppk2", points, Volts(3.0, 2.99, 0.002), SHEET, "test")
    gain, offset = fit.calibration.find("gain", range_), fit.calibration.find("offset", range_)
    assert gain is not None
    assert offset is not None
    return gain.width, offset.width


@given(gain=gains, offset_a=offsets, at=st.floats(0.6e-3, 4.9e-3))
def test_a_zero_and_a_current_tell_gain_from_offset(gain: float, offset_a: float, at: float) -> None:
    gain_width, offset_width = widths([shown(0.0, gain, offset_a), shown(at, gain, offset_a)])
    assert abs(gain) <= gain_width <= abs(gain) + 1e-3
    assert abs(offset_a) <= offset_width <= abs(offset_a) + 1e-8


@given(gain=gains, offset_a=offsets)
def test_so_do_two_currents(gain: float, offset_a: float) -> None:
    gain_width, offset_width = widths([shown(0.6e-3, gain, offset_a), shown(4.5e-3, gain, offset_a)])
    assert abs(gain) <= gain_width + 1e-12
    assert abs(offset_a) <= offset_width + 1e-12
    assert gain_width <= abs(gain) + 1e-3


@given(gain=gains, offset_a=offsets, at=st.floats(0.6e-3, 4.9e-3), use=st.floats(0.5e-3, 5e-3))
def test_one_current_alone_bounds_what_is_measured_elsewhere_in_its_range(
    gain: float, offset_a: float, at: float, use: float
) -> None:
    """Gain and offset may hide each other at one current; they must not do so at another.

    What both do at ``use`` stays within the two bounds' sum, unless they cancelled at ``at`` by chance.
    """
    seen = abs(gain * at + offset_a) / at
    gain_width, offset_width = widths([shown(at, gain, offset_a)])
    assert gain_width >= seen
    assert offset_width >= seen * at * (1 - 1e-9)
    if gain * offset_a >= 0:
        assert abs(gain * use + offset_a) <= (gain_width * use + offset_width) * (1 + 1e-9)


def test_ranges_that_nobody_checked_keep_typical_figures_and_make_it_no_bound() -> None:
    fit = fit_check("ppk2#1", "ppk2", [shown(1e-3, 0.01, 0.0)], Volts(3.0, 2.99, 0.002), SHEET, "test")
    assert fit.unchecked == (0, 1, 3, 4)
    assert not fit.calibration.is_bound
    top = fit.calibration.find("gain", 4)
    assert top is not None
    assert top.width == 0.15
    voltage = fit.calibration.find("voltage")
    assert voltage is not None
    assert voltage.width == pytest.approx(0.01 / 3.0 + 0.004 / 3.0)


def test_every_range_and_the_voltage_make_it_a_bound() -> None:
    points = [shown(a, 0.01, 0.0, range_) for range_, a in enumerate((2e-5, 2e-4, 2e-3, 2e-2, 7e-2))]
    assert fit_check("ppk2#1", "ppk2", points, Volts(3.0, 3.0, 1e-3), SHEET, "test").calibration.is_bound
    assert not fit_check("ppk2#1", "ppk2", points, None, SHEET, "test").calibration.is_bound
    with pytest.raises(ValueError, match="known current"):
        fit_check("ppk2#1", "ppk2", points[:0], None, SHEET, "test")
