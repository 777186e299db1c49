"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from tinykit.compiler.fixed_point import wrap
from tinykit.compiler.program import (
    Conv2D,
    DepthwiseConv2D,
    Float64Array,
    FullyConnected,
    Int8Array,
    Int32Array,
    Value,
)
from tinykit.compiler.translate.builder import Builder, refuse, refuse_type
from tinykit.compiler.translate.scaling import activation_range, padding, product_multiplier
from tinykit.graph.model import Operator

_QUANTIZED_BIAS = "int32"


def conv_2d(build: Builder, op: Operator) -> None:
    """CONV_2D; fewer filter than input channels mean groups."""
    x, y = build.input(op, 0), build.output(op, 0)
    weights = _weights(build, op, x, y, rank=4, channel_axis=0)
    channels, depth = x.shape[3], weights.shape[3]
    outputs = weights.shape[0]
    if channels % depth or outputs % (channels // depth):
        refuse(op, f"{outputs} filters of depth {depth} do not fit {channels} input channels")
    stride, dilation, pad = _window(op, x, y, weights.shape[1:3])
    low, high = _activation(op, y)
    attributes = Conv2D(
        weights,
        _bias(build, op, x, weights.reshape(outputs, -1)),
        _multiplier(build, op, x, y, outputs),
        x.zero_point,
        y.zero_point,
        stride,
        dilation,
        pad,
        low,
        high,
        groups=channels // depth,
    )
    _expect(op, y, (x.shape[0], *y.shape[1:3], outputs))
    build.layer(op, attributes, [x], [y])


def depthwise_conv_2d(build: Builder, op: Operator) -> None:
    """DEPTHWISE_CONV_2D with any depth multiplier."""
    x, y = build.input(op, 0), build.output(op, 0)
    weights = _weights(build, op, x, y, rank=4, channel_axis=3)
    outputs, multiplier = weights.shape[3], int(str(op.options["depth_multiplier"]))
    if weights.shape[0] != 1 or multiplier < 1 or outputs != x.shape[3] * multiplier:
        refuse(op, f"weights {list(weights.shape)} do not fit {x.shape[3]} channels times {multiplier}")
    weights = np.ascontiguousarray(weights[0])
    stride, dilation, pad = _window(op, x, y, weights.shape[:2])
    low, high = _activation(op, y)
    attributes = DepthwiseConv2D(
        weights,
        _bias(build, op, x, weights.reshape(-1, outputs).T),
        _multiplier(build, op, x, y, outputs),
        x.zero_point,
        y.zero_point,
        stride,
        dilation,
        pad,
        low,
        high,
        depth_multiplier=multiplier,
    )
    _expect(op, y, (x.shape[0], *y.shape[1:3], outputs))
    build.layer(op, attributes, [x], [y])


def fully_connected(build: Builder, op: Operator) -> None:
    """FULLY_CONNECTED with one scale or a scale per unit; the input is rows of as many numbers as weights
    need.
    """
    x, y = build.input(op, 0), build.output(op, 0)
    weights = _weights(build, op, x, y, rank=2, channel_axis=0)
    units, depth = weights.shape
    if op.options["weights_format"]:
        refuse(op, "its weights are shuffled")
    if x.elements % depth or y.elements != x.elements // depth * units:
        refuse(op, f"weights {list(weights.shape)} do not fit {list(x.shape)} and {list(y.shape)}")
    low, high = _activation(op, y)
    attributes = FullyConnected(
        weights,
        _bias(build, op, x, weights),
        _multiplier(build, op, x, y, units),
        x.zero_point,
        y.zero_point,
        low,
        high,
        batch=x.elements // depth,
    )
    build.layer(op, attributes, [x], [y])


def _weights(build: Builder, op: Operator, x: Value, y: Value, *, rank: int, channel_axis: int) -> Int8Array:
    tensor = build.tensor(op, 1)
    if tensor.dtype != "int8":
        refuse_type(op, f"weights of type {tensor.dtype}", ("int8",))
    data = build.constant(op, 1)
    if data.ndim != rank or (rank == 4 and (len(x.shape) != 4 or len(y.shape) != 4)):
        refuse(op, f"weights {list(data.shape)} with input {list(x.shape)} and output {list(y.shape)}")
    quantization = tensor.quantization
    if quantization is None:
        refuse(op, "its weights have no scale")
    if quantization.per_axis and (
        quantization.axis != channel_axis or len(quantization.scale) != data.shape[channel_axis]
    ):
        refuse(op, f"its weights have {len(quantization.scale)} scales along axis {quantization.axis}")
    weights = data.astype(np.int64)
    if op.name == "FULLY_CONNECTED" and not quantization.per_axis:
        # The reference still subtracts it here; converters have written 0 since 2019.
        weights = weights - int(quantization.zero_point[0])
    elif quantization.zero_point.any():
        refuse(op, "its weights have a zero point other than 0")
    if weights.min(initial=0) < -128 or weights.max(initial=0) > 127:
        refuse(op, "its weights do not fit 8 bits once their zero point is subtracted")
    return weights.astype(np.int8)


def _bias(build: Builder, op: Operator, x: Value, rows: npt.NDArray[np.int8]) -> Int32Array:
    """The bias with the input's zero point folded in, modulo 2**32 as all sums are."""
    folded = -x.zero_point * rows.astype(np.int64).sum(axis=1)
    tensor = build.optional(op, 2)
    if tensor is not None:
        data = build.constant(op, 2)
        if tensor.dtype != _QUANTIZED_BIAS:
            refuse_type(op, f"a bias of type {tensor.dtype}", (_QUANTIZED_BIAS,))
        if data.size != len(rows):
            refuse(op, f"{data.size} biases for {len(rows)} channels")
        folded = folded + data.ravel().astype(np.int64)
    return wrap(folded).astype(np.int32)


def _multiplier(build: Builder, op: Operator, x: Value, y: Value, n: int) -> Float64Array:
    quantization = build.tensor(op, 1).quantization
    assert quantization is not None  # _weights has refused
    return product_multiplier(x.scale, quantization.scale, y.scale, n)


def _activation(op: Operator, y: Value) -> tuple[int, int]:
    option = int(str(op.options["fused_activation_function"] or 0))
    clamp = activation_range(option, y)
    if clamp is None:
        refuse(op, f"fused activation {option} is not among NONE, RELU, RELU6 and RELU_N1_TO_1")
    return clamp


def _window(
    op: Operator, x: Value, y: Value, filter_hw: tuple[int, ...]
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Strides, dilations and padding, checked against the output's shape."""
    found = []
    for axis, side in enumerate("hw"):
        stride, dilation = (
            int(str(op.options[f"{what}"])) for what in (f"stride_{side}", f"dilation_{side}_factor")
        )
        if stride < 1 or dilation < 1:
            refuse(op, f"stride {stride} and dilation {dilation}")
        size, out = x.shape[axis + 1], y.shape[axis + 1]
        pad = padding(int(str(op.options["padding"])), size, filter_hw[axis], stride, dilation, out)
        if pad is None:
            refuse(op, f"output {list(y.shape)} does not follow from input {list(x.shape)}")
        found.append((stride, dilation, pad))
    (sh, dh, ph), (sw, dw, pw) = found
    return (sh, sw), (dh, dw), (*ph, *pw)


def _expect(op: Operator, y: Value, shape: tuple[int, ...]) -> None:
    if y.shape != shape or prod(shape) == 0:
        refuse(op, f"output {list(y.shape)} where {list(shape)} is expected")
