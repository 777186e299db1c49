"""What went wrong in the converter's child, in words: exceptions of TensorFlow, and deaths."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from tinykit.conversion.messages import LayerSpec
from tinykit.errors import ConversionError

RECURRENT_KINDS = (
    "LSTM",
    "GRU",
    "SimpleRNN",
    "RNN",
    "Bidirectional",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "TimeDistributed",
)
# What a recurrent layer looks like once it is a SavedModel's graph.
LOOP_OPERATIONS = ("While", "StatelessWhile", "TensorListReserve", "CudnnRNN", "CudnnRNNV3")
_UNROLL = (
    "TensorFlow cannot calibrate loops. Build the model again with {layer}(..., unroll=True) and a fixed "
    "number of time steps, then new.set_weights(old.get_weights()), save it, and convert that."
)
_MISSING_OPERATOR = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")


def explain(error: Exception) -> ConversionError:
    """A ConversionError for what TensorFlow raised while it converted."""
    text = " ".join(str(error).split())
    missing = sorted(set(_MISSING_OPERATOR.findall(text)))
    if any("TensorList" in name for name in missing) or "TensorList" in text or "element_shape" in text:
        return ConversionError(
            "TensorFlow cannot convert a loop over time steps (TensorList) to int8.",
            hint=_UNROLL.format(layer="LSTM or GRU"),
            code="RECURRENT_LAYER",
        )
    if missing:
        return ConversionError(
            f"TensorFlow Lite has no built-in operator for {', '.join(missing)}.",
            hint="replace it by layers that have one. Select-TF operators, which TensorFlow proposes, "
            "do not run on a microcontroller.",
            code="UNSUPPORTED_OPERATOR",
        )
    if "ybrid" in text:
        return ConversionError(
            "The converter made a hybrid model: int8 weights, float activations.",
            hint="the ranges of activations are missing: check that the calibration data reach every input.",
            code="HYBRID",
        )
    if "not supported" in text and "uantiz" in text:
        return ConversionError(
            f"An operator of the model has no int8 version: {text[:300]}",
            hint="replace the layer that it comes from by one with an int8 version.",
            code="UNSUPPORTED_OPERATOR",
        )
    return ConversionError(
        f"TensorFlow could not convert the model: {type(error).__name__}: {text[:300]}",
        hint="the log has the whole message.",
        code="CONVERTER_FAILED",
    )


def explain_death(exit_status: int, stage: str, layers: Sequence[LayerSpec]) -> ConversionError:
    """A ConversionError for a child that ended without a word; ``exit_status`` as subprocess gives it."""
    how = _how(exit_status)
    culprit = next((layer for layer in layers if layer.kind in RECURRENT_KINDS), None)
    loop = next((layer for layer in layers if layer.kind in LOOP_OPERATIONS), None)
    if stage == "calibrate" and (culprit or loop) and exit_status != -9:
        named = (
            f"layer {culprit.name!r} ({culprit.kind})" if culprit else f"a loop ({loop.kind if loop else ''})"
        )
        return ConversionError(
            f"TensorFlow's calibrator crashed ({how}) on {named}.",
            hint=_UNROLL.format(layer=culprit.kind if culprit else "LSTM or GRU"),
            code="RECURRENT_LAYER",
        )
    if exit_status == -9:
        return ConversionError(
            f"The converter was killed (SIGKILL) during: {stage}.",
            hint="most likely the machine ran out of memory: close other programs, or give fewer samples.",
            code="CHILD_KILLED",
        )
    kinds = sorted({layer.kind for layer in layers})
    return ConversionError(
        f"TensorFlow crashed ({how}) during: {stage}.",
        hint=f"the model has {', '.join(kinds)[:200]}. Convert parts of it to find the layer; see the log."
        if kinds
        else "the file may be damaged: save it again. The log may say more.",
        code="CHILD_CRASHED",
    )


def _how(exit_status: int) -> str:
    if exit_status >= 0:
        return f"exit status {exit_status}"
    try:
        return signal.Signals(-exit_status).name
    except ValueError:
        return f"signal {-exit_status}"
