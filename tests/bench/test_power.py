"""The true energy and what a meter is given, against sums made by hand; slices must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.bench.power import PowerModel, PowerTimeline, TrueWindow
from tinykit.bench.rig import SampleGrid

HZ = 1_000_000
MODEL = PowerModel(active_w=0.045, idle_w=0.015, sleep_w=1e-5, uart_w=0.002)
PULSED = PowerModel(active_w=0.045, idle_w=0.015, sleep_w=1e-5, uart_w=0.002, burst_hz=70e3, burst_duty=0.3)


def play(model: PowerModel, looks: list[int]) -> tuple[list[TrueWindow], np.ndarray]:
    """A window of 1 s with everything in it; the meter takes its samples at ``looks``, every 10 us."""
    windows: list[TrueWindow] = []
    timeline = PowerTimeline(model, HZ, windows.append)
    grid, means, fed = SampleGrid(HZ, 100_000), [], 0

    def take(cycle: int) -> None:
        nonlocal fed
        last = grid.count(cycle)
        if last > fed:
            means.append(timeline.means(grid.cycles(fed, last)))
            fed = last

    events = [
        (1_003, lambda: timeline.state(1_003, "idle")),
        (50_001, lambda: timeline.marker(50_001, True)),
        (60_000, lambda: timeline.state(60_000, "active")),
        (70_000, lambda: timeline.sending(70_000, 80_417)),
        (300_007, lambda: timeline.state(300_007, "sleep")),
        (1_050_001, lambda: timeline.marker(1_050_001, False)),
        (1_100_000, lambda: timeline.state(1_100_000, "active")),
    ]
    for _, happens in sorted(
        [*events, *((look, lambda look=look: take(look)) for look in looks)], key=lambda e: e[0]
    ):
        happens()
    take(1_200_000)
    return windows, np.concatenate(means)


EXACT_J = (9_999 * 0.015 + 240_007 * 0.045 + 10_417 * 0.002 + 749_994 * 1e-5) / HZ


def test_the_true_energy_is_the_sum_over_the_states() -> None:
    (window,), _ = play(MODEL, [])
    assert (window.start, window.end) == (50_001, 1_050_001)
    assert window.energy_j == pytest.approx(EXACT_J, rel=1e-13)


@pytest.fixture(scope="module")
def whole():
    """What `play` gives of each model in one slice."""
    return [(model, *play(model, [])) for model in (MODEL, PULSED)]


@settings(max_examples=10, deadline=None)
@given(looks=st.lists(st.integers(1, 1_199_999), max_size=40))
def test_neither_truth_nor_samples_depend_on_the_slices(whole, looks: list[int]) -> None:
    for model, (truth,), means in whole:
        (sliced,), pieces = play(model, looks)
        assert sliced == truth
        np.testing.assert_allclose(pieces, means, rtol=1e-9, atol=1e-12)


def test_the_samples_hold_all_the_energy() -> None:
    _, means = play(MODEL, [])
    everything_j = (1_003 + 240_007 + 100_000) * 0.045 + (58_997) * 0.015 + 10_417 * 0.002 + 799_993 * 1e-5
    assert means.sum() * 10 == pytest.approx(everything_j, rel=1e-9)


def test_pulses_carry_the_same_mean_in_less_time() -> None:
    (window,), means = play(PULSED, [])
    assert window.energy_j == pytest.approx(EXACT_J, rel=1e-4)
    active = means[8_500:29_000]
    assert active.mean() == pytest.approx(0.045, rel=1e-3)
    assert active.max() > 0.06


def test_without_supply_nothing_is_drawn_and_the_window_ends() -> None:
    windows: list[TrueWindow] = []
    timeline = PowerTimeline(MODEL, HZ, windows.append)
    timeline.marker(100, True)
    timeline.supply(100_100, False)
    assert timeline.power_w == 0
    assert [round(one.energy_j, 12) for one in windows] == [0.0045]
    timeline.supply(200_000, True)
    assert timeline.power_w == 0.045


def test_a_notch_is_no_window() -> None:
    windows: list[TrueWindow] = []
    timeline = PowerTimeline(MODEL, HZ, windows.append)
    for cycle, high in ((100, True), (102, False), (104, True), (10_104, False)):
        timeline.marker(cycle, high)
    assert [(one.start, one.end) for one in windows] == [(104, 10_104)]
    assert timeline.take_edges() == [(100, True), (102, False), (104, True), (10_104, False)]


@given(st.floats(1e6, 2e8), st.floats(9e4, 1.1e5), st.integers(0, 10**9), st.integers(0, 9_999))
def test_the_grid_is_exact_hours_later(cycles_hz: float, samples_hz: float, first: int, more: int) -> None:
    grid = SampleGrid(cycles_hz, samples_hz)
    cycles = grid.cycles(first, first + more)
    numerator, divisor = round(cycles_hz * 1_000_000), round(samples_hz * 1_000_000)
    assert int(cycles[-1]) == -(-(first + more) * numerator // divisor)
    assert int(cycles[0]) == -(-first * numerator // divisor)
    assert grid.count(int(cycles[-1])) == first + more
    if cycles[-1]:
        assert grid.count(int(cycles[-1]) - 1) < first + more
