import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.estimate import Estimate
from tinykit.pretty import (
    decimals_for,
    format_bytes,
    format_count,
    format_duration,
    format_estimate,
    format_shape,
    format_si,
)


def measured(value, u, unit="J"):
    return Estimate.normal(value, unit, u, name="a", kind="measured", source="test")


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (measured(12.3456e-6, 0.05e-6), "12.346 ± 0.098 µJ"),
        (measured(12.3456e-6, 5e-6), "12.3 ± 9.8 µJ"),
        (measured(1.0, 0.0508), "1.00 ± 0.10 J"),
        (measured(0.9996, 0.5), "1.00 ± 0.98 J"),
        (measured(-2.5e-3, 1e-4), "-2.50 ± 0.20 mJ"),
        (measured(0.0, 1e-3), "0.0 ± 2.0 mJ"),
        (measured(417.0, 20.0, "gCO2e/kWh"), "417 ± 39 gCO2e/kWh"),
        (measured(123456.0, 6789.0, "widgets"), "123000 ± 13000 widgets"),
        (Estimate.exact(42.0, "1", kind="measured", source="count"), "42"),
        (
            Estimate.lognormal(3.0, "J", 2.0, name="a", kind="published", source="s"),
            "3.8 [0.8, 11.7] J",
        ),
    ],
)
def test_estimates_show_the_digits_that_are_known(estimate, text):
    assert format_estimate(estimate) == text


def test_shapes():
    assert format_shape((1, 96, 96, 3)) == "1×96×96×3"
    assert format_shape((-1, 10)) == "?×10"
    assert format_shape(()) == ""


def test_percent_and_kind():
    accuracy = Estimate.normal(0.9816, "1", 0.005, name="n", kind="measured", source="eval")
    assert format_estimate(accuracy, percent=True) == "98.16 ± 0.98 %"
    assert format_estimate(accuracy, percent=True, with_kind=True).endswith("(measured)")


@given(value=st.floats(-1e6, 1e6), u=st.floats(1e-9, 1e5))
def test_the_last_digit_shown_is_the_second_of_the_uncertainty(value, u):
    text = format_estimate(measured(value, u, "widgets"))
    shown_value, shown_half = re.fullmatch(r"(\S+) ± (\S+) widgets", text).groups()
    half = 1.959963984540054 * u
    assert float(shown_half) == pytest.approx(half, rel=0.051)
    assert shown_half.partition(".")[2].__len__() == shown_value.partition(".")[2].__len__()
    assert float(shown_value) == pytest.approx(value, abs=0.06 * half)
    assert not shown_value.startswith("-0.0") or float(shown_value) != 0.0


@pytest.mark.parametrize(
    ("u", "decimals"), [(0.0996, 2), (0.0944, 3), (9.96, 0), (99.0, 0), (979.0, -1), (3.0e-7, 8)]
)
def test_decimals_are_counted_after_rounding(u, decimals):
    assert decimals_for(u) == decimals


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (53936, "53.9 kB"),
        (999_999, "1.00 MB"),
        (2.5e12, "2500.0 GB"),
    ],
)
def test_bytes(size, text):
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 µs"),
        (85e-6, "85 µs"),
        (0.0124, "12.4 ms"),
        (0.9996, "1.0 s"),
        (3.21, "3.2 s"),
        (59.97, "1 min 00 s"),
        (125, "2 min 05 s"),
        (4320, "1 h 12 min"),
        (-3.21, "-3.2 s"),
    ],
)
def test_durations(seconds, text):
    assert format_duration(seconds) == text


def test_counts_and_plain_quantities():
    assert format_count(2656768) == "2,656,768"
    assert format_si(4.3219e-3, "J") == "4.32 mJ"
    assert format_si(0.0, "J") == "0 J"
    assert format_si(12.0, "mm") == "12 mm"
