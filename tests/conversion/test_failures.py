"""Deaths and complaints of TensorFlow, in words."""

from __future__ import annotations

import pytest

from tinykit.conversion.failures import explain, explain_death
from tinykit.conversion.messages import LayerSpec

LSTM = (LayerSpec("dense", "Dense"), LayerSpec("memory", "LSTM"))


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("'tf.TensorListReserve' op requires element_shape to be static", "RECURRENT_LAYER", "unroll=True"),
        ("error: 'tf.Erf' op is neither a custom op nor a flex op", "UNSUPPORTED_OPERATOR", "Erf"),
        ("Hybrid models are not supported on TFLite Micro.", "HYBRID", "hybrid"),
        ("Quantization to 8-bit not supported for operator 'SIN'", "UNSUPPORTED_OPERATOR", "SIN"),
        ("something\nelse", "CONVERTER_FAILED", "something else"),
    ],
)
def test_messages_of_tensorflow(text: str, code: str, word: str) -> None:
    error = explain(RuntimeError(text))
    assert error.code == code and word in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("status", "stage", "layers", "code", "word"),
    [
        (-11, "calibrate", LSTM, "RECURRENT_LAYER", "'memory' (LSTM)"),
        (-6, "calibrate", (LayerSpec("While", "While"),), "RECURRENT_LAYER", "While"),
        (-9, "calibrate", LSTM, "CHILD_KILLED", "memory"),
        (-11, "quantize", LSTM, "CHILD_CRASHED", "SIGSEGV"),
        (-11, "start", (), "CHILD_CRASHED", "damaged"),
        (3, "calibrate", LSTM[:1], "CHILD_CRASHED", "exit status 3"),
    ],
)
def test_deaths(status: int, stage: str, layers: tuple[LayerSpec, ...], code: str, word: str) -> None:
    error = explain_death(status, stage, layers)
    assert error.code == code and word in str(error)
