"""Which metric, and when a verdict is uncertain."""

from __future__ import annotations

import numpy as np
import pytest

from tinykit.conversion.gate import check_labels_of, default_metric, judge
from tinykit.datasets import Dataset
from tinykit.errors import DatasetError
from tinykit.metrics import compare_metric

X = np.zeros((6, 4), np.float32)
LABELS = np.array([0, 1, 0, 1, 1, 0])


@pytest.mark.parametrize(
    ("y", "shape", "metric"),
    [
        (LABELS, (3,), "top1"),
        (LABELS.astype(np.float32), (3,), "top1"),
        (LABELS[:, np.newaxis], (3,), "top1"),
        (np.eye(3)[LABELS], (3,), "top1"),
        (LABELS, (2,), "top1"),
        (LABELS, (1,), "auc"),
        (LABELS, (4,), "auc"),  # the input's shape: an autoencoder
        (LABELS * 3, (1,), "mse"),
        (LABELS + 0.5, (1,), "mse"),
        (np.ones((6, 3)), (3,), "mse"),
        (None, (4,), "mse"),
    ],
)
def test_the_default_metric_follows_the_labels(y, shape: tuple[int, ...], metric: str) -> None:
    assert default_metric(Dataset(X, y, "e.npz", ""), shape) == metric


def test_labels_beyond_the_classes_are_refused() -> None:
    data = Dataset(X, LABELS + 2, "e.npz", "")
    check_labels_of(data, None, (4, 1))
    with pytest.raises(DatasetError, match="label 3"):
        check_labels_of(data, None, (3,))


def test_few_samples_make_the_verdict_uncertain_and_many_do_not() -> None:
    scores = np.eye(2, dtype=np.float32)[np.tile(LABELS, 200)]
    y = np.tile(LABELS, 200)
    few = compare_metric("top1", scores[:60], scores[:60], y[:60])
    finding = judge(few, 0.005)
    assert (
        finding is not None and finding.code == "GATE_UNCERTAIN" and "samples would settle" in finding.message
    )
    assert judge(compare_metric("top1", scores, scores, y), 0.005) is None
