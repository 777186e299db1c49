"""Conversions of real models, with the real TensorFlow in its child process."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinykit.conversion import convert
from tinykit.conversion.gate import AccuracyError
from tinykit.conversion.report import ConversionReport
from tinykit.errors import ConversionError, ModelError, TinykitError, UsageError
from tinykit.graph.reader import read_model
from tinykit.runtime import choose_runtime, infer

Convert = Callable[..., ConversionReport]


class Said:
    """A Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.steps = 0
        self.codes: list[str] = []

    def start(self, stage: str, total: int | None = None) -> None:
        self.stages.append(stage)

    def advance(self, steps: int = 1) -> None:
        self.steps += steps

    def finish(self, note: str = "") -> None: ...

    def warn(self, code: str, message: str, hint: str = "") -> None:
        self.codes.append(code)


@pytest.fixture(scope="module")
def converted(
    zoo: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ConversionReport, Path, Said]:
    out = tmp_path_factory.mktemp("converted") / "cnn.tflite"
    said = Said()
    report = convert(
        zoo / "cnn.keras",
        out,
        calibration=data / "calibration.npz",
        evaluation=data / "eval.npz",
        max_drop=0.02,
        layers=True,
        progress=said,
    )
    return report, out, said


def test_the_file_is_integer_from_end_to_end(converted: tuple[ConversionReport, Path, Said]) -> None:
    _, out, _ = converted
    main = read_model(out).main
    assert Counter(op.name for op in main.operators) == Counter(
        CONV_2D=1, RESHAPE=1, FULLY_CONNECTED=1, SOFTMAX=1
    )
    used = {i for op in main.operators for i in (*op.inputs, *op.outputs)}
    assert {main.tensor(i).dtype for i in used} == {"int8", "int32"}
    assert [main.tensor(i).shape for i in (*main.inputs, *main.outputs)] == [(1, 8, 8, 1), (1, 3)]


def test_accuracy_is_that_of_both_models(converted: tuple[ConversionReport, Path, Said], data: Path) -> None:
    report, out, _ = converted
    with np.load(data / "eval.npz") as loaded:
        x, y = loaded["x"], loaded["y"]
    int8 = infer(choose_runtime(), out.read_bytes(), x)
    accuracy = report.accuracy
    assert accuracy is not None and accuracy.name == "top1" and accuracy.n == len(y)
    assert accuracy.int8_metric.value == pytest.approx(np.mean(int8.argmax(axis=1) == y))
    # Trained until it knows its task: an evaluation that mixed up samples or classes would show here.
    assert accuracy.float_metric.value > 0.95
    assert abs(accuracy.drop.value) < 0.02 and report.passed is True


def test_the_report_beside_it_vouches_for_the_file(
    converted: tuple[ConversionReport, Path, Said], zoo: Path, data: Path
) -> None:
    report, out, _ = converted
    document = json.loads(out.with_suffix(".json").read_text())
    assert document == json.loads(report.to_json())
    for key, path in (
        ("output", out),
        ("model", zoo / "cnn.keras"),
        ("calibration", data / "calibration.npz"),
    ):
        assert document[key]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document["output"]["size_bytes"] == out.stat().st_size < document["float_bytes"]
    assert {"tinykit", "tensorflow", "keras", "numpy", "python"} <= document["versions"].keys()
    assert document["needs"]["macs"] == 8 * 8 * 9 * 4 + 8 * 8 * 4 * 3
    assert str(out.parent) not in json.dumps(document)


def test_layers_are_compared_worst_first(converted: tuple[ConversionReport, Path, Said]) -> None:
    report, _, _ = converted
    assert report.layers is not None and report.layers.unmatched == ()
    by_operator = {layer.operator: layer for layer in report.layers.layers}
    assert by_operator.keys() == {"CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"}
    noise = [layer.sqnr_db for layer in report.layers.layers]
    assert noise == sorted(noise)
    assert noise[0] > 25
    assert by_operator["CONV_2D"].seen[0] == 0.0
    assert by_operator["CONV_2D"].representable[1] >= 0.9 * by_operator["CONV_2D"].seen[1]
    # RESHAPE moves values and changes none.
    assert by_operator["RESHAPE"].sqnr_db == by_operator["CONV_2D"].sqnr_db


def test_progress_is_reported(converted: tuple[ConversionReport, Path, Said]) -> None:
    _, _, said = converted
    assert {"calibrate", "quantize", "evaluate float model", "compare layers"} <= set(said.stages)
    assert said.steps >= 120 + 400 + 400


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn.h5", "cnn_saved"])
def test_other_formats_give_the_same_network(
    converted: tuple[ConversionReport, Path, Said], zoo: Path, data: Path, tmp_path: Path, name: str
) -> None:
    _, out, _ = converted
    convert(zoo / name, tmp_path / "m.tflite", calibration=data / "calibration.npz")
    x = np.load(data / "eval.npz")["x"][:50]
    runtime = choose_runtime()
    same = infer(runtime, (tmp_path / "m.tflite").read_bytes(), x)
    np.testing.assert_array_equal(same, infer(runtime, out.read_bytes(), x))


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes(
    converted: tuple[ConversionReport, Path, Said], zoo: Path, data: Path, tmp_path: Path
) -> None:
    _, out, _ = converted
    again = tmp_path / out.name
    convert(
        zoo / "cnn.keras",
        again,
        calibration=data / "calibration.npz",
        evaluation=data / "eval.npz",
        max_drop=0.02,
        layers=True,
        threads=1,
    )
    assert again.read_bytes() == out.read_bytes()
    assert again.with_suffix(".json").read_bytes() == out.with_suffix(".json").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "samples"), [("bidirectional_unrolled", "normal_5x4"), ("residual", "normal_8x8x2")]
)
def test_bytes_do_not_depend_on_where_the_heap_lies(
    zoo: Path, data: Path, tmp_path: Path, name: str, samples: str
) -> None:
    for i in range(4):
        convert(zoo / f"{name}.keras", tmp_path / f"{i}.tflite", calibration=data / f"{samples}.npz")
    assert len({(tmp_path / f"{i}.tflite").read_bytes() for i in range(4)}) == 1


@pytest.mark.slow
def test_an_unrolled_lstm_becomes_integer(zoo: Path, data: Path, tmp_path: Path) -> None:
    report = convert(zoo / "lstm_unrolled.keras", tmp_path / "m.tflite", calibration=data / "normal_6x4.npz")
    assert report.summary.float_layers == ()
    assert {tensor.dtype for tensor in (*report.summary.inputs, *report.summary.outputs)} == {"int8"}
    assert len(report.summary.outputs) == 1


def _refused(
    zoo: Path, data: Path, tmp_path: Path, model: str, samples: str, **options: object
) -> TinykitError:
    out = tmp_path / "out" / "m.tflite"
    out.parent.mkdir()
    with pytest.raises(TinykitError) as caught:
        convert(zoo / model, out, calibration=data / f"{samples}.npz", **options)  # type: ignore[arg-type]
    assert list(out.parent.iterdir()) == []
    assert caught.value.exit_code == 3
    return caught.value


@pytest.mark.slow
def test_the_crash_of_an_lstm_names_the_layer_and_the_way_out(zoo: Path, data: Path, tmp_path: Path) -> None:
    error = _refused(zoo, data, tmp_path, "lstm.keras", "normal_6x4")
    assert isinstance(error, ConversionError) and error.code == "RECURRENT_LAYER"
    assert "'memory' (LSTM)" in error.message and "unroll=True" in error.hint
    log = Path(error.hint.rpartition("log: ")[2])
    assert log.stat().st_size > 0
    log.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gru.keras", "lstm_saved"])
def test_other_loops_are_named_too(zoo: Path, data: Path, tmp_path: Path, model: str) -> None:
    error = _refused(zoo, data, tmp_path, model, "normal_6x4")
    assert error.code == "RECURRENT_LAYER" and "GRU" in error.hint + error.message


def test_an_operator_without_int8_version_is_named(zoo: Path, data: Path, tmp_path: Path) -> None:
    error = _refused(zoo, data, tmp_path, "sine.keras", "normal_8")
    assert isinstance(error, ConversionError) and error.code == "UNSUPPORTED_OPERATOR"
    assert "SIN" in error.message and "QUANTIZE" not in error.message


@pytest.mark.slow
def test_an_operator_that_is_not_built_in_is_named(zoo: Path, data: Path, tmp_path: Path) -> None:
    error = _refused(zoo, data, tmp_path, "erf.keras", "normal_8")
    assert error.code == "UNSUPPORTED_OPERATOR" and "Erf" in error.message


@pytest.mark.slow
def test_a_batch_normalization_that_does_not_fold_is_named(zoo: Path, data: Path, tmp_path: Path) -> None:
    report = convert(zoo / "conv_relu_bn.keras", tmp_path / "m.tflite", calibration=data / "calibration.npz")
    (finding,) = report.findings
    assert finding.code == "UNFOLDED_AFTER_CONVOLUTION"
    assert "convolution → ReLU → batch normalization" in finding.message


@pytest.mark.parametrize(
    ("io", "ends"),
    [
        ("float32", ["QUANTIZE", "DEQUANTIZE"]),
        pytest.param("uint8", ["QUANTIZE", "QUANTIZE"], marks=pytest.mark.slow),
    ],
)
def test_io_changes_the_ends_only(zoo: Path, data: Path, tmp_path: Path, io: str, ends: list[str]) -> None:
    report = convert(
        zoo / "lstm_unrolled.keras", tmp_path / "m.tflite", calibration=data / "normal_6x4.npz", io=io
    )
    main = read_model(tmp_path / "m.tflite").main
    assert [main.tensor(i).dtype for i in (*main.inputs, *main.outputs)] == [io, io]
    assert [main.operators[0].name, main.operators[-1].name] == ends
    assert sum(layer.arithmetic == "float" for layer in report.summary.layers) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "samples", "code"),
    [
        ("several_inputs.keras", "normal_4", "SEVERAL_INPUTS"),
        ("free_dimension.keras", "normal_6x4", "FREE_DIMENSION"),
        ("integer_input.keras", "normal_4", "INPUT_DTYPE"),
        ("batch_of_four.keras", "normal_8", "FIXED_BATCH"),
        ("reads_a_file", "normal_4", "UNSAFE_OPERATION"),
    ],
)
def test_models_that_do_not_fit_a_board_are_refused(
    zoo: Path, data: Path, tmp_path: Path, model: str, samples: str, code: str
) -> None:
    error = _refused(zoo, data, tmp_path, model, samples)
    assert isinstance(error, ModelError) and error.code == code


@pytest.mark.slow
def test_files_of_keras_2_work_or_are_named(zoo: Path, data: Path, tmp_path: Path) -> None:
    report = convert(zoo / "keras_2.h5", tmp_path / "m.tflite", calibration=data / "calibration.npz")
    assert "DEPTHWISE_CONV_2D" in {op.name for op in report.summary.operators}
    error = _refused(zoo, data, tmp_path, "keras_2_unknown.h5", "calibration")
    assert error.code == "KERAS_2_MODEL" and "2.15.0" in error.message and "saved_model" in error.hint


@pytest.mark.slow
def test_reshapes_leave_no_shape_arithmetic(zoo: Path, data: Path, tmp_path: Path) -> None:
    report = convert(zoo / "reads_batch.keras", tmp_path / "m.tflite", calibration=data / "normal_8.npz")
    assert {op.name for op in report.summary.operators} <= {"FULLY_CONNECTED", "RESHAPE"}


@pytest.mark.slow
def test_a_failed_gate_leaves_no_file_of_an_earlier_run(zoo: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.tflite"
    out.write_bytes(b"earlier")
    out.with_suffix(".json").write_text(json.dumps({"schema": "tinykit.conversion"}))
    with pytest.raises(AccuracyError, match=r"were removed") as caught:
        convert(
            zoo / "cnn.keras",
            out,
            calibration=data / "calibration.npz",
            evaluation=data / "eval.npz",
            max_drop=-1.0,
        )
    assert list(tmp_path.iterdir()) == []
    assert caught.value.exit_code == 4
    assert caught.value.report.passed is False and caught.value.report.accuracy is not None


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["auc", "mse"])
def test_an_autoencoder_is_judged(zoo: Path, tmp_path: Path, metric: str) -> None:
    rng = np.random.default_rng(5)
    y = np.arange(200) % 2
    x = (rng.normal(size=(200, 8)) + 0.8 * y[:, np.newaxis]).astype(np.float32)
    np.savez(tmp_path / "e.npz", x=x, y=y)
    np.savez(tmp_path / "c.npz", x=rng.normal(size=(150, 8)).astype(np.float32))
    options = {} if metric == "auc" else {"metric": metric}
    report = convert(
        zoo / "autoencoder.keras",
        tmp_path / "m.tflite",
        calibration=tmp_path / "c.npz",
        evaluation=tmp_path / "e.npz",
        max_drop=0.1,
        **options,
    )
    assert report.accuracy is not None and report.accuracy.name == metric
    assert report.accuracy.drop_is_relative is (metric == "mse")


@pytest.mark.slow
def test_clipping_narrows_the_input_and_says_so(zoo: Path, data: Path, tmp_path: Path) -> None:
    x = np.load(data / "calibration.npz")["x"]
    x[0, 0, 0, 0] = 40.0
    np.savez(tmp_path / "c.npz", x=x)
    scales = []
    for percentile in (None, 99.8):
        report = convert(
            zoo / "cnn.keras",
            tmp_path / "m.tflite",
            calibration=tmp_path / "c.npz",
            calibration_percentile=percentile,
        )
        scales.append(report.summary.inputs[0].scale)
    assert "CALIBRATION_CLIPPED" in [finding.code for finding in report.findings]
    assert scales[1] < scales[0] / 10


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"max_drop": 0.1}, "--eval"),
        ({"metric": "top1"}, "--eval"),
        ({"io": "int4"}, "int8"),
        ({"calibration_percentile": 3.0}, "50 to 100"),
        ({"metric": "f1", "evaluation": "x.npz"}, "top1"),
        ({"out": "m.json"}, "-o NAME.tflite"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    zoo: Path, tmp_path: Path, options: dict[str, object], word: str
) -> None:
    out = tmp_path / str(options.pop("out", "m.tflite"))
    with pytest.raises(UsageError) as caught:
        convert(zoo / "cnn.keras", out, calibration="c.npz", **options)  # type: ignore[arg-type]
    assert word in caught.value.hint
