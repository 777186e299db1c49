"""Random models of the layers that the DSP kernels with the narrowest conditions take."""

from __future__ import annotations

from typing import Any

import numpy as np
from compiler.operator_cases import Case, Rng, add_weights, any_scale, extent, near, stored, zero_point
from compiler.writer import Writer


def for_dsp(rng: Rng) -> Case:
    """A small network's usual layer: nothing clamps but the ends of int8."""
    kind = rng.choice(["rows", "whole", "depthwise", "average"])
    if kind == "average":
        return _average(rng)
    if kind == "rows":
        # Rows of eight outputs, three taps wide.
        size = np.array([rng.integers(1, 7), 8 * rng.integers(1, 3)])
        taps, channels, outputs = (
            np.array([rng.integers(1, 4), 3]),
            4 * rng.integers(1, 3),
            2 * rng.integers(1, 6),
        )
        stride = np.array([rng.integers(1, 3), 1])
        return _window(rng, "CONV_2D", size, taps, stride, int(channels), int(outputs), valid=False)
    if kind == "whole":
        # One pixel comes out.
        size = rng.integers(1, 6, 2)
        channels, outputs = (int(n) for n in rng.integers(1, 12, 2))
        return _window(rng, "CONV_2D", size, size, np.ones(2, int), channels, outputs + 1, valid=True)
    size, channels = rng.integers(3, 14, 2), int(rng.integers(4, 11))
    stride = np.full(2, rng.integers(1, 3))
    return _window(rng, "DEPTHWISE_CONV_2D", size, np.full(2, 3), stride, channels, channels, valid=False)


def _window(
    rng: Rng, name: str, size: Any, taps: Any, stride: Any, channels: int, outputs: int, *, valid: bool
) -> Case:
    deep = name == "CONV_2D"
    out = [extent(int(size[d]), int(taps[d]), int(stride[d]), 1, valid) for d in (0, 1)]
    scales = any_scale(rng), any_scale(rng)
    w = Writer()
    x = w.tensor([1, *size, channels], scale=scales[0], zero_point=zero_point(rng))
    y = w.tensor([1, *out, outputs], scale=scales[1], zero_point=zero_point(rng))
    shape = (outputs, *taps, channels) if deep else (1, *taps, outputs)
    inputs = int(np.prod(taps)) * (channels if deep else 1)
    weights = add_weights(w, rng, shape, inputs, outputs, 0 if deep else 3, scales, True)
    options = {} if deep else {"depthMultiplier": 1}
    strides = {"strideH": int(stride[0]), "strideW": int(stride[1])}
    w.op(name, [x, *weights], [y], padding=int(valid), **strides, **options)
    return Case(f"{name} for DSP", w.finish([x], [y]), (stored(rng, (1, *size, channels)),))


def _average(rng: Rng) -> Case:
    size, taps, stride = rng.integers(1, 12, 2), rng.integers(1, 7, 2), rng.integers(1, 4, 2)
    channels, scale, zero = int(rng.integers(4, 14)), near(rng, 0.3), zero_point(rng)
    out = [extent(int(size[d]), int(taps[d]), int(stride[d]), 1, False) for d in (0, 1)]
    w = Writer()
    x = w.tensor([1, *size, channels], scale=scale, zero_point=zero)
    y = w.tensor([1, *out, channels], scale=scale, zero_point=zero)
    sizes = {"filterHeight": int(taps[0]), "filterWidth": int(taps[1])}
    strides = {"strideH": int(stride[0]), "strideW": int(stride[1])}
    w.op("AVERAGE_POOL_2D", [x], [y], padding=0, **sizes, **strides)
    return Case("AVERAGE_POOL_2D for DSP", w.finish([x], [y]), (stored(rng, (1, *size, channels)),))
