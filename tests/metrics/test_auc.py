"""AUC with DeLong's covariance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from tinykit.errors import DatasetError
from tinykit.metrics import compare_metric
from tinykit.metrics.auc import delong, midranks


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60))
def test_midranks_are_scipys(values: list[int]) -> None:
    np.testing.assert_array_equal(midranks(np.array(values)), stats.rankdata(values))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_auc_is_sklearns_ties_included(seed: int, coarse: bool) -> None:
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(0, 2, rng.integers(1, 80))]
    scores = rng.normal(size=(2, len(y))) + y
    scores = np.round(scores) if coarse else scores
    result = compare_metric("auc", scores[0][:, None], scores[1][:, None], y)
    assert result.float_metric.value == pytest.approx(roc_auc_score(y, scores[0]))
    assert result.int8_metric.value == pytest.approx(roc_auc_score(y, scores[1]))
    for metric in (result.float_metric, result.int8_metric):
        low, high = metric.interval95
        assert 0 <= low <= metric.value <= high <= 1
        assert low < high


def test_the_covariance_is_delongs_definition() -> None:
    rng = np.random.default_rng(5)
    positive, negative = np.round(rng.normal(1, 1, (2, 13)), 1), np.round(rng.normal(0, 1, (2, 17)), 1)
    wins = (positive[:, :, None] > negative[:, None]) + 0.5 * (positive[:, :, None] == negative[:, None])
    expected = np.cov(wins.mean(axis=2)) / 13 + np.cov(wins.mean(axis=1)) / 17
    values, covariance = delong(positive, negative)
    np.testing.assert_allclose(values, wins.mean(axis=(1, 2)))
    np.testing.assert_allclose(covariance, expected)


def test_the_intervals_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    truth_a, truth_b = stats.norm.cdf(1.2 / np.sqrt(2)), stats.norm.cdf(1.0 / np.sqrt(2))
    single = paired = 0
    y = np.repeat([1, 0], [120, 180])
    runs = 2000
    for _ in range(runs):
        shared, own = rng.normal(size=(2, 300))
        a, b = shared + 1.2 * y, 0.8 * shared + 0.6 * own + 1.0 * y
        result = compare_metric("auc", a[:, None], b[:, None], y)
        low, high = result.float_metric.interval95
        single += low <= truth_a <= high
        low, high = result.drop_interval95
        paired += low <= truth_a - truth_b <= high
    assert single / runs == pytest.approx(0.95, abs=0.015)
    assert paired / runs == pytest.approx(0.95, abs=0.015)


def test_perfect_separation_is_not_certainty() -> None:
    y = np.repeat([0, 1], 20)
    scores = y.astype(float)[:, None] + np.linspace(0, 0.1, 40)[:, None]
    result = compare_metric("auc", scores, scores, y)
    low, high = result.float_metric.interval95
    assert 0.8 < low < 0.99
    assert high == 1
    assert result.float_metric.estimate.u > 0
    assert result.drop_interval95[0] < 0 < result.drop_interval95[1]


def test_the_drop_is_its_interval_whatever_gave_it() -> None:
    rng = np.random.default_rng(6)
    y = np.repeat([0, 1], 50)
    noisy, apart = rng.normal(size=(100, 1)) + y[:, None], np.arange(100.0)[:, None]
    nearly = np.arange(400.0)[:, None]
    swapped = nearly.copy()
    swapped[[199, 200]] = swapped[[200, 199]]
    cases = {
        "nothing differs": (compare_metric("auc", noisy, noisy, y), 0.071),
        "nothing differs, separated": (compare_metric("auc", apart, apart, y), 0.071),
        "one discordance": (compare_metric("auc", nearly, swapped, np.repeat([0, 1], 200)), 7e-5),
    }
    for name, (result, reach) in cases.items():
        assert result.drop.interval() == pytest.approx(result.drop_interval95, abs=1e-9), name
        assert (result.drop_interval95[1] - result.drop.value) == pytest.approx(reach, rel=0.02), name
        assert result.drop_method in result.drop.sources[0], name
        assert ("DeLong interval" in result.drop_method) == (name == "one discordance")
        assert result.to_dict()["drop"]["interval95"] == list(result.drop_interval95)
        # Both together are never surer than either: the two do not err in opposite ways.
        both = result.float_metric.estimate + result.int8_metric.estimate
        assert both.u > result.float_metric.estimate.u * 0.99


def test_a_class_of_one_sample_claims_little() -> None:
    scores = np.arange(50.0)[:, None]
    y = (np.arange(50) == 40).astype(int)
    result = compare_metric("auc", scores, -scores, y)
    low, high = result.float_metric.interval95
    assert high - low > 0.3
    assert result.drop_interval95[1] - result.drop_interval95[0] > 0.5


def test_two_columns_give_their_difference_and_an_agreement() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 100)
    logits = rng.normal(size=(100, 2)) + np.eye(2)[y]
    result = compare_metric("auc", logits, logits, y)
    assert result.float_metric.value == pytest.approx(roc_auc_score(y, logits[:, 1] - logits[:, 0]))
    assert result.agreement is not None


def test_an_autoencoder_is_scored_by_its_reconstruction_error() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(80, 4, 5)).astype(np.float32)
    y = np.repeat([0, 1], 40)
    out = x + rng.normal(size=x.shape) * (1 + y)[:, None, None]
    result = compare_metric("auc", out, out, y, x)
    assert result.float_metric.value == pytest.approx(roc_auc_score(y, np.mean((out - x) ** 2, axis=(1, 2))))
    assert result.agreement is None
    with pytest.raises(DatasetError, match="autoencoder"):
        compare_metric("auc", out, out, y)


def test_one_class_has_no_auc() -> None:
    with pytest.raises(DatasetError) as caught:
        compare_metric("auc", np.zeros((5, 1)), np.zeros((5, 1)), np.ones(5))
    assert caught.value.code == "ONE_CLASS"


def test_a_million_samples_are_not_taken_in_pairs() -> None:
    rng = np.random.default_rng(4)
    scores = np.round(rng.normal(size=(1_000_000, 1)), 2)
    result = compare_metric("auc", scores, scores, rng.integers(0, 2, 1_000_000))
    assert result.float_metric.value == pytest.approx(0.5, abs=0.01)
