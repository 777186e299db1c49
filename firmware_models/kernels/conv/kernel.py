"""Convolution in portable C: any stride, padding, dilation and number of groups; a residual ADD behind it."""

from __future__ import annotations

from math import prod

import numpy as np

from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import Field, struct
from tinykit.compiler.program import Add, Conv2D, Layer, Program
from tinykit.compiler.requant import Rule
from tinykit.compiler.shape_fields import convolution_fields


class Conv:
    """Gathers each pixel's inputs into a row, then multiplies it with two rows of weights at a time."""

    name = "conv"
    operator = Conv2D
    needs: frozenset[str] = frozenset()
    sources = ("tk_conv.h", "tk_conv.c")
    shared = ("tk_common.h", "tk_fixed_point.h", "tk_requantize.h", "tk_add_element.h", "tk_dot.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None if _attributes(layer).rounding == "double" else "it rounds twice"

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        conv = _attributes(layer)
        batch, height, width, channels = program.output_of(layer).shape
        pixels, row = batch * height * width, prod(conv.weights.shape[1:])
        gathered = 4 * row * conv.groups if _gathers(conv, program.input_of(layer).shape) else 0
        return pixels * (40 + gathered + channels * (6 * row + 45))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        conv = _attributes(layer)
        shape, out_shape = program.input_of(layer).shape, program.output_of(layer).shape
        gather = _gathers(conv, shape)
        multiplier, shift = Rule.of(conv).quantized
        fields = convolution_fields(layer, program) | {
            "out_channels": out_shape[3],
            "group_channels": shape[3] // conv.groups,
            "group_outputs": out_shape[3] // conv.groups,
            "weights": "{const.weights}",
            "bias": "{const.bias}",
            "requantize": {
                "multiplier": "{const.multiplier}",
                "shift": "{const.shift}",
                "zero_point": conv.output_zero_point,
                "act_min": conv.act_min,
                "act_max": conv.act_max,
            },
            "gather": int(gather),
            "padding": conv.input_zero_point,
        }
        lines = []
        if conv.residual is not None:
            lines.append(struct("tk_add_terms", add_terms(conv.residual.add), "residual"))
            fields["residual"] = "&residual"
        residual = "{in1}" if conv.residual is not None else "0"
        patch = "(int8_t *){scratch}" if gather else "0"
        lines += [struct("tk_conv", fields), f"tk_conv({{in0}}, {residual}, {{out0}}, {patch}, &p);"]
        constants = (
            Constant("weights", conv.weights, "int8_t"),
            Constant("bias", conv.bias, "int32_t"),
            Constant("multiplier", multiplier, "int32_t", is_weights=False),
            Constant("shift", shift.astype(np.int8), "int8_t", is_weights=False),
        )
        return Lowered(
            call="\n".join(lines),
            constants=constants,
            headers=("tk_conv.h",),
            scratch_bytes=prod(conv.weights.shape[1:]) if gather else 0,
            overlap=(False, True) if conv.residual is not None else (False,),
            flash_read_bytes=prod(out_shape[:3]) * sum(constant.data.nbytes for constant in constants),
        )


def _attributes(layer: Layer) -> Conv2D:
    assert isinstance(layer.attributes, Conv2D)
    return layer.attributes


def _gathers(conv: Conv2D, shape: tuple[int, ...]) -> bool:
    """Whether a pixel's inputs must be gathered: not where they lie in one row of the input already."""
    _, kernel_height, kernel_width, _ = conv.weights.shape
    row_is_whole = kernel_width == 1 or conv.dilation_hw[1] == 1
    rows_touch = kernel_height == 1 or (kernel_width == shape[2] and conv.dilation_hw[0] == 1)
    return any(conv.pad) or conv.groups > 1 or not (row_is_whole and rows_touch)


def add_terms(add: Add) -> dict[str, Field]:
    """The fields of ``struct tk_add_terms``, which are named as the attribute's."""
    return {name: int(value) for name, value in vars(add).items()}


KERNEL = Conv()
