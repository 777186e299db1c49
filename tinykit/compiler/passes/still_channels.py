"""Channels that give the same number whatever the input lose their weights, and with them their huge sums.

Trained models have such channels: a bias of 2**30 behind a clamp. Left alone, one of them would keep its
whole layer from the fast forms of requant.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinykit.compiler.fixed_point import INT32_MAX, INT32_MIN
from tinykit.compiler.program import Conv2D, DepthwiseConv2D, FullyConnected, Int8Array, Program
from tinykit.compiler.requant import Rule

Weighted = Conv2D | DepthwiseConv2D | FullyConnected


def still_channels(program: Program) -> Program:
    """Give such channels weights of 0 and a small bias with the same result."""
    layers = [
        replace(layer, attributes=_stilled(layer.attributes))
        if isinstance(layer.attributes, Weighted)
        else layer
        for layer in program.layers
    ]
    return program.with_layers(tuple(layers))


def _stilled(attributes: Weighted) -> Weighted:
    rule = Rule.of(attributes)
    if not rule.is_monotone:
        return attributes
    result = rule.apply(rule.low[:, None])[:, 0]
    least = np.rint((result - rule.zero_point) / np.maximum(rule.multiplier, 2.0**-40))
    bias = np.clip(least, INT32_MIN, INT32_MAX).astype(np.int64)
    still = (rule.apply(rule.high[:, None])[:, 0] == result) & (rule.apply(bias[:, None])[:, 0] == result)
    if not still.any():
        return attributes
    return replace(
        attributes,
        weights=_without(attributes, still),
        bias=np.where(still, bias, attributes.bias).astype(np.int32),
    )


def _without(attributes: Weighted, still: npt.NDArray[np.bool_]) -> Int8Array:
    weights = attributes.weights.copy()
    if isinstance(attributes, DepthwiseConv2D):
        weights[..., still] = 0
    else:
        weights[still] = 0
    return weights
