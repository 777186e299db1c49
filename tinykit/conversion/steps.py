"""The steps of a conversion while the child lives: data, child's work, check, evaluation."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from tinykit import __version__
from tinykit.conversion import gate
from tinykit.conversion.calibration import Finding, clip_to_percentile, enforce, judge_calibration
from tinykit.conversion.claims import check_claims
from tinykit.conversion.layers import LayerTable, compare_layers
from tinykit.conversion.loader import model_bytes, sha256_of
from tinykit.conversion.messages import Convert, Converted, Facts, TensorSpec
from tinykit.conversion.pipeline import Request
from tinykit.conversion.report import ConversionReport, DataRecord, FileRecord, Options
from tinykit.conversion.scratch import save_array
from tinykit.conversion.worker import Worker
from tinykit.datasets import Dataset, load_dataset
from tinykit.errors import ModelError, UsageError
from tinykit.graph.reader import parse_model
from tinykit.graph.summary import summarise
from tinykit.metrics import MetricComparison
from tinykit.progress import SILENT, Progress
from tinykit.runtime import choose_runtime

Array = npt.NDArray[Any]


class Conversion:
    """One run; ``run`` gives the report and the bytes of the int8 model."""

    def __init__(self, request: Request, worker: Worker, work: Path, progress: Progress) -> None:
        self._request = request
        self._worker = worker
        self._work = work
        self._progress = progress
        self._findings: list[Finding] = []

    def run(self) -> tuple[ConversionReport, bytes]:
        """All steps in order. Raises what :func:`tinykit.conversion.convert` says, but AccuracyError."""
        request, progress = self._request, self._progress
        progress.start("start TensorFlow and load the model")
        sha256 = sha256_of(request.model)
        # Bad data are refused now, not after the seconds that the child's import takes.
        early = {
            path: self._load(path) for path in (request.calibration, request.evaluation) if _is_file(path)
        }
        facts = self._worker.expect(Facts)
        progress.finish()
        spec = check_facts(facts, evaluates=request.evaluation is not None)
        calibration, evaluation, samples = self._data(spec.shape[1:], early)
        if evaluation is not None:
            gate.check_labels_of(evaluation, request.metric, facts.outputs[0].shape[1:])
        int8, calibrated = self._convert(samples)
        graph = parse_model(int8, request.out.name)
        self._found(*check_claims(graph, request.io, facts.layers))
        accuracy = None if evaluation is None else self._evaluate(int8, evaluation)
        layers = self._layers(calibrated, int8, evaluation or calibration) if request.layers else None
        report = ConversionReport(
            model=FileRecord(request.model.name, sha256, model_bytes(request.model)),
            output=FileRecord(request.out.name, graph.sha256, len(int8)),
            float_bytes=len(calibrated),
            calibration=_record(calibration),
            evaluation=None if evaluation is None else _record(evaluation),
            options=self._options(accuracy),
            versions=_versions(facts),
            summary=summarise(graph, request.out.name),
            findings=tuple(self._findings),
            accuracy=accuracy,
            layers=layers,
        )
        return report, int8

    def _data(
        self, shape: tuple[int | None, ...], early: dict[Path, Dataset]
    ) -> tuple[Dataset, Dataset | None, Array]:
        def fitted(path: Path) -> Dataset:
            data = early.get(path)
            if data is None or data.x.shape[1:] != shape:
                return self._load(path, shape, self._progress)
            for note in data.notes:
                self._progress.warn("DATASET_NOTE", note)
            return data

        calibration = fitted(self._request.calibration)
        evaluation = None if self._request.evaluation is None else fitted(self._request.evaluation)
        found = judge_calibration(calibration, evaluation, shape)
        enforce(found, self._progress)
        self._findings += found
        samples = calibration.real_x()
        percentile = self._request.calibration_percentile
        if percentile is not None:
            clipped = clip_to_percentile(samples, percentile)
            share = float(np.mean(clipped != samples))
            samples = clipped
            self._found(
                Finding(
                    "CALIBRATION_CLIPPED",
                    "warn",
                    f"{share:.2%} of the input values were clipped to {samples.min():.4g} .. "
                    f"{samples.max():.4g} for calibration.",
                    "This reaches the input tensor only; the ranges inside the network follow from it.",
                )
            )
        return calibration, evaluation, samples

    def _load(
        self, path: Path, shape: tuple[int | None, ...] | None = None, progress: Progress = SILENT
    ) -> Dataset:
        reading = self._request.reading
        return load_dataset(
            path,
            input_shape=shape,
            image_scale=None if reading.image_scale is None else _one_or_all(reading.image_scale),
            image_mean=_one_or_all(reading.image_mean),
            label_column=reading.label_column,
            progress=progress,
        )

    def _convert(self, samples: Array) -> tuple[bytes, bytes]:
        files = [self._work / name for name in ("calibration.npy", "int8.tflite", "float.tflite")]
        save_array(files[0], samples)
        self._worker.send(Convert(str(files[0]), self._request.io, str(files[1]), str(files[2])))
        self._worker.expect(Converted)
        self._progress.finish()
        return files[1].read_bytes(), files[2].read_bytes()

    def _evaluate(self, int8: bytes, evaluation: Dataset) -> MetricComparison:
        request = self._request
        comparison = gate.evaluate(
            self._worker,
            choose_runtime(),
            int8,
            evaluation,
            metric=request.metric,
            work=self._work,
            threads=request.threads,
            progress=self._progress,
        )
        if request.max_drop is None:
            doubt = gate.notice(comparison)
        else:
            doubt = gate.judge(comparison, request.max_drop)
        self._found(*([doubt] if doubt else []))
        return comparison

    def _layers(self, calibrated: bytes, int8: bytes, data: Dataset) -> LayerTable:
        return compare_layers(choose_runtime(), calibrated, int8, data.real_x(), self._progress)

    def _found(self, *findings: Finding) -> None:
        for finding in findings:
            self._progress.warn(finding.code, finding.message, finding.hint)
        self._findings += findings

    def _options(self, accuracy: MetricComparison | None) -> Options:
        request = self._request
        return Options(
            io=request.io,
            calibration_percentile=request.calibration_percentile,
            metric=None if accuracy is None else accuracy.name,
            max_drop=request.max_drop,
            image_scale=request.reading.image_scale,
            image_mean=request.reading.image_mean,
            label_column=request.reading.label_column,
        )


def check_facts(facts: Facts, *, evaluates: bool) -> TensorSpec:
    """The model's only input, fit for a fixed batch of 1.

    Raises ModelError: ``SEVERAL_INPUTS``, ``INPUT_DTYPE``, ``FIXED_BATCH``, ``FREE_DIMENSION``; UsageError
    where the accuracy of a model with several outputs is asked for.
    """
    if len(facts.inputs) != 1:
        names = ", ".join(repr(spec.name) for spec in facts.inputs) or "none"
        raise ModelError(
            f"The model has {len(facts.inputs)} inputs ({names}); data sets here have one.",
            hint="join them into one input that the model slices.",
            code="SEVERAL_INPUTS",
        )
    spec = facts.inputs[0]
    if spec.dtype != "float32":
        raise ModelError(
            f"Input {spec.name!r} is {spec.dtype}; float32 inputs can be quantized.",
            hint="begin the model with a float32 input; integers such as token ids are not supported.",
            code="INPUT_DTYPE",
        )
    free = [axis for axis, size in enumerate(spec.shape) if size is None and axis > 0]
    if not spec.shape or free:
        which = f"dimension {free[0]} of shape {spec.shape}" if free else "its shape"
        raise ModelError(
            f"Input {spec.name!r} is not fixed: {which} is free.",
            hint="a board reserves its memory beforehand: build the model with a fixed Input(shape=...).",
            code="FREE_DIMENSION",
        )
    if spec.shape[0] not in (None, 1):
        raise ModelError(
            f"Input {spec.name!r} has a fixed batch of {spec.shape[0]}.",
            hint="build the model with a free batch or one of 1; a board runs one sample at a time.",
            code="FIXED_BATCH",
        )
    if evaluates and len(facts.outputs) != 1:
        raise UsageError(
            f"The model has {len(facts.outputs)} outputs; accuracy is defined for one.",
            hint="convert without --eval, or convert a model with one output.",
        )
    return spec


def _is_file(path: Path | None) -> TypeGuard[Path]:
    """Not a folder: images need the model's shape, and a path that does not exist is refused on loading."""
    return path is not None and not path.is_dir()


def _one_or_all(values: tuple[float, ...]) -> float | tuple[float, ...]:
    return values[0] if len(values) == 1 else values


def _record(data: Dataset) -> DataRecord:
    return DataRecord(Path(data.source).name, data.sha256, len(data), data.notes)


def _versions(facts: Facts) -> tuple[tuple[str, str], ...]:
    runtime = choose_runtime()
    own = {
        "tinykit": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": version("numpy"),
        runtime.name: runtime.version,
    }
    return tuple(sorted({**dict(facts.versions), **own}.items()))
