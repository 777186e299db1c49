"""Operator outputs that nothing reads, and why the quantizer must not see them as such.

TensorFlow 2.21's quantizer visits operators in an order that follows heap addresses. Where an output of an
operator is read by nothing (the forget gate of an unrolled LSTM's first step: an output of SPLIT), it then
sometimes leaves the whole operator float, and one model gives several different files: 24 runs of the same
calibrated two-layer LSTM gave 13. Declared as outputs of the model, such tensors are quantized like any
other, and 24 runs give one file; afterwards the declaration is taken back.
"""

from __future__ import annotations

from typing import Any


def show_dead_outputs(model: bytes) -> tuple[bytes, int]:
    """``model`` with every unread operator output as a further model output, and how many those are."""
    from tensorflow.lite.tools import flatbuffer_utils

    content: Any = flatbuffer_utils.convert_bytearray_to_object(model)
    graph = content.subgraphs[0]
    outputs = [int(i) for i in graph.outputs]
    read = {int(i) for operator in graph.operators for i in operator.inputs}.union(outputs)
    dead = [int(i) for operator in graph.operators for i in operator.outputs if int(i) not in read]
    if not dead:
        return model, 0
    graph.outputs = outputs + dead
    return bytes(flatbuffer_utils.convert_object_to_bytearray(content)), len(dead)


def hide_outputs(model: bytes, count: int) -> bytes:
    """``model`` without its last ``count`` outputs and without operators that made only those."""
    if not count:
        return model
    from tensorflow.lite.tools import flatbuffer_utils

    content: Any = flatbuffer_utils.convert_bytearray_to_object(model)
    graph = content.subgraphs[0]
    outputs = [int(i) for i in graph.outputs]
    kept, hidden = outputs[:-count], set(outputs[-count:])
    graph.outputs = kept
    read = {int(i) for operator in graph.operators for i in operator.inputs} | set(kept)
    graph.operators = [
        operator for operator in graph.operators if not {int(i) for i in operator.outputs} <= hidden - read
    ]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(content))
