"""Which operators of a .tflite file can be built, and what translates each; the reference is made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinykit.compiler.kernel import Installed
from tinykit.compiler.translate import convolution, elementwise, movement, pooling, state
from tinykit.compiler.translate.entry import Entry

_INT8 = "int8 in and out"

OPERATORS: Mapping[str, Entry] = {
    "ADD": Entry(
        elementwise.add, f"{_INT8}, broadcasting; fused into the convolution before it where it can be"
    ),
    "ASSIGN_VARIABLE": Entry(state.assign_variable, "8-bit state; no code where the producer can write it"),
    "AVERAGE_POOL_2D": Entry(pooling.average_pool_2d, f"{_INT8}, one scale"),
    "CALL_ONCE": Entry(state.call_once, "a subgraph that assigns constants: the initial state"),
    "CONCATENATION": Entry(movement.concatenation, "8 bits, one scale"),
    "CONV_2D": Entry(convolution.conv_2d, f"{_INT8}, one scale or one a channel, groups, dilation"),
    "DEPTHWISE_CONV_2D": Entry(convolution.depthwise_conv_2d, f"{_INT8}, any depth multiplier, dilation"),
    "DEQUANTIZE": Entry(elementwise.dequantize, "8 bits to float32"),
    "EXPAND_DIMS": Entry(movement.reshape, "no code"),
    "FULLY_CONNECTED": Entry(convolution.fully_connected, f"{_INT8}, one scale or one a unit"),
    "LOGISTIC": Entry(elementwise.logistic, f"{_INT8}; a table"),
    "MAX_POOL_2D": Entry(pooling.max_pool_2d, f"{_INT8}, one scale"),
    "MEAN": Entry(pooling.mean, f"{_INT8}, any axes"),
    "PAD": Entry(movement.pad, "8 bits; fused into the convolution after it where it can be"),
    "QUANTIZE": Entry(elementwise.quantize, "float32 or 8 bits to 8 bits; a table between 8-bit types"),
    "READ_VARIABLE": Entry(state.read_variable, "8-bit state; no code where it is not overwritten meanwhile"),
    "RELU": Entry(elementwise.relu, f"{_INT8}; fused into the layer before it, or a table"),
    "RELU6": Entry(elementwise.relu, f"{_INT8}; fused into the layer before it, or a table"),
    "RESHAPE": Entry(movement.reshape, "no code"),
    "SOFTMAX": Entry(
        pooling.softmax,
        f"{_INT8}, over a last dimension of at most 4,095; all 0 where 512 or more equal numbers are a row's "
        "greatest, at which the reference ends its process",
    ),
    "SPLIT_V": Entry(movement.split_v, "8 bits, constant sizes"),
    "SQUEEZE": Entry(movement.reshape, "no code"),
    "STRIDED_SLICE": Entry(movement.strided_slice, "8 bits, constant bounds, any step"),
    "VAR_HANDLE": Entry(state.var_handle, "no code"),
}


def known_operators(kernels: Sequence[Installed]) -> Mapping[str, Entry]:
    """The table above, and what the folders of ``kernels`` add to it; tinykit's own entries stand."""
    added = {name: entry for installed in kernels for name, entry in installed.operators.items()}
    return {**added, **OPERATORS}
