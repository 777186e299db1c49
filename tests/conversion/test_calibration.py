"""Calibration data are judged with stable codes before TensorFlow sees them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.conversion.calibration import (
    CODES,
    Finding,
    clip_to_percentile,
    enforce,
    judge_calibration,
)
from tinykit.datasets import Dataset
from tinykit.errors import DatasetError, UsageError

RNG = np.random.default_rng(7)
SHAPE = (8, 8, 1)


def dataset(x: np.ndarray) -> Dataset:
    return Dataset(x, None, "test", "")


def images(n: int = 200, scale: float = 1.0) -> np.ndarray:
    return (RNG.random((n, *SHAPE)) * scale).astype(np.float32)


def judge(x: np.ndarray, evaluation: np.ndarray | None = None) -> dict[str, Finding]:
    other = None if evaluation is None else dataset(evaluation)
    findings = judge_calibration(dataset(x), other, SHAPE)
    assert all(finding.code in CODES and finding.hint for finding in findings)
    return {finding.code.removeprefix("CALIBRATION_"): finding for finding in findings}


def test_good_data_give_no_findings() -> None:
    assert judge(images(), images()) == {}


@pytest.mark.parametrize(
    ("x", "code"),
    [
        (np.zeros((0, *SHAPE), np.float32), "EMPTY"),
        (np.zeros((5, 8, 8), np.float32), "SHAPE"),
        (np.zeros((5, 8, 8, 3), np.float32), "SHAPE"),
        (np.full((5, *SHAPE), "a"), "DTYPE"),
        (np.full((5, *SHAPE), np.nan, np.float32), "NOT_FINITE"),
    ],
)
def test_unusable_data_are_fatal(x: np.ndarray, code: str) -> None:
    (finding,) = judge_calibration(dataset(x), None, SHAPE)
    assert (finding.code, finding.severity) == (f"CALIBRATION_{code}", "fatal")


def test_one_infinite_value_in_one_sample_is_counted() -> None:
    x = images()
    x[17, 3, 3, 0] = np.inf
    assert judge(x)["NOT_FINITE"].message.startswith("1 of 200")


def test_few_samples_warn() -> None:
    assert judge(images(99))["TOO_FEW"].severity == "warn"
    assert "TOO_FEW" not in judge(images(100))


def test_constant_samples() -> None:
    x = images()
    x[:3] = np.arange(3).reshape(3, 1, 1, 1)
    assert judge(x)["CONSTANT"].severity == "warn"
    assert judge(x)["CONSTANT"].message.startswith("3 of 200")
    every = np.broadcast_to(np.arange(200, dtype=np.float32).reshape(-1, 1, 1, 1), (200, *SHAPE))
    assert judge(every)["CONSTANT"].severity == "fatal"


def test_single_values_are_no_constant_samples() -> None:
    x = RNG.normal(size=(200, 1)).astype(np.float32)
    assert judge_calibration(dataset(x), None, (1,)) == ()


def test_one_image_22136_times_is_fatal() -> None:
    finding = judge(np.repeat(images(1), 22_136, axis=0))["DUPLICATES"]
    assert finding.severity == "fatal"
    assert "22136" in finding.message


def test_duplicates_warn_above_a_tenth() -> None:
    x = images()
    x[:20] = x[100]
    assert "DUPLICATES" not in judge(x)
    x[:21] = x[100]
    assert judge(x)["DUPLICATES"].severity == "warn"
    assert "one occurs 22 times" in judge(x)["DUPLICATES"].message


def test_equal_samples_of_another_dtype_and_signed_zeros_are_the_same() -> None:
    whole = RNG.integers(0, 17, (200, *SHAPE))
    assert judge(whole, whole.astype(np.float32))["OVERLAP"].message.startswith("200 of 200")
    x = np.zeros((2, *SHAPE), np.float32)
    x[0], x[:, 0] = -x[0], 1
    assert judge(x)["DUPLICATES"].severity == "fatal"


def test_pixels_against_unit_range_are_fatal_either_way() -> None:
    for calibration, evaluation in ((255.0, 1.0), (1.0, 255.0)):
        finding = judge(images(scale=calibration), images(scale=evaluation))["RANGE"]
        assert finding.severity == "fatal"
        assert "255" in finding.message


def test_ranges_that_do_not_meet_are_fatal() -> None:
    assert judge(images() + 5, images())["RANGE"].severity == "fatal"


def test_ranges_that_differ_somewhat_warn() -> None:
    clipped = judge(images(scale=0.5), images())["RANGE"]
    assert clipped.severity == "warn"
    assert "would be clipped" in clipped.message
    assert "too wide" in judge(images(scale=16), images())["RANGE"].message
    assert judge(images(scale=16), images())["RANGE"].severity == "warn"


def test_a_single_outlier_does_not_refuse_a_set() -> None:
    outlier = images()
    outlier[0, 0, 0, 0] = 1000
    assert judge(outlier, images())["RANGE"].severity == "warn"
    assert "RANGE" not in judge(images(), outlier)


def test_an_outlier_in_sparse_data_does_not_refuse_them() -> None:
    """The bulk of both sets is 0 throughout: it cannot say that they are scaled differently."""
    x, evaluation = (np.zeros((500, *SHAPE), np.float32) for _ in range(2))
    for i, data in enumerate((x, evaluation)):
        data.reshape(500, -1)[np.arange(20), np.arange(20) + i] = 1.0
    evaluation[300, 1, 1, 0] = 500
    finding = judge(x, evaluation)["RANGE"]
    assert finding.severity == "warn"
    assert "a factor of 500" in finding.message
    assert judge(evaluation, x)["RANGE"].severity == "warn"


def test_whole_numbers_against_fractions_warn() -> None:
    pixels = RNG.integers(0, 2, (200, *SHAPE))
    assert judge(pixels, images())["DTYPE"].severity == "warn"


def test_overlap_with_the_evaluation_data_is_counted() -> None:
    x, evaluation = images(), images()
    evaluation[5:12] = x[20:27]
    finding = judge(x, evaluation)["OVERLAP"]
    assert finding.severity == "warn"
    assert finding.message.startswith("7 of 200")


def test_memory_stays_bounded() -> None:
    x = RNG.integers(0, 255, (4000, 96, 96, 1), dtype=np.uint8)  # 147 MB as float32
    tracemalloc.start()
    judge_calibration(dataset(x), dataset(x), (96, 96, 1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 80e6


def test_millions_of_small_samples_cost_some_bytes_each() -> None:
    n = 500_000
    x = np.stack([np.arange(n) % 400_000, np.ones(n)], axis=1).astype(np.float32)
    tracemalloc.start()
    findings = judge_calibration(dataset(x), dataset(x[:1000]), (2,))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    codes = {finding.code: finding.message for finding in findings}
    assert codes["CALIBRATION_DUPLICATES"].startswith("100000 of 500000")
    assert "one occurs 2 times" in codes["CALIBRATION_DUPLICATES"]
    assert codes["CALIBRATION_OVERLAP"].startswith("1000 of 1000")
    assert peak < 50e6 + 40 * n


def test_enforce_warns_then_raises_with_the_code() -> None:
    seen: list[str] = []

    class Listener:
        def start(self, stage: str, total: int | None = None) -> None: ...
        def advance(self, steps: int = 1) -> None: ...
        def finish(self, note: str = "") -> None: ...
        def warn(self, code: str, message: str, hint: str = "") -> None:
            seen.append(code)

    enforce(judge_calibration(dataset(images(50)), None, SHAPE), Listener())
    assert seen == ["CALIBRATION_TOO_FEW"]
    with pytest.raises(DatasetError) as caught:
        enforce(judge_calibration(dataset(np.repeat(images(1), 50, axis=0)), None, SHAPE), Listener())
    assert caught.value.code == "CALIBRATION_DUPLICATES"
    assert seen == ["CALIBRATION_TOO_FEW"] * 2


def test_clipping_is_two_sided_and_even() -> None:
    x = np.arange(1001, dtype=np.float32).reshape(-1, 1)
    clipped = clip_to_percentile(x, 99.0)
    assert (clipped.min(), clipped.max()) == (5, 995)
    np.testing.assert_array_equal(clipped[5:996], x[5:996])
    np.testing.assert_array_equal(clip_to_percentile(x, 100), x)
    for percentile in (49.9, 100.1, float("nan")):
        with pytest.raises(UsageError):
            clip_to_percentile(x, percentile)


@given(st.floats(50, 100), st.integers(2, 300))
def test_clipping_keeps_the_share_it_promises(percentile: float, n: int) -> None:
    x = np.random.default_rng(n).normal(size=(n, 1)).astype(np.float32)
    clipped = clip_to_percentile(x, percentile)
    moved = int((clipped != x).sum())
    assert moved <= n * (100 - percentile) / 100 + 2
    assert (np.sign(clipped - np.median(x)) * np.sign(x - np.median(x)) >= 0).all()
