"""The wrapper: tensors described, inputs checked, quantizing as LiteRT does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import add_model, dequantize_model, negate_model, quantize_model

from tinykit.errors import DatasetError, ModelError
from tinykit.runtime import TensorInfo, choose_runtime


def info(dtype: type, scale: float = 0.0, zero_point: int = 0) -> TensorInfo:
    return TensorInfo(0, "t", np.dtype(dtype), (1, 4), scale, zero_point)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(2**-12, 8),
    st.integers(-128, 127),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.int8, np.uint8, np.int16]),
)
def test_quantizing_is_litrts_own_quantize_operator(
    scale: float, zero_point: int, seed: int, dtype: type
) -> None:
    scale = float(np.float32(scale))
    zero_point = {np.int8: zero_point, np.uint8: zero_point + 128, np.int16: 0}[dtype]
    rng = np.random.default_rng(seed)
    # Halves in quantized units, where rules of rounding differ, their neighbours, and far-out values.
    halves = ((rng.integers(-200, 200, 200) + 0.5) * scale).astype(np.float32)
    x = np.concatenate([halves, np.nextafter(halves, np.float32(0)), rng.normal(size=100) * 300 * scale])
    x = x.astype(np.float32)[np.newaxis]
    native = choose_runtime().interpreter(quantize_model(x.size, scale, zero_point, dtype), reference=True)
    (expected,) = native.invoke(x)
    assert native.outputs[0].scale == scale
    np.testing.assert_array_equal(native.outputs[0].quantize(x), expected)


def test_halves_go_away_from_zero() -> None:
    x = np.array([0.5, 1.5, -0.5, -1.5, 0.49999997], np.float32)
    assert info(np.int8, 1.0).quantize(x).tolist() == [1, 2, -1, -2, 0]


def test_dequantizing_is_litrts_own_operator() -> None:
    q = np.arange(-128, 128, dtype=np.int8)[np.newaxis]
    native = choose_runtime().interpreter(dequantize_model(256, 0.0371, 11), reference=True)
    np.testing.assert_array_equal(native.inputs[0].dequantize(q), native.invoke(q)[0])


@given(st.integers(-128, 127), st.floats(1e-4, 10), st.integers(-128, 127))
def test_stored_values_survive_the_way_there_and_back(q: int, scale: float, zero_point: int) -> None:
    tensor = info(np.int8, float(np.float32(scale)), zero_point)
    stored = np.array([q], np.int8)
    np.testing.assert_array_equal(tensor.quantize(tensor.dequantize(stored)), stored)


def test_stored_values_go_in_as_they_are_and_others_are_real() -> None:
    tensor = info(np.int8, 0.5, 3)
    stored = np.array([7], np.int8)
    assert tensor.accept(stored) is stored
    assert tensor.accept(np.array([7], np.uint8)).tolist() == [17]
    assert tensor.accept(np.array([7.0])).tolist() == [17]


def test_casts_are_exact_or_refused() -> None:
    whole = np.array([3, 2**24], np.int64)
    assert info(np.float32).accept(whole).tolist() == [3.0, 2.0**24]
    for dtype, x in (
        (np.float32, np.array([2**24 + 1])),
        (np.int8, np.array([300])),
        (np.int8, np.array([0.5])),
        (np.uint8, np.array([-1.0])),
    ):
        with pytest.raises(DatasetError):
            info(dtype).accept(x)
    with pytest.raises(DatasetError) as caught:
        info(np.int8, 1.0).accept(np.array([np.nan], np.float32))
    assert caught.value.code == "NOT_FINITE"


def test_wrong_inputs_are_refused_by_name() -> None:
    native = choose_runtime().interpreter(negate_model([1, 4]))
    for arrays in ((), (np.zeros((1, 5), np.float32),), (np.zeros((1, 4), np.float64),)):
        with pytest.raises(DatasetError):
            native.invoke(*arrays)
    assert native.invoke(np.ones((1, 4), np.float32))[0].tolist() == [[-1.0] * 4]


def test_results_are_copies() -> None:
    native = choose_runtime().interpreter(add_model(2))
    (first,) = native.invoke(np.float32([[1, 2]]), np.float32([[1, 1]]))
    native.invoke(np.float32([[9, 9]]), np.float32([[9, 9]]))
    assert first.tolist() == [[2, 3]]


def test_a_model_that_the_runtime_refuses_is_a_model_error() -> None:
    for data in (b"", b"garbage" * 10, quantize_model(4, 0.1, 0)[:-40]):
        with pytest.raises(ModelError) as caught:
            choose_runtime().interpreter(data)
        assert "\n" not in caught.value.message


def test_intermediate_tensors_are_kept_on_request(reference_models: Path) -> None:
    model = (reference_models / "kws_ref_model.tflite").read_bytes()
    native = choose_runtime().interpreter(model, reference=True, preserve_all_tensors=True)
    assert native.inputs[0].shape == (1, 49, 10, 1)
    assert (round(native.inputs[0].scale, 5), native.inputs[0].zero_point) == (0.58470, 83)
    native.invoke(np.full((1, 49, 10, 1), 5, np.int8))
    inner = native.tensor(native.outputs[0].index - 1)
    assert inner.shape == (1, 12)
    assert len(np.unique(inner)) > 1
    with pytest.raises(ModelError):
        native.tensor(100_000)


def test_nothing_is_written_to_the_terminal() -> None:
    code = (
        "import numpy as np\n"
        "from tinykit.runtime import choose_runtime\n"
        "from tinykit.runtime.tiny_model import TINY_MODEL\n"
        "for reference in (True, False):\n"
        "    native = choose_runtime().interpreter(TINY_MODEL, reference=reference)\n"
        "    native.invoke(np.zeros((1, 2), np.float32))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
