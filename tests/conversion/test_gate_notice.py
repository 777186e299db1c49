"""A loss that nobody set a limit for is not passed over in silence."""

import numpy as np

from tinykit.conversion.gate import notice
from tinykit.metrics import compare_metric


def comparison(wrong):
    """Top-1 of 200 samples, all right in float, the first ``wrong`` of them wrong in int8."""
    labels = np.arange(200) % 4
    scores = np.eye(4, dtype=np.float32)[labels]
    worse = scores.copy()
    worse[:wrong] = np.roll(worse[:wrong], 1, axis=1)
    return compare_metric("top1", scores, worse, labels)


def test_a_sure_loss_is_named():
    finding = notice(comparison(60))
    assert finding is not None
    assert (finding.code, finding.severity) == ("ACCURACY_LOWER", "warn")
    assert "lost 0.3 " in finding.message


def test_a_loss_that_may_be_chance_is_not():
    assert notice(comparison(1)) is None
    assert notice(comparison(0)) is None
