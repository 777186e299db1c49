"""MSE and its relative rise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_squared_error

from tinykit.errors import DatasetError
from tinykit.metrics import compare_metric


def test_value_and_t_interval_are_scipys() -> None:
    rng = np.random.default_rng(0)
    y, a, b = rng.normal(size=(3, 40, 6))
    result = compare_metric("mse", a, b, y)
    assert result.float_metric.value == pytest.approx(mean_squared_error(y, a))
    errors = np.mean((a - y) ** 2, axis=1)
    expected = stats.t.interval(0.95, 39, errors.mean(), stats.sem(errors))
    np.testing.assert_allclose(result.float_metric.interval95, expected)
    assert result.drop.value == pytest.approx(mean_squared_error(y, b) / mean_squared_error(y, a) - 1)
    assert result.drop_is_relative
    assert result.agreement is None


def test_the_interval_of_the_rise_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    runs, held = 1000, 0
    for _ in range(runs):
        base = rng.normal(size=(150, 8))
        noise = base + 0.3 * rng.normal(size=(150, 8))
        result = compare_metric("mse", base, noise, np.zeros((150, 8)))
        low, high = result.drop_interval95
        held += low <= 0.09 <= high
    assert held / runs == pytest.approx(0.95, abs=0.015)


def test_an_autoencoder_needs_no_targets_and_labels_are_not_taken_for_some() -> None:
    x = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    for y in (None, np.zeros(30)):
        result = compare_metric("mse", x + 0.5, x + 1, y, x)
        assert result.float_metric.value == pytest.approx(0.25, rel=1e-5)
        assert result.drop.value == pytest.approx(3, rel=1e-5)


def test_a_single_output_meets_flat_targets() -> None:
    result = compare_metric("mse", np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]), np.array([0.0, 0.0]))
    assert result.float_metric.value == 2.5
    assert result.int8_metric.value == 5


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(DatasetError, match="targets of the output's shape"):
        compare_metric("mse", np.zeros((5, 3)), np.zeros((5, 3)), np.zeros(5))
    with pytest.raises(DatasetError, match="targets of the output's shape"):
        compare_metric("mse", np.zeros((5, 3)), np.zeros((5, 3)), np.zeros((5, 2)), np.zeros((5, 3)))
    with pytest.raises(DatasetError, match="targets hold NaN"):
        compare_metric("mse", np.zeros((5, 1)), np.zeros((5, 1)), np.full(5, np.nan))
    with pytest.raises(DatasetError, match="unbounded"):
        compare_metric("mse", np.zeros((5, 1)), np.ones((5, 1)), np.zeros(5))
    with pytest.raises(DatasetError, match="one sample"):
        compare_metric("mse", np.zeros((1, 1)), np.ones((1, 1)), np.zeros(1))


def test_two_perfect_models_have_no_rise() -> None:
    result = compare_metric("mse", np.zeros((5, 1)), np.zeros((5, 1)), np.zeros(5))
    assert result.drop.value == 0
