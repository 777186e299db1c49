"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and SOFTMAX."""

from __future__ import annotations

from math import prod

import numpy as np

from tinykit.compiler import fixed_point
from tinykit.compiler.program import Mean, Pool, Softmax, Value
from tinykit.compiler.translate.builder import Builder, refuse
from tinykit.compiler.translate.scaling import activation_range, padding
from tinykit.graph.model import Operator

_SOFTMAX_BITS = 5


def average_pool_2d(build: Builder, op: Operator) -> None:
    """AVERAGE_POOL_2D over the part of each window that lies inside."""
    _pool(build, op, "average")


def max_pool_2d(build: Builder, op: Operator) -> None:
    """MAX_POOL_2D."""
    _pool(build, op, "max")


def _pool(build: Builder, op: Operator, kind: str) -> None:
    x, y = build.input(op, 0), build.output(op, 0)
    if len(x.shape) != 4 or len(y.shape) != 4 or (x.shape[0], x.shape[3]) != (y.shape[0], y.shape[3]):
        refuse(op, f"input {list(x.shape)} and output {list(y.shape)}")
    if (x.scale, x.zero_point) != (y.scale, y.zero_point):
        refuse(op, "input and output differ in scale or zero point")
    names = ("filter_height", "filter_width", "stride_h", "stride_w")
    filter_h, filter_w, stride_h, stride_w = (int(str(op.options[name])) for name in names)
    if min(filter_h, filter_w, stride_h, stride_w) < 1:
        refuse(op, f"a window of {filter_h} x {filter_w} every {stride_h} x {stride_w}")
    option = int(str(op.options["padding"]))
    rows = padding(option, x.shape[1], filter_h, stride_h, 1, y.shape[1])
    columns = padding(option, x.shape[2], filter_w, stride_w, 1, y.shape[2])
    if rows is None or columns is None:
        refuse(op, f"output {list(y.shape)} does not follow from input {list(x.shape)}")
    clamp = activation_range(int(str(op.options["fused_activation_function"])), y)
    if clamp is None:
        refuse(op, "its fused activation is not among NONE, RELU, RELU6 and RELU_N1_TO_1")
    attributes = Pool(
        "average" if kind == "average" else "max",
        (filter_h, filter_w),
        (stride_h, stride_w),
        (*rows, *columns),
        *clamp,
    )
    build.layer(op, attributes, [x], [y])


def mean(build: Builder, op: Operator) -> None:
    """MEAN over any axes of a tensor of up to five dimensions."""
    x, y = build.input(op, 0), build.output(op, 0)
    axes = {axis % len(x.shape) for axis in build.integers(op, 1) if -len(x.shape) <= axis < len(x.shape)}
    shape = _reduction(x.shape, axes)
    if shape is None or shape[0] * shape[2] * shape[4] != y.elements:
        refuse(op, f"mean of {list(x.shape)} over {sorted(axes)} into {list(y.shape)}")
    count = shape[1] * shape[3]
    multiplier, shift = fixed_point.quantize_multiplier(x.scale / y.scale)
    # The reference divides the mantissa, truncating, and keeps its bits with a smaller exponent.
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    if bits < 0:
        refuse(op, f"scales {x.scale} and {y.scale} are too far apart")
    attributes = Mean(shape, (multiplier << bits) // count, shift - bits, x.zero_point, y.zero_point)
    build.layer(op, attributes, [x], [y])


def _reduction(shape: tuple[int, ...], axes: set[int]) -> tuple[int, int, int, int, int] | None:
    """``shape`` as (kept, reduced, kept, reduced, kept), neighbours of a kind merged; None if that is too
    few.
    """
    merged = [1]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if (axis in axes) != (len(merged) % 2 == 0):
            merged.append(1)
        merged[-1] *= size
    if len(merged) > 5:
        return None
    a, r, b, s, c = merged + [1] * (5 - len(merged))
    return a, r, b, s, c


def softmax(build: Builder, op: Operator) -> None:
    """SOFTMAX over the last dimension, int8 to int8 with the reference's fixed output scale of 1/256."""
    x, y = build.input(op, 0), build.output(op, 0)
    if y.zero_point != -128 or abs(y.scale * 256 - 1) > 1e-3 or x.shape != y.shape:
        refuse(op, f"its output needs scale 1/256 and zero point -128, not {y.scale} and {y.zero_point}")
    depth = x.shape[-1]
    attributes = Softmax(prod(x.shape) // depth, depth, _exponents(op, x, float(str(op.options["beta"]))))
    build.layer(op, attributes, [x], [y])


def _exponents(op: Operator, x: Value, beta: float) -> np.ndarray:
    real = min(beta * x.scale * (1 << (31 - _SOFTMAX_BITS)), float((1 << 31) - 1))
    if real <= 1.0:
        # LiteRT ends its process here: all that the calibrator saw of this tensor was zero.
        refuse(
            op, f"beta {beta} times scale {x.scale:.3g} is too small: the layers before it give nothing but 0"
        )
    multiplier, shift = fixed_point.quantize_multiplier(real)
    radius = fixed_point.input_radius(_SOFTMAX_BITS, shift)
    difference = np.arange(256)
    scaled = fixed_point.multiply(-np.minimum(difference, radius), multiplier, shift)
    exponents = fixed_point.exp_negative(scaled, _SOFTMAX_BITS)
    return np.where(difference <= radius, exponents, 0).astype(np.int32)
