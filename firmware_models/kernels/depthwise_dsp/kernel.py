"""Depthwise convolution of any shape with the DSP extension."""

from __future__ import annotations

from math import prod

import numpy as np

from tinykit.compiler.dsp_packing import Words, high_form, words_of
from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import DepthwiseConv2D, Layer, Program
from tinykit.compiler.requant import High
from tinykit.compiler.shape_fields import convolution_fields


class DepthwiseDsp:
    """Four channels of one pixel, two taps at a time."""

    name = "depthwise_dsp"
    operator = DepthwiseConv2D
    needs = frozenset({"dsp"})
    sources = ("tk_depthwise_dsp.h", "tk_depthwise_dsp.c")
    shared = ("tk_common.h", "tk_dsp.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        conv = _attributes(layer)
        if conv.depth_multiplier != 1:
            return "its depth multiplier is not 1"
        if conv.weights.shape[2] < 4:
            return "it has fewer than 4 channels"
        if (conv.act_min, conv.act_max) != (-128, 127):
            return "its activation clamps inside the range of int8"
        return "no proved short requantization was found" if high_form(conv) is None else None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        conv = _attributes(layer)
        taps = int(prod(conv.weights.shape[:2]))
        channels = int(conv.weights.shape[2])
        pixels = program.output_of(layer).elements // channels
        return 40 + 5 * channels + pixels * (60 + 14 * taps + -(-channels // 4) * (88 + 25 * -(-taps // 2)))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        conv = _attributes(layer)
        form = high_form(conv)
        assert form is not None
        out_shape = program.output_of(layer).shape
        channels, pairs = conv.weights.shape[2], -(-prod(conv.weights.shape[:2]) // 2)
        # Where there is a rest the last four channels start before it: they are computed again.
        firsts = [*range(0, channels - 3, 4), *([channels - 4] if channels % 4 else [])]
        stream = np.concatenate([_pack(conv, form, first) for first in firsts])
        call = struct(
            "tk_depthwise_dsp",
            convolution_fields(layer, program)
            | {
                "stream": "{const.stream}",
                "pairs": pairs,
                "sign_step": int(form.sign_step),
                "padding": conv.input_zero_point,
            },
        )
        return Lowered(
            call=f"{call}\ntk_depthwise_dsp({{in0}}, {{out0}}, {{scratch}}, &p);",
            constants=(Constant("stream", stream, "uint32_t"),),
            headers=("tk_depthwise_dsp.h",),
            scratch_bytes=8 * pairs + channels,
            overlap=(False,),
            flash_read_bytes=prod(out_shape[:3]) * stream.nbytes,
        )


def _pack(conv: DepthwiseConv2D, form: High, first: int) -> Words:
    """struct tk_depthwise_four of four channels from ``first`` on, and their weights."""
    part = slice(first, first + 4)
    bias = conv.bias[part].astype(np.int64) << form.accumulator_log2
    head = [bias, form.multiplier[part], form.addend[part], form.shift[part]]
    taps = conv.weights.reshape(-1, conv.weights.shape[2])[:, part].astype(np.int64) << form.accumulator_log2
    taps = np.concatenate([taps, np.zeros((len(taps) % 2, 4), np.int64)]) & 0xFFFF
    weights = (taps[0::2] | taps[1::2] << 16).astype(np.uint32)
    return np.concatenate([words_of(*(int(number) for row in head for number in row)), weights.reshape(-1)])


def _attributes(layer: Layer) -> DepthwiseConv2D:
    assert isinstance(layer.attributes, DepthwiseConv2D)
    return layer.attributes


KERNEL = DepthwiseDsp()
