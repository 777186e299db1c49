"""Intervals of shares, against scipy, the papers' own examples, and by how often they hold the truth."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import xlogy

from tinykit.metrics.intervals import nothing_differs, paired_estimates, tango, wilson


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(case: tuple[int, int]) -> None:
    hits, n = case
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson(hits, n), (expected.low, expected.high), atol=1e-12)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_tango_holds_the_point_and_mirrors(case: tuple[int, int, int]) -> None:
    n, b, c = case
    b = min(b, n - c) if c <= n else 0
    low, high = tango(b, c, n)
    assert -1 <= low <= (b - c) / n <= high <= 1
    np.testing.assert_allclose(tango(c, b, n), (-high, -low), atol=1e-9)


@pytest.mark.parametrize(("b", "c", "n"), [(1, 0, 44), (9, 3, 120), (0, 4, 30), (24, 8, 300)])
def test_at_tangos_ends_the_constrained_likelihood_gives_a_score_of_z(b: int, c: int, n: int) -> None:
    for delta, sign in zip(tango(b, c, n), (1, -1), strict=True):

        def loss(q: float, delta: float = delta) -> float:
            cells = np.array([q + delta, q, 1 - 2 * q - delta])
            return -float(np.sum(xlogy([b, c, n - b - c], cells)))

        bounds = (max(0.0, -delta) + 1e-12, (1 - delta) / 2 - 1e-12)
        q = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        score = (b - c - n * delta) / math.sqrt(n * (2 * q + delta - delta**2))
        assert score == pytest.approx(sign * 1.959964, abs=1e-3)


def test_tango_ends_are_where_the_score_test_is_at_its_limit() -> None:
    # At difference 0 the score test is McNemar's: an end at 0 needs (b - c)^2 = z^2 (b + c).
    z = 16 / math.sqrt(32)
    low, high = tango(24, 8, 300, z)
    assert low == pytest.approx(0, abs=1e-12)
    assert high > 0.05


def test_no_difference_seen_is_not_no_difference() -> None:
    for n in (1, 10, 1000):
        np.testing.assert_allclose(nothing_differs(n), tango(0, 0, n), atol=1e-9)


@pytest.mark.parametrize(("p10", "p01", "n"), [(0.02, 0.01, 600), (0.05, 0.05, 200), (0.10, 0.03, 400)])
def test_tango_covers_as_often_as_it_says(p10: float, p01: float, n: int) -> None:
    interval = lru_cache(None)(tango)
    draws = np.random.default_rng(3).multinomial(n, [p10, p01, 1 - p10 - p01], 20_000)
    held = sum(lo <= p10 - p01 <= hi for b, c, _ in draws.tolist() for lo, hi in [interval(b, c, n)])
    assert held / 20_000 == pytest.approx(0.95, abs=0.015)


@given(st.floats(0.01, 5), st.floats(0.01, 5), st.floats(-1, 1))
def test_paired_estimates_carry_their_covariance(u1: float, u2: float, r: float) -> None:
    first, second = paired_estimates((1.0, 2.0), (u1**2, u2**2, r * u1 * u2), label="t", source="test")
    assert first.u == pytest.approx(u1)
    assert second.u == pytest.approx(u2, rel=1e-6)
    expected = max(u1**2 + u2**2 - 2 * r * u1 * u2, 0)
    assert (first - second).u ** 2 == pytest.approx(expected, rel=1e-6, abs=1e-9)
