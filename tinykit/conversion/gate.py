"""Accuracy as a gate: the int8 model may lose this much against the float model, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinykit.conversion.calibration import Finding
from tinykit.conversion.messages import Evaluate, Evaluated
from tinykit.conversion.scratch import save_array
from tinykit.conversion.worker import Worker
from tinykit.datasets import Dataset, check_labels
from tinykit.errors import GateError
from tinykit.metrics import MetricComparison, compare_metric, samples_to_settle
from tinykit.progress import Progress
from tinykit.runtime import Runtime, infer

if TYPE_CHECKING:
    from tinykit.conversion.report import ConversionReport

Array = npt.NDArray[Any]


class AccuracyError(GateError):
    """The int8 model lost more than it may. ``report`` has all figures; its file was not written."""

    code = "ACCURACY_DROP"

    def __init__(self, message: str, *, hint: str, report: ConversionReport) -> None:
        super().__init__(message, hint=hint)
        self.report = report


def default_metric(data: Dataset, output_shape: tuple[int, ...]) -> str:
    """The metric that fits ``data.y`` and a model with this output shape (without batch).

    Labels and several scores: ``top1``. Labels 0 and 1, and one score or an autoencoder: ``auc``. All
    else, ``mse``. Labels are whole numbers, one a sample, or one-hot rows.
    """
    y = data.y
    size = int(np.prod(output_shape))
    if y is None:
        return "mse"
    if y.dtype.kind not in "biu" and not np.array_equal(y, np.rint(y)):
        return "mse"
    one_each = y.size == len(y)
    if one_each and (size == 1 or output_shape == data.x.shape[1:]):
        return "auc" if set(np.unique(y)) <= {0, 1} else "mse"
    one_hot = y.shape[1:] == (size,) and set(np.unique(y)) <= {0, 1} and bool((y.sum(axis=1) == 1).all())
    return "top1" if one_each or one_hot else "mse"


def check_labels_of(data: Dataset, metric: str | None, output_shape: tuple[int | None, ...]) -> None:
    """Refuse labels that do not fit before the minutes of a conversion. Raises DatasetError."""
    if None in output_shape:
        return
    shape = tuple(size or 1 for size in output_shape)
    name = metric or default_metric(data, shape)
    if name == "top1":
        check_labels(data, int(np.prod(shape)))
    elif name == "auc":
        check_labels(data, 2)


def evaluate(
    worker: Worker,
    runtime: Runtime,
    model: bytes,
    data: Dataset,
    *,
    metric: str | None,
    work: Path,
    threads: int | None,
    progress: Progress,
) -> MetricComparison:
    """Evaluate the float model in the child and the int8 ``model`` here, at the same time.

    The int8 model runs with the runtime's reference kernels, the same on every machine. Optimized kernels, of
    a PC or of a board, may round an operator's result one step apart, and such steps can add up.
    """
    x = data.real_x()
    samples, outputs = work / "evaluation.npy", work / "float_outputs.npy"
    save_array(samples, x)
    worker.send(Evaluate(str(samples), str(outputs)))
    raw = infer(runtime, model, x, reference=True, workers=threads, progress=progress)
    int8_out = runtime.interpreter(model).outputs[0].dequantize(raw)
    worker.expect(Evaluated)
    float_out = np.load(outputs, allow_pickle=False)
    progress.finish()
    name = metric or default_metric(data, int8_out.shape[1:])
    return compare_metric(name, float_out, int8_out, data.y, x)


def notice(comparison: MetricComparison) -> Finding | None:
    """A warning where int8 is surely worse and no limit was given that would have said so."""
    low, high = comparison.drop_interval95
    if low <= 0.0:
        return None
    return Finding(
        "ACCURACY_LOWER",
        "warn",
        f"int8 is worse than float: {comparison.name} lost {comparison.drop.value:.4g} "
        f"(95 % interval {low:+.4g} to {high:+.4g}), and no limit was set.",
        "Set one with --max-drop; --layers shows where the error starts.",
    )


def judge(comparison: MetricComparison, max_drop: float) -> Finding | None:
    """A warning where the evaluation set is too small to be sure of the verdict."""
    if not comparison.spans(max_drop):
        return None
    low, high = comparison.drop_interval95
    needed = samples_to_settle(comparison, max_drop)
    enough = (
        f"about {needed:,} samples would settle it if the drop stays what it is"
        if needed
        else "the drop is at the limit itself"
    )
    return Finding(
        "GATE_UNCERTAIN",
        "warn",
        f"The drop's 95 % interval, {low:+.4g} to {high:+.4g}, spans the limit {max_drop:g}: {enough}; "
        f"there are {comparison.n:,}.",
        "The point value decided. Give more evaluation data to be sure.",
    )
