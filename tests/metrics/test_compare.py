"""The gate's questions: passed, undecided, and how many samples would settle it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.errors import DatasetError, ModelError, UsageError
from tinykit.metrics import METRICS, MetricComparison, compare_metric, samples_to_settle
from tinykit.metrics.intervals import tango


def top1(n: int, lost: int, won: int = 0) -> MetricComparison:
    """``lost`` samples that only the float model gets right, ``won`` that only int8 does."""
    y = np.zeros(n, int)
    a, b = np.zeros((2, n), int)
    b[:lost] = 1
    a[lost : lost + won] = 1
    return compare_metric("top1", np.eye(2)[a], np.eye(2)[b], y)


def test_the_point_decides_and_a_drop_at_the_limit_passes() -> None:
    assert top1(600, 3).passes(0.005)
    assert not top1(600, 4).passes(0.005)
    assert not top1(600, 0).passes(-1)
    assert top1(600, 0).passes(0.0)


def sampled(name: str, seed: int, n: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.r_[0, 0, 1, 1, rng.integers(0, 2, n - 4)]
    a = rng.normal(size=(n, 2)) + 2 * np.eye(2)[y]
    b = a + noise * rng.normal(size=a.shape)
    return a, b, np.eye(2)[y] if name == "mse" else y


def check_one_interval(result: MetricComparison) -> None:
    """The drop as an estimate and its interval say the same, and a document holds one of each."""
    (low, high), (low_drop, high_drop) = result.drop_interval95, result.drop.interval()
    width, value = high - low, result.drop.value
    if abs((high - value) - (value - low)) <= 0.15 * width:
        assert low_drop == pytest.approx(low, abs=0.1 * width + 1e-12)
        assert high_drop == pytest.approx(high, abs=0.1 * width + 1e-12)
    document = result.to_dict()
    assert document["drop"]["interval95"] == document["drop_interval95"]
    for metric in (document["float"], document["int8"]):
        assert metric["estimate"]["interval95"] == metric["interval95"]


@settings(deadline=None)
@given(
    st.sampled_from(sorted(METRICS)), st.integers(0, 1000), st.integers(5, 300), st.sampled_from([0, 0.01, 1])
)
def test_no_comparison_carries_two_intervals_of_its_drop(name: str, seed: int, n: int, noise: float) -> None:
    check_one_interval(compare_metric(name, *sampled(name, seed, n, noise)))


@given(st.integers(20, 2000), st.integers(0, 10), st.integers(0, 10))
def test_the_drop_of_a_share_is_as_wide_as_tangos_interval(n: int, lost: int, won: int) -> None:
    result = top1(n, lost, won)
    check_one_interval(result)
    low, high = result.drop_interval95
    assert result.drop.u == pytest.approx((high - low) / 2 / 1.959964)


def test_an_interval_that_spans_the_limit_asks_for_more_samples() -> None:
    result = top1(600, 2)
    assert result.spans(0.01)
    needed = samples_to_settle(result, 0.01)
    assert needed is not None
    assert needed > 600
    assert tango(2 * needed / 600, 0, needed)[1] <= 0.01 < tango(2 * (needed - 1) / 600, 0, needed - 1)[1]
    assert samples_to_settle(result, 0.2) == 600
    assert samples_to_settle(top1(600, 3), 3 / 600) is None


def test_where_nothing_differs_the_interval_shrinks_with_the_number_of_samples() -> None:
    assert samples_to_settle(top1(599, 0), 0.005) == 765
    assert top1(764, 0).spans(0.005)
    assert not top1(765, 0).spans(0.005)


@pytest.mark.parametrize(
    ("name", "noise", "part"), [("top1", 0.5, 0.3), ("auc", 0.5, 0.3), ("auc", 0, 0.3), ("mse", 0.1, 0.3)]
)
def test_the_number_of_samples_settles_it_and_a_tenth_fewer_do_not(
    name: str, noise: float, part: float
) -> None:
    a, b, y = sampled(name, 7, 200, noise)
    result = compare_metric(name, a, b, y)
    limit = result.drop.value + part * (result.drop_interval95[1] - result.drop.value)
    needed = samples_to_settle(result, limit)
    assert needed is not None
    for factor, spans in ((1.1, False), (0.9, True)):
        # The same samples over and over: the same drop, on more of them.
        again = np.arange(round(factor * needed / 200) * 200) % 200
        assert compare_metric(name, a[again], b[again], y[again]).spans(limit) is spans


def test_a_drop_as_good_as_at_the_limit_is_never_settled() -> None:
    assert samples_to_settle(top1(600, 3), 3 / 600 + 1e-9) is None


@given(st.integers(50, 2000), st.integers(0, 20), st.floats(-0.5, 0.5))
def test_settling_needs_more_samples_exactly_where_the_interval_spans(
    n: int, lost: int, limit: float
) -> None:
    result = top1(n, lost)
    needed = samples_to_settle(result, limit)
    if result.spans(limit):
        assert needed is None or needed > n
    else:
        assert needed == n


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_goes_to_json_and_its_estimates_pair(name: str) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 50)
    a = rng.normal(size=(50, 2)) + np.eye(2)[y]
    target = np.eye(2)[y] if name == "mse" else y
    result = compare_metric(name, a, a + 0.1 * rng.normal(size=a.shape), target)
    document = json.loads(json.dumps(result.to_dict()))
    assert document["float"]["estimate"]["kind"] == "measured"
    assert document["n"] == 50
    difference = result.float_metric.estimate - result.int8_metric.estimate
    assert difference.u < result.float_metric.estimate.u
    if not result.drop_is_relative:
        assert difference.u == pytest.approx(result.drop.u)


def test_two_evaluations_share_no_influence() -> None:
    first, second = top1(600, 2), top1(600, 3)
    assert not set(first.drop.influences) & set(second.drop.influences)


def test_bad_calls_are_refused() -> None:
    good = np.zeros((3, 2))
    with pytest.raises(UsageError, match="no metric 'f1'"):
        compare_metric("f1", good, good, np.zeros(3))
    with pytest.raises(ModelError, match="differ in shape"):
        compare_metric("top1", good, np.zeros((3, 3)), np.zeros(3))
    with pytest.raises(DatasetError, match="no samples"):
        compare_metric("top1", good[:0], good[:0], np.zeros(0))
    with pytest.raises(DatasetError, match="3 outputs and 2 labels"):
        compare_metric("top1", good, good, np.zeros(2))
    broken = good.copy()
    broken[1, 0] = np.nan
    with pytest.raises(ModelError, match="int8 model gives NaN or infinity for sample 1"):
        compare_metric("top1", good, broken, np.zeros(3))
