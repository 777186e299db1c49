"""Random models of one operator: odd sizes, scales near powers of two, extreme zero points, big biases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from compiler.writer import Writer

Array = npt.NDArray[Any]
Rng = np.random.Generator

RUNS = 4  # inputs a model is run on, one after the other


@dataclass(frozen=True, eq=False)
class Case:
    """A model and the inputs it is run on in order: each of shape (RUNS, *input shape)."""

    name: str
    model: bytes
    inputs: tuple[Array, ...]


def stored(rng: Rng, shape: tuple[int, ...], dtype: str = "int8") -> Array:
    """Stored numbers over the whole range, in places only its ends; first dimension RUNS is added."""
    limits = np.iinfo(dtype)
    x = rng.integers(limits.min, limits.max + 1, (RUNS, *shape))
    x[-1] = rng.choice([limits.min, limits.max], shape)
    return x.astype(dtype)


def zero_point(rng: Rng, dtype: str = "int8") -> int:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return int(rng.choice([low, high, (low + high + 1) // 2, rng.integers(low, high + 1)]))


def near(rng: Rng, value: float) -> float:
    """A float32 scale of about ``value``: as it is, or a power of two, or the float right beside one."""
    power = np.float32(2.0 ** round(np.log2(value)))
    choices = [
        np.float32(value),
        power,
        np.nextafter(power, np.float32(0)),
        np.nextafter(power, np.float32(1e9)),
    ]
    return float(choices[rng.integers(4)])


def any_scale(rng: Rng, low: float = 1e-3, high: float = 4.0) -> float:
    return near(rng, float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def activation(rng: Rng) -> int:
    return int(rng.choice([0, 0, 1, 3, 2]))


def extent(size: int, taps: int, stride: int, dilation: int, valid: bool) -> int:
    """Output size along one dimension."""
    span = (taps - 1) * dilation + 1
    return -(-(size - span + 1) // stride) if valid else -(-size // stride)


def weighted(rng: Rng, shape: tuple[int, ...], inputs: int, outputs: int, *, per_axis: bool) -> Any:
    """(weights, bias, ratios): ratios are s_w * s_in / s_out, chosen so that most outputs are in range."""
    # Narrow weights make ratios above one; a few layers live on their bias alone.
    kind = rng.choice(["plain", "narrow", "big bias", "ends"], p=[0.6, 0.15, 0.15, 0.1])
    reach = 2 if kind == "narrow" else 127
    weights = rng.integers(-reach, reach + 1, shape)
    if kind == "ends":
        weights = rng.choice([-127, 127], shape)
    channels = outputs if per_axis else 1
    spread = (40 if kind == "narrow" else 75) * reach * np.sqrt(inputs)
    ratio = 60.0 / spread * np.exp(rng.uniform(-1.5, 1.5, channels))
    bias = rng.integers(-int(spread), int(spread) + 1, outputs)
    if kind == "big bias":
        ratio = 2.0**-24 * np.exp(rng.uniform(-1, 1, channels))
        bias = rng.integers(-(2**31) + 1, 2**31, outputs)
    return weights.astype(np.int8), bias.astype(np.int32), np.array([near(rng, float(r)) for r in ratio])


def add_weights(
    w: Writer,
    rng: Rng,
    shape: tuple[int, ...],
    inputs: int,
    outputs: int,
    axis: int,
    scales: Any,
    per_axis: bool,
) -> tuple[int, int]:
    """Tensors of weights and bias for input and output scales ``scales``."""
    weights, bias, ratio = weighted(rng, shape, inputs, outputs, per_axis=per_axis)
    scale = (ratio * scales[1] / scales[0]).astype(np.float32)
    return (
        w.tensor(shape, scale=scale, axis=axis, data=weights),
        w.tensor([outputs], "int32", np.float32(scales[0]) * scale, data=bias),
    )


def conv_2d(rng: Rng) -> Case:
    groups = int(rng.choice([1, 1, 1, 1, 2, 3]))
    channels, outputs = (groups * int(rng.choice([rng.integers(1, 9), 4, 8, 16])) for _ in range(2))
    return _conv(rng, channels, outputs, groups, "CONV_2D")


def depthwise_conv_2d(rng: Rng) -> Case:
    channels, multiplier = int(rng.integers(1, 9)), int(rng.choice([1, 1, 1, 1, 2, 3]))
    return _conv(rng, channels, channels * multiplier, channels, "DEPTHWISE_CONV_2D")


def _window(rng: Rng) -> tuple[Array, Array, Array, Array]:
    """Input size, taps, stride and dilation, (height, width) each: half of them what networks are made of."""
    ones = np.ones(2, int)
    kind = rng.choice(["usual", "whole", "odd", "dilated"], p=[0.45, 0.1, 0.25, 0.2])
    if kind == "usual":
        return rng.integers(2, 18, 2), rng.choice([1, 3, 3]).repeat(2), rng.choice([1, 1, 2]).repeat(2), ones
    taps = rng.integers(1, 6, 2)
    if kind == "whole":
        return taps, taps, ones, ones
    dilation = rng.integers(1, 4, 2) if kind == "dilated" else ones
    return rng.integers(1, 12, 2), taps, rng.integers(1, 4, 2), dilation


def _conv(rng: Rng, channels: int, outputs: int, groups: int, name: str) -> Case:
    batch = int(rng.choice([1, 1, 1, 2]))
    size, taps, stride, dilation = _window(rng)
    valid = bool(rng.integers(2)) and bool(((taps - 1) * dilation < size).all())
    out = [extent(*(int(a[d]) for a in (size, taps, stride, dilation)), valid) for d in (0, 1)]
    scales = any_scale(rng), any_scale(rng)
    w = Writer()
    x = w.tensor([batch, *size, channels], scale=scales[0], zero_point=zero_point(rng))
    y = w.tensor([batch, *out, outputs], scale=scales[1], zero_point=zero_point(rng))
    deep = name == "CONV_2D"
    shape = (outputs, *taps, channels // groups) if deep else (1, *taps, outputs)
    options = {} if deep else {"depthMultiplier": outputs // channels}
    fan_in = int(taps.prod()) * (channels // groups)
    weights = add_weights(
        w, rng, shape, fan_in, outputs, 0 if deep else 3, scales, per_axis=rng.random() < 0.85
    )
    w.op(
        name,
        [x, *weights],
        [y],
        padding=int(valid),
        strideH=int(stride[0]),
        strideW=int(stride[1]),
        dilationHFactor=int(dilation[0]),
        dilationWFactor=int(dilation[1]),
        fusedActivationFunction=activation(rng),
        **options,
    )
    return Case(name, w.finish([x], [y]), (stored(rng, (batch, *size, channels)),))


def fully_connected(rng: Rng) -> Case:
    inputs, outputs, batch = int(rng.integers(1, 70)), int(rng.integers(1, 20)), int(rng.choice([1, 1, 3]))
    scales = any_scale(rng), any_scale(rng)
    w = Writer()
    x = w.tensor([batch, inputs], scale=scales[0], zero_point=zero_point(rng))
    y = w.tensor([batch, outputs], scale=scales[1], zero_point=zero_point(rng))
    weights = add_weights(
        w, rng, (outputs, inputs), inputs, outputs, 0, scales, per_axis=bool(rng.integers(2))
    )
    if rng.random() < 0.15:
        weights = (weights[0], -1)
    w.op("FULLY_CONNECTED", [x, *weights], [y], fusedActivationFunction=activation(rng))
    return Case("FULLY_CONNECTED", w.finish([x], [y]), (stored(rng, (batch, inputs)),))


def add(rng: Rng) -> Case:
    shape = tuple(int(n) for n in rng.integers(1, 7, int(rng.integers(1, 5))))
    other = tuple(int(n) if rng.random() < 0.8 else 1 for n in shape)[int(rng.random() < 0.1) :]
    shapes = [shape, other if len(other) > 0 else shape]
    if rng.random() < 0.5:
        shapes.reverse()
    w = Writer()
    scale = any_scale(rng)
    constant = rng.random() < 0.2
    inputs = [stored(rng, s) for s in shapes]
    x1 = w.tensor(shapes[0], scale=scale, zero_point=zero_point(rng))
    data = inputs[1][0] if constant else None
    x2 = w.tensor(
        shapes[1],
        scale=near(rng, scale * float(np.exp(rng.uniform(-2, 2)))),
        zero_point=zero_point(rng),
        data=data,
    )
    y = w.tensor(
        shape, scale=near(rng, scale * float(np.exp(rng.uniform(-1, 2)))), zero_point=zero_point(rng)
    )
    w.op("ADD", [x1, x2], [y], fusedActivationFunction=activation(rng))
    given = [x1] if constant else [x1, x2]
    return Case("ADD", w.finish(given, [y]), tuple(inputs[: len(given)]))


def pool_2d(rng: Rng) -> Case:
    name = str(rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
    size, taps, stride = rng.integers(1, 12, 2), rng.integers(1, 7, 2), rng.integers(1, 4, 2)
    if rng.random() < 0.3:
        taps = size
    batch, channels = int(rng.choice([1, 1, 2])), int(rng.integers(1, 9))
    valid = bool(rng.integers(2)) and bool((taps <= size).all())
    out = [extent(int(size[d]), int(taps[d]), int(stride[d]), 1, valid) for d in (0, 1)]
    scale, zero = any_scale(rng), zero_point(rng)
    w = Writer()
    x = w.tensor([batch, *size, channels], scale=scale, zero_point=zero)
    y = w.tensor([batch, *out, channels], scale=scale, zero_point=zero)
    w.op(
        name,
        [x],
        [y],
        padding=int(valid),
        strideH=int(stride[0]),
        strideW=int(stride[1]),
        filterHeight=int(taps[0]),
        filterWidth=int(taps[1]),
        fusedActivationFunction=activation(rng),
    )
    return Case(name, w.finish([x], [y]), (stored(rng, (batch, *size, channels)),))


def mean(rng: Rng) -> Case:
    shape = (1, int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 9)))
    axes = [[1, 2], [1, 2], [1], [2], [3], [-1], [2, 1], [1, 2, 3]][int(rng.integers(8))]
    keep = bool(rng.integers(2))
    gone = {axis % 4 for axis in axes}
    out = [1 if d in gone else n for d, n in enumerate(shape) if keep or d not in gone]
    scale, zero = any_scale(rng), zero_point(rng)
    same = rng.random() < 0.5
    w = Writer()
    x = w.tensor(shape, scale=scale, zero_point=zero)
    y = w.tensor(
        out,
        scale=scale if same else near(rng, scale * float(np.exp(rng.uniform(-2, 1)))),
        zero_point=zero if same else zero_point(rng),
    )
    w.op("MEAN", [x, w.constant(axes)], [y], keepDims=keep)
    return Case("MEAN", w.finish([x], [y]), (stored(rng, shape),))


def softmax(rng: Rng) -> Case:
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 40)))
    w = Writer()
    x = w.tensor(shape, scale=any_scale(rng, 1e-3, 2.0), zero_point=zero_point(rng))
    y = w.tensor(shape, scale=1 / 256, zero_point=-128)
    w.op("SOFTMAX", [x], [y], beta=float(rng.choice([1.0, 1.0, 0.5, 2.0])))
    inputs = stored(rng, shape)
    inputs[0] = rng.integers(-20, 20, shape)
    return Case("SOFTMAX", w.finish([x], [y]), (inputs,))


def unary(rng: Rng) -> Case:
    name = str(rng.choice(["LOGISTIC", "RELU", "RELU6"]))
    scale = any_scale(rng)
    w = Writer()
    x = w.tensor([1, 256], scale=scale, zero_point=zero_point(rng))
    if name == "LOGISTIC":
        y = w.tensor([1, 256], scale=1 / 256, zero_point=-128)
    else:
        same = rng.random() < 0.3
        y = w.tensor(
            [1, 256],
            scale=scale if same else near(rng, scale * float(np.exp(rng.uniform(-2, 2)))),
            zero_point=zero_point(rng),
        )
    w.op(name, [x], [y])
    return Case(name, w.finish([x], [y]), (_all_bytes("int8"),))


def requantize(rng: Rng) -> Case:
    kinds = [str(kind) for kind in rng.choice(["int8", "uint8"], 2)]
    scale = any_scale(rng)
    w = Writer()
    x = w.tensor([1, 256], kinds[0], scale, zero_point(rng, kinds[0]))
    ratio = 1.0 if rng.random() < 0.3 else float(np.exp(rng.uniform(-2, 2)))
    y = w.tensor([1, 256], kinds[1], near(rng, scale * ratio), zero_point(rng, kinds[1]))
    w.op("QUANTIZE", [x], [y])
    return Case("QUANTIZE", w.finish([x], [y]), (_all_bytes(kinds[0]),))


def float_ends(rng: Rng) -> Case:
    kind = str(rng.choice(["int8", "uint8"]))
    n, scale = int(rng.integers(1, 60)), any_scale(rng)
    w = Writer()
    real = w.tensor([1, n], "float32")
    narrow = w.tensor([1, n], kind, scale, zero_point(rng, kind))
    if rng.random() < 0.4:
        w.op("DEQUANTIZE", [narrow], [real])
        return Case("DEQUANTIZE", w.finish([narrow], [real]), (stored(rng, (1, n), kind),))
    w.op("QUANTIZE", [real], [narrow])
    ties = (rng.integers(-600, 600, (RUNS, 1, n)) / 2).astype(np.float32) * np.float32(scale)
    ties[1] = rng.normal(0, 100 * scale, (1, n))
    return Case("QUANTIZE float32", w.finish([real], [narrow]), (ties,))


def _all_bytes(dtype: str) -> Array:
    every = np.arange(256, dtype=np.uint8).view(dtype)
    return np.stack([np.roll(every, k).reshape(1, 256) for k in range(RUNS)])


OPERATORS: tuple[Callable[[Rng], Case], ...] = (
    conv_2d,
    conv_2d,
    conv_2d,
    depthwise_conv_2d,
    depthwise_conv_2d,
    fully_connected,
    fully_connected,
    add,
    add,
    pool_2d,
    mean,
    softmax,
    unary,
    requantize,
    float_ends,
)
