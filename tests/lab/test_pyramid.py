"""Every zoom shows the least, the mean and the greatest of what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinykit.lab.pyramid import BASE, Pyramid
from tinykit.meters.trace import Block, Instrument, Trace, array_trace

N = 40 * BASE + 77


def trace_of(power: np.ndarray, holes: tuple[tuple[int, int], ...] = ()) -> Trace:
    edges = [0, *(edge for hole in holes for edge in hole), len(power)]
    blocks = [Block(a, power_w=power[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    return array_trace(1e5, Instrument("x", "x", "", "", "none"), None, *blocks)


@given(start=st.integers(0, N - 2), length=st.integers(1, N), points=st.integers(1, 400))
@example(start=1174, length=8737, points=56)
@settings(max_examples=60, deadline=None)
def test_no_peak_is_lost_at_any_zoom(start: int, length: int, points: int) -> None:
    power = np.random.default_rng(3).lognormal(size=N)
    stop = min(N, start + length)
    seen = Pyramid(trace_of(power)).look(start, stop, points)
    first = round(seen.t_s[0] * 1e5)
    last = min(N, first + round(len(seen.t_s) * seen.step_s * 1e5))
    assert first <= start
    assert last >= stop
    assert np.nanmax(seen.most_w) == power[first:last].max()
    assert np.nanmin(seen.least_w) == power[first:last].min()
    assert (seen.least_w <= seen.mean_w * (1 + 1e-12)).all()
    assert (seen.mean_w <= seen.most_w * (1 + 1e-12)).all()


def test_points_are_as_few_as_asked_for() -> None:
    pyramid = Pyramid(trace_of(np.arange(N, dtype=float)))
    for points in (1, 3, 10, 100, 1000):
        assert len(pyramid.look(0, N, points).t_s) <= max(points, 4)


def test_holes_are_nan_and_do_not_pull_the_mean() -> None:
    power = np.full(N, 2.0)
    seen = Pyramid(trace_of(power, holes=((1000, 9000),))).look(0, N, 41)
    lost = np.isnan(seen.mean_w)
    assert lost.any()
    assert (seen.mean_w[~lost] == 2.0).all()
    fine = Pyramid(trace_of(power, holes=((1000, 9000),))).look(900, 1100, 1000)
    assert np.isnan(fine.mean_w).sum() == pytest.approx(100)
