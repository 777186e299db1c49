"""The gate's questions: passed, undecided, and how many samples would settle it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import DatasetError, ModelError, UsageError
from tinykit.metrics import METRICS, MetricComparison, compare_metric, samples_to_settle


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


def test_an_interval_that_spans_the_limit_asks_for_more_samples() -> None:
    result = top1(600, 2)
    assert result.spans(0.01)
    needed = samples_to_settle(result, 0.01)
    assert needed is not None
    assert needed > 600
    factor = needed / 600
    larger = top1(needed, round(2 * factor))
    assert not larger.spans(0.0115)
    assert samples_to_settle(result, 0.2) == 600
    assert samples_to_settle(top1(600, 3), 3 / 600) is None


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
