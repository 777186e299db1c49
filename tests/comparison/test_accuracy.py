"""The hybrid's accuracy from paired predictions, against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.accuracy import paired_curve, priced_curve, shortfalls
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.lines import entries
from tinykit.comparison.parameters import Values, nominal_values
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.sweep import sweep
from tinykit.comparison.sweep_axis import parse_axis
from tinykit.errors import InputError


def values(**given: object) -> Values:
    scenario = Scenario({key.replace("__", "."): one for key, one in given.items()})  # type: ignore[misc]
    words = scenario.words()
    return nominal_values(resolve(scenario, Catalog.load(), words), words)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 5))
def test_every_point_is_what_counting_gives(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    edge = rng.integers(-128, 128, (n, classes)).astype(np.int8)
    cloud = rng.normal(size=(n, classes))
    labels = rng.integers(0, classes, n)
    curve = paired_curve(edge, cloud, labels)
    ranked = np.sort(edge.astype(int), axis=1)
    margin = ranked[:, -1] - ranked[:, -2]
    for threshold, share, accuracy in zip(curve.threshold, curve.share, curve.accuracy, strict=True):
        goes_up = margin < threshold
        right = np.where(goes_up, cloud.argmax(1), edge.argmax(1)) == labels
        assert share == pytest.approx(goes_up.mean())
        assert accuracy == pytest.approx(right.mean())
    assert curve.accuracy[0] == pytest.approx(curve.edge_accuracy)
    assert curve.accuracy[-1] == pytest.approx(curve.cloud_accuracy)
    assert curve.share[0] == 0 and curve.share[-1] == 1


def test_what_costs_more_and_gives_less_is_off_the_front() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 400)
    truth = np.eye(3)[labels]
    edge, cloud = truth + rng.normal(0, 0.7, (400, 3)), truth + rng.normal(0, 0.2, (400, 3))
    tiers = {"shared": values(edge__inference_j=1e-3)}
    curve = priced_curve(paired_curve(edge, cloud, labels), entries(), tiers, "energy_j")
    assert curve.cost is not None and curve.front is not None
    assert np.all(np.diff(curve.cost) >= 0)
    chosen = curve.accuracy[curve.front]
    assert np.all(np.diff(chosen) > 0)
    assert chosen[-1] == curve.accuracy.max() > curve.edge_accuracy


@pytest.mark.parametrize(
    ("edge", "cloud", "labels"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), np.zeros(3, int)),
        (np.zeros((3, 2)), np.zeros((3, 2)), np.zeros(4, int)),
        (np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, int)),
        (np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(3, int)),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), np.zeros(3, int)),
    ],
)
def test_predictions_that_do_not_pair_are_refused(
    edge: np.ndarray, cloud: np.ndarray, labels: np.ndarray
) -> None:
    with pytest.raises(InputError) as caught:
        paired_curve(edge, cloud, labels)
    assert caught.value.code == "PAIRED"


def test_a_policy_below_the_recall_or_above_the_alarms_falls_short() -> None:
    asked = values(
        service__recall_least=0.9,
        service__false_alarms_per_day_most=2.0,
        edge__recall=0.85,
        edge__false_alarms_per_day=5.0,
        cloud__recall=0.95,
        cloud__false_alarms_per_day=1.0,
    )
    assert len(shortfalls(asked, "edge")) == 2
    assert shortfalls(asked, "cloud") == ()
    assert shortfalls(values(), "edge") == ()


def test_along_an_asked_for_recall_a_policy_stops_being_feasible() -> None:
    scenario = Scenario({"edge.inference_j": 1e-3, "edge.recall": 0.85, "cloud.recall": 0.95})
    (case,) = sweep(scenario, Catalog.load(), [parse_axis("recall_least=0.8,0.9,0.99")]).cases
    assert case.policies["edge"].feasible.tolist() == [True, False, False]
    assert case.policies["cloud"].feasible.tolist() == [True, True, False]
    # The hybrid's recall is not stated: what nobody knows is not good enough.
    assert not case.policies["hybrid"].feasible.any()
