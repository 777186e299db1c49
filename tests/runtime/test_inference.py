"""Many inferences: the same result whatever the threads, in order, streaming models included."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from small_models import add_model, dequantize_model, negate_model, quantize_model

from tinykit.errors import DatasetError, ModelError
from tinykit.graph.reader import parse_model
from tinykit.runtime import choose_runtime, infer
from tinykit.runtime.inference import is_stateful

RNG = np.random.default_rng(3)


class Counter:
    """A Progress that counts steps; thread safe, as callers must be."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.steps = 0
        self.threads: set[int] = set()
        self._lock = threading.Lock()

    def start(self, stage: str, total: int | None = None) -> None:
        self.total = total

    def advance(self, steps: int = 1) -> None:
        with self._lock:
            self.steps += steps
            self.threads.add(threading.get_ident())

    def finish(self, note: str = "") -> None: ...
    def warn(self, code: str, message: str, hint: str = "") -> None: ...


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 200])
@pytest.mark.parametrize("workers", [1, 3, None])
def test_every_sample_comes_back_in_its_place(n: int, workers: int | None) -> None:
    x = RNG.normal(size=(n, 3, 2)).astype(np.float32)
    progress = Counter()
    out = infer(choose_runtime(), negate_model([1, 3, 2]), x, workers=workers, progress=progress)
    np.testing.assert_array_equal(out, -x)
    assert out.dtype == np.float32
    assert (progress.total, progress.steps) == (n, n)


def test_real_data_are_quantized_and_stored_data_are_not(reference_models: Path) -> None:
    model = (reference_models / "kws_ref_model.tflite").read_bytes()
    runtime = choose_runtime()
    tensor = runtime.interpreter(model).inputs[0]
    stored = RNG.integers(-128, 128, (6, 49, 10, 1)).astype(np.int8)
    raw = infer(runtime, model, stored)
    assert raw.dtype == np.int8
    assert raw.shape == (6, 12)
    np.testing.assert_array_equal(infer(runtime, model, tensor.dequantize(stored)), raw)
    assert len(np.unique(raw.argmax(axis=1))) > 1


def test_optimized_kernels_name_the_same_classes_but_are_no_reference(reference_models: Path) -> None:
    model = (reference_models / "pretrainedResnet_quant.tflite").read_bytes()
    x = np.random.default_rng(3).integers(-128, 128, (60, 32, 32, 3)).astype(np.int8)
    exact, fast = (infer(choose_runtime(), model, x, reference=r) for r in (True, False))
    assert np.mean(exact.argmax(axis=1) == fast.argmax(axis=1)) > 0.9
    assert not np.array_equal(exact, fast)


def test_streaming_models_run_in_order_and_start_fresh(wakeword_models: tuple[Path, ...]) -> None:
    runtime = choose_runtime()
    for path in wakeword_models:
        model = path.read_bytes()
        native = runtime.interpreter(model, reference=True)
        tensor = native.inputs[0]
        x = RNG.integers(-128, 128, (70, *tensor.shape[1:])).astype(np.int8)
        expected = np.concatenate([native.invoke(sample[np.newaxis])[0] for sample in x])
        progress = Counter()
        for _ in range(2):
            out = infer(runtime, model, x, workers=4, progress=progress)
            np.testing.assert_array_equal(out, expected)
        assert is_stateful(parse_model(model))
    assert not is_stateful(parse_model(negate_model([1, 2])))


def test_what_does_not_fit_is_refused() -> None:
    runtime = choose_runtime()
    with pytest.raises(DatasetError, match=r"shape \(3,\), the model takes \(4,\)") as caught:
        infer(runtime, negate_model([1, 4]), np.zeros((2, 3), np.float32))
    assert caught.value.code == "SHAPE"
    with pytest.raises(ModelError, match="2 inputs"):
        infer(runtime, add_model(2), np.zeros((2, 2), np.float32))
    with pytest.raises(ModelError, match="batch is not 1"):
        infer(runtime, negate_model([2, 4]), np.zeros((2, 4), np.float32))
    with pytest.raises(ModelError, match="no output 1"):
        infer(runtime, negate_model([1, 4]), np.zeros((2, 4), np.float32), output=1)
    with pytest.raises(ModelError):
        infer(runtime, quantize_model(4, 0.1, 0)[:-40], np.zeros((2, 4), np.float32))


def test_ctrl_c_ends_the_threads_at_once(reference_models: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from tinykit.runtime import choose_runtime, infer\n"
        "model = open(sys.argv[1], 'rb').read()\n"
        "runtime = choose_runtime()\n"
        "print('ready', flush=True)\n"
        "infer(runtime, model, np.zeros((100_000, 32, 32, 3), np.int8))\n"
    )
    model = reference_models / "pretrainedResnet_quant.tflite"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in child.communicate(timeout=60)[1]


def test_a_failure_in_a_thread_ends_the_others_and_reaches_the_caller() -> None:
    x = np.zeros((5000, 4), np.float64)
    x[40] = 2.0**200
    with pytest.raises(DatasetError):
        infer(choose_runtime(), dequantize_model(4, 0.1, 0), np.where(x > 0, np.nan, x), workers=2)
