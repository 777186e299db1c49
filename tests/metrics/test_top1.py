"""Top-1 accuracy, its paired drop, and agreement."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from tinykit.errors import DatasetError
from tinykit.metrics import compare_metric


def outputs(classes: np.ndarray, n_classes: int = 3) -> np.ndarray:
    return np.eye(n_classes, dtype=np.float32)[classes]


def test_values_are_sklearns_and_the_drop_is_their_difference() -> None:
    rng = np.random.default_rng(0)
    y, a, b = rng.integers(0, 3, (3, 500))
    result = compare_metric("top1", outputs(a), outputs(b), y)
    assert result.float_metric.value == pytest.approx(accuracy_score(y, a))
    assert result.int8_metric.value == pytest.approx(accuracy_score(y, b))
    assert result.drop.value == pytest.approx(accuracy_score(y, a) - accuracy_score(y, b))
    assert result.agreement is not None
    assert result.agreement.value == pytest.approx(np.mean(a == b))
    assert result.n == 500
    assert result.drop.kind == "measured"


def test_a_perfect_model_is_not_certain() -> None:
    y = np.arange(90) % 3
    result = compare_metric("top1", outputs(y), outputs(y), y)
    assert result.float_metric.value == 1
    assert result.float_metric.interval95[0] == pytest.approx(0.959, abs=1e-3)
    assert result.float_metric.interval95[1] == 1
    assert result.float_metric.estimate.u > 0.01
    low, high = result.drop_interval95
    assert low < 0 < high
    assert result.drop.u > 0.005


def test_pairing_makes_the_drop_far_surer_than_the_metrics() -> None:
    y = np.zeros(1000, int)
    a = np.where(np.arange(1000) < 700, 0, 1)
    b = np.where(np.arange(1000) < 690, 0, 1)
    result = compare_metric("top1", outputs(a), outputs(b), y)
    assert result.drop.value == pytest.approx(0.01)
    assert result.drop.u < result.float_metric.estimate.u / 3
    assert result.drop_interval95[1] - result.drop_interval95[0] < 0.02


def test_the_uncertainty_of_the_drop_is_that_of_repeated_experiments() -> None:
    rng = np.random.default_rng(1)
    claimed = []
    for _ in range(400):
        y = np.zeros(300, int)
        cell = rng.choice(4, 300, p=[0.85, 0.06, 0.02, 0.07])
        result = compare_metric(
            "top1", outputs((cell >= 2).astype(int)), outputs((cell % 2 == 1).astype(int)), y
        )
        claimed.append(result.drop.u)
    assert np.mean(claimed) == pytest.approx(np.sqrt((0.06 + 0.02 - 0.04**2) / 300), rel=0.08)


def test_extra_axes_of_length_one_do_not_matter_and_one_hot_labels_do_not_either() -> None:
    y = np.arange(30) % 3
    out = outputs(y).reshape(30, 1, 1, 3)
    assert compare_metric("top1", out, out, outputs(y)).float_metric.value == 1


def test_a_single_score_is_no_classifier_here() -> None:
    with pytest.raises(DatasetError, match="output for each class") as caught:
        compare_metric("top1", np.zeros((4, 1)), np.zeros((4, 1)), np.zeros(4))
    assert "auc" in caught.value.hint
