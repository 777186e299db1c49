"""How right a target is on a labelled set, from the outputs that it gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.conversion.gate import default_metric
from tinykit.datasets import Dataset, check_labels
from tinykit.metrics import Metric, compare_metric
from tinykit.running.result import Array, RunResult, TensorSpec

_MOST_CLASSES = 64


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The metric, and sample by sample what the target said.

    ``confidences`` are the real value of the class that was named, or the one score that there is.
    ``predicted`` and ``confusion`` (rows: labels, columns: predicted) are None where there are no classes.
    """

    data: Dataset
    metric: Metric
    confidences: Array
    predicted: Array | None
    confusion: Array | None

    def to_dict(self) -> dict[str, object]:
        """For JSON; what is said sample by sample goes to a file."""
        return {
            "data": self.data.source,
            "data_sha256": self.data.sha256,
            "metric": self.metric.to_dict(),
            "confusion": None if self.confusion is None else self.confusion.tolist(),
        }

    def arrays(self) -> dict[str, Array]:
        """What goes beside the outputs into a file."""
        found = {"confidences": self.confidences, "labels": self.data.y, "predicted": self.predicted}
        return {name: array for name, array in found.items() if array is not None}


def evaluate(
    data: Dataset, inputs: tuple[Array, TensorSpec], result: RunResult, spec: TensorSpec, metric: str | None
) -> Evaluation:
    """Judge output 0 of ``result``; ``inputs`` are the stored values that went in, for an error of its own.

    ``metric`` is ``top1``, ``auc`` or ``mse``; None takes the one that fits. Raises DatasetError.
    """
    raw = result.outputs[0]
    real = np.asarray(raw, np.float32) if result.outputs_are_real else spec.real(raw)
    stored, input_spec = inputs
    x = input_spec.real(stored)
    shown = Dataset(x, data.y, data.source, data.sha256, data.class_names)
    name = metric or default_metric(shown, real.shape[1:])
    # A comparison of the target with itself: its second half is the metric of one model.
    found = compare_metric(name, real, real, data.y, x).int8_metric
    flat = real.reshape(len(real), -1)
    if flat.shape[1] < 2 or name == "mse":
        scores = flat[:, 0] if flat.shape[1] == 1 else np.mean(np.square(flat - _target(data, x)), axis=1)
        return Evaluation(data, found, scores, None, None)
    predicted = flat.argmax(axis=1).astype(np.int64)
    confidences = flat[np.arange(len(flat)), predicted]
    return Evaluation(data, found, confidences, predicted, _confusion(shown, predicted, flat.shape[1]))


def require_judgeable(
    data: Dataset, inputs: tuple[Array, TensorSpec], spec: TensorSpec, metric: str | None
) -> None:
    """Refuse labels that do not fit output 0 before the work of a run. Raises what `evaluate` raises."""
    stored, input_spec = inputs
    x = input_spec.real(stored)
    said = np.zeros((len(x), *spec.row_shape), np.float32)
    shown = Dataset(x, data.y, data.source, data.sha256, data.class_names)
    compare_metric(metric or default_metric(shown, spec.row_shape), said, said, data.y, x)


def _target(data: Dataset, x: Array) -> npt.NDArray[np.float64]:
    y = data.y
    return np.asarray(x if y is None or y.size == len(x) else y, np.float64).reshape(len(x), -1)


def _confusion(data: Dataset, predicted: npt.NDArray[np.int64], classes: int) -> Array | None:
    if data.y is None or classes > _MOST_CLASSES:
        return None
    labels = check_labels(data, classes)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts
