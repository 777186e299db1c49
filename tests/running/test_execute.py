"""A model file in, checked outputs and counts out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.errors import DatasetError, GateError, InputError, OutputError
from tinykit.running.check import Check, compare, require_equal
from tinykit.running.execute import RunOptions, RunReport, run_model
from tinykit.running.outputs import write_arrays
from tinykit.running.workload import read_workload


def run(model: Path, on: str, *, toolchain: str = "zig", **words) -> RunReport:
    return run_model(model, on, options=RunOptions(**words), toolchain=toolchain)


@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
def test_digits_is_exact_on_both_boards(digits, board: str) -> None:
    report = run(digits.tflite, board, inputs=digits.eval, limit=20, check=True)
    assert report.check.state == "equal", report.check.note
    assert report.check.bytes_compared == 20 * 10
    result = report.result
    assert len(result.counts.instructions) == 20
    assert result.outputs[0].shape == (20, 10)
    per_layer = sum(layer.instructions for layer in result.layers)
    assert per_layer == pytest.approx(result.counts.mean_instructions)
    assert 0 < result.counts.stack_bytes < report.build.board.stack_bytes
    ram = report.build.size.ram
    assert report.ram_bytes == ram.arena + ram.state + ram.wire + ram.statics + result.counts.stack_bytes


def test_both_compilers_give_the_same_bytes(digits, require) -> None:
    require("arm-none-eabi-gcc")
    zig, gcc = (
        run(digits.tflite, "virtual-m4", inputs=digits.eval, limit=5, toolchain=name)
        for name in ("zig", "gcc")
    )
    assert (zig.result.outputs[0] == gcc.result.outputs[0]).all()
    assert zig.build.image.sha256 != gcc.build.image.sha256


def test_without_data_one_seeded_inference_runs(digits) -> None:
    first, second = (run(digits.tflite, "virtual-m4", check=True) for _ in range(2))
    assert first.samples.source == "random, seed 0"
    assert first.check.state == "equal"
    assert first.result.counts.instructions == second.result.counts.instructions
    assert (first.result.outputs[0] == second.result.outputs[0]).all()
    assert first.build.image.sha256 == second.build.image.sha256


def test_a_stream_keeps_its_state(wakeword_models: tuple[Path, ...]) -> None:
    report = run(wakeword_models[0], "virtual-m4", check=True)
    assert report.check.state == "equal", report.check.note


def test_twenty_steps_of_a_stream_are_exact(wakeword_models: tuple[Path, ...], tmp_path: Path) -> None:
    from tinykit.graph.reader import read_model

    graph = read_model(wakeword_models[0])
    shape = graph.main.tensors[graph.main.inputs[0]].shape
    steps = np.random.default_rng(3).integers(-128, 128, (20, *shape[1:])).astype(np.int8)
    np.save(tmp_path / "steps.npy", steps)
    report = run(wakeword_models[0], "virtual-m4", inputs=tmp_path / "steps.npy", check=True)
    assert report.check.state == "equal", report.check.note
    assert report.check.bytes_compared == 20


def test_a_difference_is_found_where_it_is(digits) -> None:
    report = run(digits.tflite, "virtual-m4", inputs=digits.eval, limit=3)
    assert report.check.state == "not_asked"
    model, arrays = read_workload(digits.tflite).model, report.samples.arrays
    assert compare(model, arrays, report.result).state == "equal"
    report.result.outputs[0][1, 4] ^= 1
    check = compare(model, arrays, report.result)
    assert (check.state, check.bytes_different, check.bytes_compared) == ("different", 1, 30)
    assert "byte 14" in check.note
    assert compare(model, arrays, report.result, tolerance_lsb=1).state == "within"
    with pytest.raises(GateError) as caught:
        require_equal(check)
    assert caught.value.code == "CHECK_DIFFERENT"


def test_another_runtime_is_no_reference(digits, monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(digits.tflite, "virtual-m4")
    monkeypatch.setattr("tinykit.runtime.choose.ORACLE_VERSION", "0.0")
    check = compare(read_workload(digits.tflite).model, report.samples.arrays, report.result)
    assert check.state == "not_run"
    with pytest.raises(GateError) as caught:
        require_equal(check)
    assert caught.value.code == "ORACLE_VERSION"
    require_equal(Check("equal"))


def test_wrong_data_are_refused_before_anything_is_built(
    digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykit.running.workload.build_model", lambda *a, **k: pytest.fail("it was built"))
    np.save(tmp_path / "none.npy", np.zeros((0, 8, 8, 1), np.int8))
    np.save(tmp_path / "shape.npy", np.zeros((2, 5), np.int8))
    for name in ("none.npy", "shape.npy", "absent.npy"):
        with pytest.raises(InputError):
            run(digits.tflite, "virtual-m4", inputs=tmp_path / name)


def test_outputs_are_written_whole(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.int8).reshape(2, 3)
    write_arrays({"output_0": array}, tmp_path / "y.npz")
    assert (np.load(tmp_path / "y.npz")["output_0"] == array).all()
    assert [path.name for path in tmp_path.iterdir()] == ["y.npz"]
    with pytest.raises(OutputError):
        write_arrays({}, tmp_path / "none" / "y.npz")
    (tmp_path / "plain").touch()
    assert (tmp_path / "y.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_cannot_be_kept_or_judged_is_refused_before_the_run(
    digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykit.running.execute.collect", lambda *a, **k: pytest.fail("it ran"))
    np.save(tmp_path / "x.npy", np.zeros((3, 8, 8, 1), np.float32))
    np.savez(tmp_path / "far.npz", x=np.zeros((3, 8, 8, 1), np.float32), y=np.array([1, 2, 10]))
    for name in ("x.npy", "far.npz"):
        with pytest.raises(DatasetError):
            run(digits.tflite, "host", labelled=tmp_path / name)
    with pytest.raises(OutputError, match="no folder"):
        run(digits.tflite, "host", output=tmp_path / "none" / "y.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_input_that_is_no_number_is_refused(tmp_path: Path, digits, value: float) -> None:
    samples = np.zeros((3, 8, 8, 1), np.float32)
    samples[2, 1, 1, 0] = value
    np.save(tmp_path / "x.npy", samples)
    with pytest.raises(InputError, match="sample 2") as caught:
        run(digits.tflite, "virtual-m4", inputs=tmp_path / "x.npy")
    assert caught.value.code == "INPUT_NOT_FINITE"


def test_real_values_are_rounded_as_everywhere_else(tmp_path: Path, digits) -> None:
    """Halves go away from zero, as LiteRT's QUANTIZE has them: the same samples give the same bytes."""
    from tinykit.runtime import choose_runtime

    info = choose_runtime().interpreter(digits.tflite.read_bytes()).inputs[0]
    halves = (np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1) + np.float32(0.5)) * np.float32(info.scale)
    np.save(tmp_path / "real.npy", halves)
    np.save(tmp_path / "stored.npy", info.quantize(halves))
    real, stored = (
        run(digits.tflite, "virtual-m4", inputs=tmp_path / f"{name}.npy") for name in ("real", "stored")
    )
    assert (real.result.outputs[0] == stored.result.outputs[0]).all()
