"""Depthwise convolution in portable C: any stride, padding, dilation and depth multiplier."""

from __future__ import annotations

from math import prod

import numpy as np

from tinykit.compiler.fixed_point import wrap
from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import DepthwiseConv2D, Layer, Program
from tinykit.compiler.requant import Rule
from tinykit.compiler.shape_fields import convolution_fields


class Depthwise:
    """One channel of one pixel at a time, over the part of the window that lies inside the input."""

    name = "depthwise"
    operator = DepthwiseConv2D
    needs: frozenset[str] = frozenset()
    sources = ("tk_depthwise.h", "tk_depthwise.c")
    shared = ("tk_common.h", "tk_fixed_point.h", "tk_requantize.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None if _attributes(layer).rounding == "double" else "it rounds twice"

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        conv = _attributes(layer)
        rows, columns, _ = conv.weights.shape
        return program.output_of(layer).elements * (60 + rows * (12 + 8 * columns))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        conv = _attributes(layer)
        out_shape = program.output_of(layer).shape
        multiplier, shift = Rule.of(conv).quantized
        call = struct(
            "tk_depthwise",
            convolution_fields(layer, program)
            | {
                "weights": "{const.weights}",
                "bias": "{const.bias}",
                "requantize": {
                    "multiplier": "{const.multiplier}",
                    "shift": "{const.shift}",
                    "zero_point": conv.output_zero_point,
                    "act_min": conv.act_min,
                    "act_max": conv.act_max,
                },
                "out_channels": out_shape[3],
                "multiplier": conv.depth_multiplier,
                "zero_point": conv.input_zero_point,
            },
        )
        # The C takes the zero point from every tap inside the window, so it must not be in the bias too.
        bias = conv.bias + conv.input_zero_point * conv.weights.astype(np.int64).sum(axis=(0, 1))
        constants = (
            Constant("weights", conv.weights, "int8_t"),
            Constant("bias", wrap(bias).astype(np.int32), "int32_t"),
            Constant("multiplier", multiplier, "int32_t", is_weights=False),
            Constant("shift", shift.astype(np.int8), "int8_t", is_weights=False),
        )
        return Lowered(
            call=f"{call}\ntk_depthwise({{in0}}, {{out0}}, &p);",
            constants=constants,
            headers=("tk_depthwise.h",),
            overlap=(False,),
            flash_read_bytes=prod(out_shape[:3]) * sum(constant.data.nbytes for constant in constants),
        )


def _attributes(layer: Layer) -> DepthwiseConv2D:
    assert isinstance(layer.attributes, DepthwiseConv2D)
    return layer.attributes


KERNEL = Depthwise()
