"""``convert``: the whole way from a float model to a checked int8 file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinykit.conversion.loader import find_loader
from tinykit.conversion.output import check_place, remove_stale, sidecar_of, write_whole
from tinykit.conversion.scratch import work_folder
from tinykit.conversion.worker import Worker
from tinykit.errors import MissingExtraError, UsageError
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.conversion.report import ConversionReport

IO_TYPES = ("int8", "uint8", "float32")
DEFAULT_TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class DataOptions:
    """How data sets are read, see :func:`tinykit.datasets.load_dataset`; one number, or one a channel."""

    image_scale: tuple[float, ...] | None = None
    image_mean: tuple[float, ...] = (0.0,)
    label_column: str | None = None

    def check(self, data: Sequence[Path]) -> None:
        """Raise UsageError where an option was given that none of the ``data`` sets heeds."""
        if self != DataOptions(label_column=self.label_column) and not any(path.is_dir() for path in data):
            raise UsageError(
                "Scale and mean are for folders of images, and no data set is one.",
                hint="scale the numbers before saving them, as for training.",
            )
        if self.label_column is not None and not any(path.suffix.lower() == ".csv" for path in data):
            raise UsageError(
                "A label column is for .csv files, and no data set is one.", hint="leave --label-column out."
            )


@dataclass(frozen=True)
class Request:
    """Everything that :func:`convert` was asked for, in one piece."""

    model: Path
    out: Path
    calibration: Path
    evaluation: Path | None
    metric: str | None
    max_drop: float | None
    io: str
    calibration_percentile: float | None
    layers: bool
    reading: DataOptions
    threads: int | None

    @property
    def reads(self) -> tuple[Path, ...]:
        """Every file or folder that is read."""
        return tuple(path for path in (self.model, self.calibration, self.evaluation) if path is not None)

    def check(self) -> None:
        """Raise UsageError for what cannot be asked together, before anything is read."""
        if self.max_drop is not None and math.isnan(self.max_drop):
            raise UsageError("A limit of nan decides nothing.", hint="give a number, such as 0.005.")
        self.reading.check(self.reads[1:])
        if self.io not in IO_TYPES:
            raise UsageError(f"There is no io {self.io!r}.", hint=f"choose one of: {', '.join(IO_TYPES)}.")
        if self.evaluation is None and (self.max_drop is not None or self.metric is not None):
            raise UsageError(
                "A limit or a metric of accuracy needs data to evaluate on.",
                hint="give them with --eval DATA.",
            )
        if self.metric is not None:
            from tinykit.metrics import METRICS

            if self.metric not in METRICS:
                names = ", ".join(METRICS)
                raise UsageError(f"There is no metric {self.metric!r}.", hint=f"choose one of: {names}.")
        percentile = self.calibration_percentile
        if percentile is not None and not 50.0 <= percentile <= 100.0:
            raise UsageError(
                f"A calibration percentile of {percentile} makes no sense.",
                hint="give the share of values to keep, 50 to 100; 99.9 is usual.",
            )


def convert(  # noqa: PLR0913 (each is an option of the command)
    model: Path | str,
    out: Path | str,
    *,
    calibration: Path | str,
    evaluation: Path | str | None = None,
    metric: str | None = None,
    max_drop: float | None = None,
    io: str = "int8",
    calibration_percentile: float | None = None,
    layers: bool = False,
    reading: DataOptions = DataOptions(),
    timeout_s: float | None = DEFAULT_TIMEOUT_S,
    memory_limit_bytes: int | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> ConversionReport:
    """Convert ``model`` (.keras, .h5, SavedModel folder) to full-integer int8; write ``out`` and its .json.

    ``calibration`` and ``evaluation`` are data sets for :func:`tinykit.datasets.load_dataset`. With
    ``evaluation``, float and int8 model are compared by ``metric`` (``top1``, ``auc``, ``mse``; None: what
    fits, see :func:`tinykit.conversion.gate.default_metric`), and a drop above ``max_drop`` (a share, 0.005
    is half a point; for mse the relative rise) raises AccuracyError and removes ``out`` if it is there.
    ``calibration_percentile`` clips the input that the calibrator sees. ``layers`` adds a per-layer table.
    TensorFlow runs in a child process, which ``timeout_s`` and ``memory_limit_bytes`` (its resident set;
    read from /proc on Linux, from ``ps`` on macOS, not enforced on Windows) end. ``threads`` run the int8
    evaluation (None: one a core).

    Raises UsageError, ModelError, DatasetError, ConversionError, OutputError, AccuracyError (a GateError).
    ``out`` is written whole or not at all, the .json after it.
    """
    request = Request(
        model=Path(model),
        out=Path(out),
        calibration=Path(calibration),
        evaluation=None if evaluation is None else Path(evaluation),
        metric=metric,
        max_drop=max_drop,
        io=io,
        calibration_percentile=calibration_percentile,
        layers=layers,
        reading=reading,
        threads=threads,
    )
    request.check()
    loader_name = find_loader(request.model)
    check_place(request.out, request.reads)
    _need_tensorflow()
    with work_folder() as work:
        worker = Worker(
            request.model,
            loader_name,
            work,
            progress=progress,
            timeout_s=timeout_s,
            memory_limit_bytes=memory_limit_bytes,
        )
        with worker:
            # Everything from here on, imports of NumPy included, happens while the child imports TensorFlow.
            from tinykit.conversion.steps import Conversion

            conversion = Conversion(request, worker, work, progress)
            report, model_bytes = conversion.run()
    if report.passed is False:
        _refuse(request, report)
    write_whole(request.out, {request.out: model_bytes, sidecar_of(request.out): report.to_json()})
    return report


def _refuse(request: Request, report: ConversionReport) -> None:
    from tinykit.conversion.gate import AccuracyError

    assert report.accuracy is not None
    gone = remove_stale(request.out)
    accuracy = report.accuracy
    names = " and ".join(str(path) for path in reversed(gone))
    removed = f" {names} of an earlier run {'was' if len(gone) == 1 else 'were'} removed." if gone else ""
    kind = "relative rise" if accuracy.drop_is_relative else "drop"
    raise AccuracyError(
        f"{accuracy.name}: a {kind} of {accuracy.drop.value:.4g} is more than the {request.max_drop:g} "
        f"allowed; {request.out} was not written.{removed}",
        hint="--layers shows where the error starts. Try more typical calibration data, or "
        "--calibration-percentile 99.9 against outliers.",
        report=report,
    )


def _need_tensorflow() -> None:
    from importlib.util import find_spec

    if find_spec("tensorflow") is None:
        raise MissingExtraError("TensorFlow", "convert")
    if find_spec("ai_edge_litert") is None:
        raise MissingExtraError("A TensorFlow Lite runtime", "runtime")
