"""Multipliers, activation ranges and paddings, computed in the reference's own precision and order."""

from __future__ import annotations

import numpy as np

from tinykit.compiler.program import Float64Array, Value
from tinykit.graph.operators import activation_name, padding_name

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}
# (least, greatest) real number that passes; None: no bound.
_ACTIVATIONS: dict[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def round_away(x: float | np.floating) -> int:
    """The nearest integer, halves away from zero, as C's ``round``."""
    whole = np.trunc(x)
    return int(whole) + (int(np.sign(x)) if abs(x - whole) >= 0.5 else 0)


def stored_range(dtype: str) -> tuple[int, int]:
    """(least, greatest) number that an 8-bit type stores."""
    return _RANGES[dtype]


def activation_range(activation: int | str, output: Value) -> tuple[int, int] | None:
    """(act_min, act_max) as stored numbers, or None for an activation that is no clamp.

    ``activation`` is the option's number or a name. The bound is divided by the scale in float32.
    """
    name = activation if isinstance(activation, str) else activation_name(activation)
    if name not in _ACTIVATIONS:
        return None
    low, high = stored_range(output.dtype)
    least, greatest = _ACTIVATIONS[name]
    if least is not None:
        low = max(low, _quantize(least, output))
    if greatest is not None:
        high = min(high, _quantize(greatest, output))
    return low, high


def _quantize(real: float, output: Value) -> int:
    # A tiny scale makes this exceed int32; only the side on which it lies matters.
    quotient = np.clip(np.float32(real) / np.float32(output.scale), -(2.0**31), 2.0**31)
    return output.zero_point + round_away(quotient)


def product_multiplier(
    input_scale: float, weight_scales: np.ndarray, output_scale: float, n: int
) -> Float64Array:
    """s_in * s_w / s_out for each of ``n`` channels, in double precision, in this order."""
    scales = np.broadcast_to(weight_scales.astype(np.float64), (n,))
    return np.asarray(np.float64(input_scale) * scales / np.float64(output_scale))


def padding(
    option: int, size: int, filter_: int, stride: int, dilation: int, out: int
) -> tuple[int, int] | None:
    """(before, after) of one dimension, or None where the output size ``out`` is not what the options
    give.
    """
    reach = (filter_ - 1) * dilation + 1
    is_same = padding_name(option) == "SAME"
    expected = -(-size // stride) if is_same else (size + stride - reach) // stride
    if out != expected:
        return None
    total = max((out - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2
