"""The same model on every kind of place: outputs, times, and what a place cannot do is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.boards import load_board
from tinykit.compiler.image import build_model
from tinykit.errors import GateError, InputError, TinykitError, UsageError
from tinykit.running.check import require_equal
from tinykit.running.collect import Partial, collect
from tinykit.running.execute import RunOptions, run_model, run_targets
from tinykit.running.inputs import Samples
from tinykit.running.oracle import ask_oracle
from tinykit.running.places.host import Host
from tinykit.running.runner import find_runner
from tinykit.running.targets import Target
from tinykit.running.timing import time_windows
from tinykit.running.workload import read_workload


def test_the_host_times_itself_and_is_right(digits, tmp_path: Path) -> None:
    out = tmp_path / "y.npz"
    options = RunOptions(labelled=digits.eval, check=True, seconds=0.2, output=out)
    report = run_model(digits.tflite, "host", options=options)
    assert report.check.state in ("equal", "within")
    assert not report.result.simulated
    (window,) = report.result.windows
    assert window.duration_s >= 0.2
    assert window.is_short and window.wanted_s == 0.2
    assert 0 < report.result.latency_s < report.result.first_s * 100
    assert report.evaluation.metric.value > 0.97
    kept = np.load(out)
    assert (kept["output_0"] == report.result.outputs[0]).all()
    assert (kept["predicted"] == kept["output_0"].argmax(axis=1)).all()
    assert kept["confidences"].shape == kept["labels"].shape == (len(report.result.outputs[0]),)
    assert str(kept["model_sha256"]) == report.device.model_sha256
    assert not kept["simulated"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["y.npz"]


def test_a_window_of_n_holds_n(digits) -> None:
    with Host().open(read_workload(digits.tflite)) as session:
        session.infer((np.zeros((1, 8, 8, 1), np.int8),))
        (window,) = time_windows(session, repeat=7)
        assert (window.inferences, window.wanted_s) == (7, 0.0)


def test_an_image_runs_over_the_emulated_boards_serial_line(digits, tmp_path: Path) -> None:
    built = build_model(digits.tflite, load_board("virtual-m4"), tmp_path / "out")
    options = RunOptions(inputs=digits.eval, limit=1, layers=True, repeat=20)
    image = run_model(built.image.elf, "virtual-m4", options=options)
    model = run_model(digits.tflite, "virtual-m4", options=options)
    assert (image.result.outputs[0] == model.result.outputs[0]).all()
    assert image.device.model_sha256 == model.device.model_sha256
    assert image.result.simulated
    assert len(image.result.layers) == len(built.layers)
    assert image.result.latency_s == pytest.approx(model.result.latency_s, rel=0.02)
    with pytest.raises(InputError) as caught:
        run_model(built.image.elf, "host")
    assert caught.value.code == "RUN_NEEDS_MODEL"
    with pytest.raises(UsageError) as caught:
        run_model(built.image.elf, "no-such-board", options=RunOptions(check=True))
    assert caught.value.code == "CHECK_NO_MODEL", "before the place is even looked for"


@pytest.mark.qemu
def test_qemus_serial_line_gives_the_same_and_says_what_it_lacks(digits, require) -> None:
    require("qemu-system-arm")
    options = RunOptions(labelled=digits.eval, limit=40, check=True)
    report = run_model(digits.tflite, "qemu:stm32f405", options=options)
    assert report.check.state == "equal", report.check.note
    capabilities = report.result.capabilities
    assert not capabilities.times_itself and not capabilities.has_marker
    assert report.result.windows == () and report.result.counts is None
    with pytest.raises(InputError) as other:
        run_model(digits.tflite, "stm32f405", options=options)
    assert other.value.code == "BOARD_NOT_EMULATED"


def test_one_that_fails_does_not_stop_the_rest(digits, tmp_path: Path) -> None:
    gone = str(tmp_path / "ttyACM9")
    targets = [Target(name, name) for name in ("host", gone, "virtual-m4")]
    options = RunOptions(inputs=digits.eval, limit=2, seconds=0.01, output=tmp_path / "y.npz")
    runs = run_targets(read_workload(digits.tflite), targets, options)
    assert [run.error is None for run in runs] == [True, False, True]
    assert runs[1].error.code == "PORT_MISSING"
    assert {path.name for path in tmp_path.iterdir()} == {"y-host.npz", "y-virtual-m4.npz"}


class Breaking:
    """Breaks off after so many samples, as Ctrl-C would."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.warned: list[str] = []

    def start(self, *words) -> None: ...
    def finish(self, *words) -> None: ...

    def warn(self, code: str, *words) -> None:
        self.warned.append(code)

    def advance(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise KeyboardInterrupt


def test_an_evaluation_goes_on_where_it_broke_off(digits, tmp_path: Path) -> None:
    out = tmp_path / "y.npz"
    options = RunOptions(labelled=digits.eval, output=out, seconds=0.01)
    with pytest.raises(KeyboardInterrupt):
        run_model(digits.tflite, "host", options=options, progress=Breaking(100))
    (partial,) = tmp_path.iterdir()
    assert len(np.load(partial)["output_0"]) == 96
    again = Breaking(10_000)
    resumed = run_model(digits.tflite, "host", options=options, progress=again)
    assert again.warned == ["RESUMED"]
    whole = run_model(digits.tflite, "host", options=RunOptions(labelled=digits.eval, seconds=0.01))
    assert (resumed.result.outputs[0] == whole.result.outputs[0]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["y.npz"]


@pytest.mark.parametrize("changed", ["model_sha256", "target_sha256", "input_sha256"])
def test_what_is_left_from_another_run_is_refused(digits, tmp_path: Path, changed: str) -> None:
    whole = {"model_sha256": "a", "target_sha256": "b", "input_sha256": "c"}
    Partial(tmp_path / "p.npz", **whole).save((np.zeros((2, 10), np.int8),))
    samples = Samples((np.zeros((4, 8, 8, 1), np.int8),), "x", "stored")
    with Host().open(read_workload(digits.tflite)) as session, pytest.raises(InputError) as caught:
        other = Partial(tmp_path / "p.npz", **{**whole, changed: "z"})
        collect(session, samples, stateful=False, partial=other)
    assert caught.value.code == "RESUME_OTHER"
    (tmp_path / "p.npz").write_bytes(b"junk")
    with pytest.raises(InputError):
        Partial(tmp_path / "p.npz", **whole).load(1)


def test_an_oracle_that_dies_is_a_check_not_run(digits, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    real = subprocess.run

    def dying(words, **more):
        if "tinykit.running.oracle" in words:
            words = [words[0], "-c", "import os; os.abort()"]
        return real(words, **more)

    monkeypatch.setattr("tinykit.running.oracle.subprocess.run", dying)
    report = run_model(digits.tflite, "host", options=RunOptions(check=True, seconds=0.01))
    assert (report.check.state, report.check.code) == ("not_run", "ORACLE_DIED")
    assert "SIGABRT" in report.check.note
    with pytest.raises(GateError) as caught:
        require_equal(report.check)
    assert caught.value.code == "ORACLE_DIED"


def test_the_oracles_own_refusal_is_told(digits) -> None:
    model = read_workload(digits.tflite).model
    bad = ask_oracle(model, (np.zeros((2, 9, 8, 1), np.int8),))
    assert bad.code
    assert bad.note


def test_several_places_have_one_face(digits) -> None:
    x = np.zeros((2, 8, 8, 1), np.int8)
    for name in ("host", "virtual-m4"):
        with find_runner(name).open(read_workload(digits.tflite)) as session:
            found = session.infer((x,))
            assert found.outputs[0].shape == (2, 10)
            assert session.window(3).inferences == 3
            with pytest.raises(TinykitError) as caught:
                session.rest("sleep", 5)
            assert caught.value.code == "NOT_CAPABLE"
