"""The meter's clock against the host's: drift, start, and losses that no counter shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.meters.clock import fit_clock

RATE_HZ = 100_000.0


def arrivals(duration_s, ppm=0.0, losses=(), stalls=(), seed=0, start_s=500.0):
    """Arrival times every 5 ms or so, and what had come by then; losses and stalls are (time, size)."""
    rng = np.random.default_rng(seed)
    taken_s = np.arange(0.005, duration_s, 0.005)
    count = np.floor(taken_s * RATE_HZ * (1 + ppm * 1e-6))
    late_s = rng.exponential(0.0008, len(taken_s)) + 0.0002
    for at_s, size_s in stalls:
        late_s = np.where(abs(taken_s - at_s) < size_s, at_s + size_s - taken_s, late_s)
    for at_s, samples in losses:
        count[taken_s >= at_s] -= samples
    return start_s + np.maximum.accumulate(taken_s + late_s), count


@settings(deadline=None, max_examples=60)
@given(st.floats(-80, 80), st.integers(0, 1000), st.lists(st.integers(1, 40), max_size=3))
def test_lost_multiples_of_64_are_found_and_nothing_else(ppm, seed, sizes):
    losses = [(4.3 + 5 * i, 64 * size) for i, size in enumerate(sizes)]
    t_host_s, received = arrivals(30, ppm, losses, stalls=[(7.0, 0.3), (12.4, 0.6)], seed=seed)
    fit = fit_clock(t_host_s, received, RATE_HZ, unit=64)
    assert fit.missing == sum(samples for _, samples in losses)
    assert [jump.samples for jump in fit.jumps] == [samples for _, samples in losses]
    for jump, (at_s, _) in zip(fit.jumps, losses, strict=True):
        assert jump.t_host_s == pytest.approx(500 + at_s, abs=1.1)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.floats(5, 20))
def test_a_host_that_becomes_busy_loses_nothing(seed, at_s):
    rng = np.random.default_rng(seed)
    t_host_s, received = arrivals(25, seed=seed)
    busy = (t_host_s > 500 + at_s) & (t_host_s < 500 + at_s + 4)
    late_s = np.where(busy, 0.004 + rng.exponential(0.01, len(t_host_s)), 0)
    assert fit_clock(np.maximum.accumulate(t_host_s + late_s), received, RATE_HZ, unit=64).jumps == ()


def test_lateness_at_the_end_is_no_loss():
    t_host_s, received = arrivals(12)
    fit = fit_clock(t_host_s + np.where(t_host_s > 508, 0.005, 0), received, RATE_HZ, unit=64)
    assert fit.jumps == ()


def test_start_and_rate():
    t_host_s, received = arrivals(20, ppm=40)
    fit = fit_clock(t_host_s, received, RATE_HZ, unit=64)
    assert fit.t_start_host_s == pytest.approx(500.0, abs=0.001)
    assert fit.rate_hz == pytest.approx(RATE_HZ * (1 + 40e-6), rel=10e-6)


def test_a_steady_trickle_of_losses_shows_in_the_rate():
    t_host_s, received = arrivals(20)
    received = received - 64 * np.floor(t_host_s - 500.0)
    fit = fit_clock(t_host_s, received, RATE_HZ, unit=64)
    assert fit.rate_hz < RATE_HZ * (1 - 500e-6)
    assert fit.missing > 0


def test_too_short_to_say_anything():
    assert fit_clock(*arrivals(3), RATE_HZ) is None
    assert fit_clock(np.zeros(0), np.zeros(0), RATE_HZ) is None
