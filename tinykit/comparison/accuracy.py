"""Accuracy is a constraint, not a divisor: which policies are good enough, and what each share sent up buys.

The hybrid's accuracy is taken from *paired* predictions: both models on the same samples. A sample whose edge
prediction is not sure enough goes to the cloud, and the cloud's prediction counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.comparison.break_even import cheapest
from tinykit.comparison.flow import Policy
from tinykit.comparison.ledger import Column, Entry
from tinykit.comparison.limits import accuracy_limits, broken
from tinykit.comparison.parameters import Array, Values
from tinykit.errors import InputError

Scores = npt.NDArray[np.floating] | npt.NDArray[np.integer]


@dataclass(frozen=True)
class Curve:
    """One point a threshold, rising in ``share``: what goes up, and how often the hybrid is right.

    ``threshold`` is the edge's margin (best score less the second best, in the scores' own unit) below which
    a sample goes up. ``cost`` is per device-day in the searched column; ``front`` marks the points that no
    other beats in both. Arrays of shape (points,).
    """

    threshold: Array
    share: Array
    accuracy: Array
    samples: int
    edge_accuracy: float
    cloud_accuracy: float
    cost: Array | None = None
    front: npt.NDArray[np.bool_] | None = None


def paired_curve(edge: Scores, cloud: Scores, labels: npt.NDArray[np.integer]) -> Curve:
    """Every threshold that changes anything, from nothing sent up to everything.

    ``edge`` and ``cloud`` are scores of shape (samples, classes), ``labels`` of shape (samples,). Raises
    InputError (PAIRED) where they are not of the same samples and classes.
    """
    n = len(labels)
    if edge.ndim != 2 or edge.shape != cloud.shape or len(edge) != n or n == 0 or edge.shape[1] < 2:
        raise InputError(
            f"The predictions do not pair: edge {edge.shape}, cloud {cloud.shape}, labels {labels.shape}.",
            hint="both models must have scored the same samples, in the same order, into the same classes.",
            code="PAIRED",
        )
    for name, scores in (("edge", edge), ("cloud", cloud)):
        if not np.isfinite(scores).all():
            raise InputError(
                f"The {name}'s scores hold NaN or infinity.", hint="run that model again.", code="PAIRED"
            )
    wide = edge.astype(np.float64)
    top = np.sort(wide, axis=1)
    margin = top[:, -1] - top[:, -2]
    edge_right = edge.argmax(axis=1) == labels
    cloud_right = cloud.argmax(axis=1) == labels
    order = np.argsort(margin, kind="stable")
    # After k samples gone up: the cloud's verdict on those k, the edge's on the others.
    up = np.concatenate(([0], np.cumsum(cloud_right[order])))
    kept = edge_right.sum() - np.concatenate(([0], np.cumsum(edge_right[order])))
    sorted_margin = margin[order]
    # Samples of one margin go up together.
    last = np.concatenate(([True], sorted_margin[1:] != sorted_margin[:-1], [True]))
    at = np.flatnonzero(last)
    threshold = np.append(sorted_margin, np.inf)[at]
    return Curve(
        threshold,
        at / n,
        (up + kept)[at] / n,
        n,
        float(edge_right.mean()),
        float(cloud_right.mean()),
    )


def priced_curve(
    curve: Curve, entries: Sequence[Entry], tiers: Mapping[str, Values], column: Column
) -> Curve:
    """The curve with what each share costs, each point with its best hand, and its front."""
    swept = {tier: values.with_arrays({"hybrid.share": curve.share}) for tier, values in tiers.items()}
    cost = np.broadcast_to(cheapest(entries, swept, "hybrid", column), curve.share.shape)
    return Curve(**{**vars(curve), "cost": cost, "front": _front(cost, curve.accuracy)})


def shortfalls(values: Values, policy: Policy) -> tuple[str, ...]:
    """Why ``policy`` is not good enough, in words; empty where it is, or where nothing is asked or known."""
    return broken(accuracy_limits(values, policy))


def _front(cost: Array, accuracy: Array) -> npt.NDArray[np.bool_]:
    """Points that no other point beats: by rising cost, those of a new best accuracy."""
    front = np.zeros(len(cost), bool)
    best = -np.inf
    for k in np.lexsort((-accuracy, cost)):
        if np.isfinite(cost[k]) and accuracy[k] > best:
            front[k], best = True, accuracy[k]
    return front
