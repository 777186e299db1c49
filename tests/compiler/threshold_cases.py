"""Layers whose sums step by one across the points where the result changes: the last bit shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from compiler.operator_cases import Array, Case, Rng, any_scale, near, zero_point
from compiler.writer import Writer

CHANNELS = 24
_EVERY = np.arange(-128, 128).astype(np.int8)


def threshold(rng: Rng) -> Case:
    """CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED of one input and CHANNELS outputs, on all 256 inputs.

    Sums are as large as they can be: the last bits of the multiplier and the order of roundings decide.
    """
    name = str(rng.choice(["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"]))
    dense = name == "FULLY_CONNECTED"
    scale_in, scale_out, zero_in = any_scale(rng), any_scale(rng), zero_point(rng)
    per_axis = not dense or bool(rng.integers(2))
    ratio = [near(rng, float(r)) for r in 2.0 ** rng.uniform(-24, -21, CHANNELS if per_axis else 1)]
    scale = (np.array(ratio) * scale_out / scale_in).astype(np.float32)
    multiplier = np.broadcast_to(
        np.float64(scale_in) * scale.astype(np.float64) / np.float64(scale_out), CHANNELS
    )
    weights = rng.choice([1, -1], CHANNELS)
    bias = _bias(rng, multiplier, weights, zero_in)
    pixels = (256,) if dense else (1, 16, 16)
    w = Writer()
    x = w.tensor((*pixels, 1), scale=scale_in, zero_point=zero_in)
    y = w.tensor((*pixels, CHANNELS), scale=scale_out, zero_point=zero_point(rng))
    shapes = {
        "CONV_2D": (CHANNELS, 1, 1, 1),
        "DEPTHWISE_CONV_2D": (1, 1, 1, CHANNELS),
        "FULLY_CONNECTED": (CHANNELS, 1),
    }
    axis = 3 if name == "DEPTHWISE_CONV_2D" else 0
    filters = w.tensor(shapes[name], scale=scale, axis=axis, data=weights)
    biases = w.tensor([CHANNELS], "int32", np.float32(scale_in) * scale, data=bias)
    options: dict[str, Any] = {} if dense else {"strideH": 1, "strideW": 1}
    if axis == 3:
        options["depthMultiplier"] = CHANNELS
    w.op(name, [x, filters, biases], [y], **options)
    return Case(f"{name} at thresholds", w.finish([x], [y]), (_EVERY.reshape(1, *pixels, 1),))


def _bias(rng: Rng, multiplier: Array, weights: Array, zero_in: int) -> Array:
    """Biases that put a change of the result, or the end of 32 bits, somewhere among the 256 sums."""
    level = rng.integers(-128, 128, CHANNELS) + 0.5
    limit = 2.0**31 - 400
    change = np.clip(np.rint(level / multiplier), -limit, limit)
    ends = rng.choice([-(2.0**31), 2.0**31 - 1], CHANNELS)
    wraps = rng.random(CHANNELS) < (0.3 if rng.random() < 0.3 else 0.0)
    target = np.where(wraps, ends, change)
    sums = target - weights * (rng.integers(-128, 128, CHANNELS) - zero_in)
    return np.clip(sums, -(2**31), 2**31 - 1).astype(np.int64)
