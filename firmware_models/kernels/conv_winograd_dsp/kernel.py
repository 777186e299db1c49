"""Convolution by Winograd's F(2, 3) along rows: a third fewer products, exact, for more flash."""

from __future__ import annotations

from math import prod

import numpy as np

from tinykit.compiler.add_fit import fit_add
from tinykit.compiler.dsp_packing import Words, words_of
from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import Field
from tinykit.compiler.program import Conv2D, Layer, Program
from tinykit.compiler.requant import High, Rule, solve_high
from tinykit.compiler.shape_fields import call_with_residual, row_source

# TK_WINOGRAD_CHUNK in tk_winograd_dsp.h.
CHUNK = 32
# Of two channels' stream, before their weights: the starts of their sums.
START_WORDS = 2
# Weights take 8/3 of their bytes: a layer may cost this much flash for its speed.
MOST_EXTRA_BYTES = 4096


class ConvWinogradDsp:
    """Eight neighbouring outputs times two channels at a time; transformed weights of 16 bits."""

    name = "conv_winograd_dsp"
    operator = Conv2D
    needs = frozenset({"dsp", "fpu"})
    sources = ("tk_conv_winograd.h", "tk_conv_winograd.c", "tk_winograd_dsp.h", "tk_winograd_dsp.c")
    shared = ("tk_common.h", "tk_dsp.h", "tk_dsp_fpu.h", "tk_add_fit.h", "tk_row_ring.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        conv = _attributes(layer)
        outputs, _, width, channels = conv.weights.shape
        if width != 3 or conv.stride_hw[1] != 1 or conv.dilation_hw[1] != 1 or conv.groups != 1:
            return "it is not three taps wide, or strides, or is dilated, or has groups"
        if channels % 4 or outputs % 2 or program.output_of(layer).shape[2] % 8:
            return "its channels or columns are no multiples of 4, 2 and 8"
        if conv.weights.size * 5 // 3 > MOST_EXTRA_BYTES:
            return f"its transformed weights need more than {MOST_EXTRA_BYTES} bytes of flash more"
        return _refuse_arithmetic(conv)

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        conv = _attributes(layer)
        outputs, height, _, channels = conv.weights.shape
        groups = prod(program.output_of(layer).shape[:3]) // 8
        words = height * channels // 2
        form = _form(conv)
        assert form is not None
        chunks = -(-words // 16)
        pair = 44 * words + 20 * chunks + (190 if form.sign_step else 174)
        residual = 70 * outputs if conv.residual is not None else 0
        shape = program.input_of(layer).shape
        ring = ((height + 5) * shape[2] * channels + shape[1] * (40 + shape[2] * channels)) * shape[0]
        return int(ring + groups * (160 + height * (30 + 35 * channels) + outputs // 2 * pair + residual))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        conv = _attributes(layer)
        form = _form(conv)
        assert form is not None
        shape, out_shape = program.input_of(layer).shape, program.output_of(layer).shape
        outputs, height, _, channels = conv.weights.shape
        words = height * channels // 2
        parts = [_pack(conv, form, first) for first in range(0, outputs, 2)]
        # The first part's first chunk begins before its weights, by what is missing to a whole one.
        head = max(-2 * words % CHUNK - START_WORDS, 0)
        stream = np.concatenate([np.zeros(head, np.uint32), *parts])
        ring = ((height - 1) * conv.dilation_hw[0] + 1, (shape[2] + conv.pad[2] + conv.pad[3]) * channels)
        fields: dict[str, Field] = {
            "stream": f"{{const.stream}} + {head}",
            "multiply": {
                "words": words,
                "pairs": outputs // 2,
                "pixel_stride": outputs,
                "sign_step": int(form.sign_step),
            },
            "source": row_source(conv, shape),
            "images": shape[0],
            "channels": channels,
            "out_height": out_shape[1],
            "out_width": out_shape[2],
            "out_channels": outputs,
            "ring_rows": ring[0],
            "ring_row_bytes": ring[1],
            "kernel_height": height,
            "row_step": conv.dilation_hw[0],
            "stride_height": conv.stride_hw[0],
        }
        return Lowered(
            call=call_with_residual(conv, "tk_conv_winograd", fields),
            constants=(Constant("stream", stream, "uint32_t"),),
            headers=("tk_conv_winograd.h",),
            scratch_bytes=64 * words + prod(ring) + 8 * outputs,
            overlap=(False, True) if conv.residual is not None else (False,),
            flash_read_bytes=prod(out_shape[:3]) // 8 * stream.nbytes,
        )


def _pack(conv: Conv2D, form: High, first: int) -> Words:
    """The stream of tk_winograd_dsp.h for two channels."""
    pair = (first, first + 1)
    taps = conv.weights[first : first + 2].astype(np.int64)
    g0, g1, g2 = (taps[:, :, k, :] for k in range(3))
    bias = [2 * int(conv.bias[channel]) for channel in pair]
    rule = words_of(*(int(part[c]) for c in pair for part in (form.multiplier, form.addend, form.shift)))
    parts = [_words(part) for part in (g0 + g1 + g2, g0 - g1 + g2, 2 * g0, 2 * g2)]
    return np.concatenate([words_of(*bias), *parts[:3], rule, parts[3], rule])


def _words(weights: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Words:
    """(2 channels, rows, inputs) as words of inputs (0, 2), (1, 3) of every four, both channels in turn."""
    fours = weights.reshape(2, -1, 4) & 0xFFFF
    words = np.stack([fours[..., 0] | fours[..., 2] << 16, fours[..., 1] | fours[..., 3] << 16], axis=-1)
    return words.reshape(2, -1).T.reshape(-1).astype(np.uint32)


def _form(conv: Conv2D) -> High | None:
    """Twice the sums, plain where that is enough, else with rounding and a sign step."""
    rule = Rule.of(conv)
    plain = solve_high(rule, accumulator_log2=1, common_shift=False, sign_step=False, rounds=False)
    return plain or solve_high(rule, accumulator_log2=1, common_shift=False, sign_step=True, rounds=True)


def _refuse_arithmetic(conv: Conv2D) -> str | None:
    if (conv.act_min, conv.act_max) != (-128, 127):
        return "its activation clamps inside the range of int8"
    if _form(conv) is None:
        return "no proved short requantization was found"
    if conv.residual is not None and fit_add(conv.residual.add) is None:
        return "no proved short sum was found for its residual"
    return None


def _attributes(layer: Layer) -> Conv2D:
    assert isinstance(layer.attributes, Conv2D)
    return layer.attributes


KERNEL = ConvWinogradDsp()
