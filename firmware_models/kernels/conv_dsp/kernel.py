"""Convolution with the DSP extension: im2col of four pixels, then a matrix product in assembly."""

from __future__ import annotations

from math import prod

import numpy as np

from tinykit.compiler.add_fit import fit_add
from tinykit.compiler.dsp_packing import Pair, Words, byte_order, high_form, pack_words, words_of
from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import Field
from tinykit.compiler.program import Conv2D, Layer, Program
from tinykit.compiler.requant import High
from tinykit.compiler.shape_fields import call_with_residual, row_source

# TK_GEMM_CHUNK in tk_gemm_dsp.h.
CHUNK = 32
# Of a pair's stream, before its weights: the starts of its two sums.
START_WORDS = 2
# tk_gemm_finish_N.
COMMON_SHIFTS = range(12, 21)


class ConvDsp:
    """Four pixels times two channels at a time; weights keep one byte each in flash."""

    name = "conv_dsp"
    operator = Conv2D
    needs = frozenset({"dsp", "fpu"})
    sources = (
        "tk_conv_dsp.h",
        "tk_conv_dsp.c",
        "tk_gather_dsp.h",
        "tk_gather_dsp.c",
        "tk_gemm_dsp.h",
        "tk_gemm_dsp.c",
    )
    shared = ("tk_common.h", "tk_dsp.h", "tk_dsp_fpu.h", "tk_add_fit.h", "tk_row_ring.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        conv = _attributes(layer)
        if conv.groups != 1 or len(conv.weights) < 2:
            return "it has groups or one output channel"
        if conv.weights.min() < -127:
            return "a weight is -128"
        if (conv.act_min, conv.act_max) != (-128, 127):
            return "its activation clamps inside the range of int8"
        if high_form(conv) is None:
            return "no proved short requantization was found"
        if conv.residual is not None and fit_add(conv.residual.add) is None:
            return "no proved short sum was found for its residual"
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        conv = _attributes(layer)
        images, height, width, channels = program.output_of(layer).shape
        groups, rest = divmod(height * width, 4)
        words = len(_order(conv, (images, height, width, channels)))
        form = high_form(conv)
        assert form is not None
        finish = 63 if form.sign_step else 47 if _finish(form) == "tk_gemm_finish_shift" else 39
        four = (
            160
            + _gather_cost(conv, width)
            + -(-channels // 2) * (11 * words + 5 * -(-words // CHUNK) + 15 + finish)
        )
        one = 160 + _gather_cost(conv, width) + -(-channels // 2) * (7 * words + 30)
        residual = 9 * height * width * channels if conv.residual is not None else 0
        rows, row_bytes = _ring(conv, program.input_of(layer).shape, program.output_of(layer).shape)
        ring = 4 * rows * row_bytes + (program.input_of(layer).shape[1] * (20 + row_bytes) if rows else 0)
        return images * (100 + ring + groups * four + (one if rest == 1 else four if rest else 0) + residual)

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        conv = _attributes(layer)
        form = high_form(conv)
        assert form is not None
        shape, out_shape = program.input_of(layer).shape, program.output_of(layer).shape
        channels = len(conv.weights)
        pairs = [(2 * k, 2 * k + 1) for k in range(channels // 2)]
        order = _order(conv, out_shape)
        # The first pair's first chunk begins before its weights, by what is missing to a whole one.
        head = max(-len(order) % CHUNK - START_WORDS, 0)
        streams = [np.zeros(head, np.uint32), *(pack_pair(conv, form, order, pair) for pair in pairs)]
        odd = channels % 2
        odd_at = sum(map(len, streams))
        if odd:
            streams.append(pack_pair(conv, form, order, (channels - 2, channels - 1)))
        stream = np.concatenate(streams)
        gemm: dict[str, Field] = {
            "words": len(order),
            "pairs": len(pairs),
            "pixel_stride": channels,
            "finish": _finish(form),
        }
        fields = _shapes(conv, shape, out_shape) | {
            "stream": f"{{const.stream}} + {head}",
            "gemm": gemm,
            "sign_step": int(form.sign_step),
            "odd_stream": f"{{const.stream}} + {odd_at}" if odd else "0",
            "odd_gemm": gemm | {"pairs": 1},
        }
        overlap = _is_plain(conv) and shape[0] == 1 and channels <= shape[3]
        return Lowered(
            call=call_with_residual(conv, "tk_conv_dsp", fields),
            constants=(Constant("stream", stream, "uint32_t"),),
            headers=("tk_conv_dsp.h",),
            scratch_bytes=16 * len(order) + 4 * channels + prod(_ring(conv, shape, out_shape)),
            overlap=(overlap, True) if conv.residual is not None else (overlap,),
            flash_read_bytes=-(-prod(out_shape[:3]) // 4) * stream.nbytes,
        )


def pack_pair(conv: Conv2D, form: High, order: list[Pair], pair: tuple[int, int]) -> Words:
    """The stream of tk_gemm_dsp.h for channels (A, B): starts of sums, weights, then rules of B and A."""
    first, second = pair
    flat = conv.weights.reshape(len(conv.weights), -1)
    bias = [int(conv.bias[channel]) for channel in pair]
    start = words_of(256 * bias[1] + bias[0], bias[0])
    rule = [int(part[c]) for c in (second, first) for part in (form.multiplier, form.addend, form.shift)]
    return np.concatenate([start, pack_words(flat[first], flat[second], order), words_of(*rule)])


def _finish(form: High) -> str:
    if form.sign_step:
        return "tk_gemm_finish_step"
    common = form.common_shift
    return f"tk_gemm_finish_{common}" if common in COMMON_SHIFTS else "tk_gemm_finish_shift"


def _gather_cost(conv: Conv2D, out_width: int) -> int:
    """Instructions to put four pixels' inputs together."""
    rows, columns, length = _runs(conv)
    if _slides(conv, (1, 1, out_width, 1)):
        return rows * (50 + 10 * int(conv.weights.shape[3]))
    loose = 4 * 8 * ((length & 1) + (length >> 1 & 1))
    return rows * (40 if out_width % 4 == 0 else 60) + rows * columns * (28 + loose + 4 * length)


def _order(conv: Conv2D, out_shape: tuple[int, ...]) -> list[Pair]:
    """Two taps for each word of a pixel, as indices into a filter, as tk_conv_dsp.c gathers them."""
    rows, columns, length = _runs(conv)
    starts = range(0, rows * columns * length, length)
    if not _slides(conv, out_shape):
        return [pair for start in starts for pair in byte_order(length, start)]
    channels = conv.weights.shape[3]
    return [
        (at + part, at + part + 2)
        for start in starts
        for four in range(start, start + channels, 4)
        for part in (0, 1)
        for at in range(four, four + length, channels)
    ]


def _runs(conv: Conv2D) -> tuple[int, int, int]:
    """(rows, columns, bytes) of the runs: a kernel row, or one tap where rows are dilated."""
    _, height, width, channels = conv.weights.shape
    if width == 1 or conv.dilation_hw[1] == 1:
        return height, 1, width * channels
    return height, width, channels


def _is_plain(conv: Conv2D) -> bool:
    return conv.weights.shape[1:3] == (1, 1) and conv.stride_hw == (1, 1) and not any(conv.pad)


def _shapes(conv: Conv2D, shape: tuple[int, ...], out_shape: tuple[int, ...]) -> dict[str, Field]:
    rows, columns, length = _runs(conv)
    ring = _ring(conv, shape, out_shape)
    return {
        "source": row_source(conv, shape),
        "images": shape[0],
        "channels": shape[3],
        "pixels": out_shape[1] * out_shape[2],
        "out_width": out_shape[2],
        "out_channels": out_shape[3],
        "ring_rows": ring[0],
        "ring_row_bytes": ring[1],
        "run_rows": rows,
        "run_columns": columns,
        "run_bytes": length,
        "row_step": conv.dilation_hw[0],
        "column_step_bytes": conv.dilation_hw[1] * shape[3],
        "stride_height": conv.stride_hw[0],
        "stride_bytes": conv.stride_hw[1] * shape[3],
        "slides": int(_slides(conv, out_shape)),
    }


def _ring(conv: Conv2D, shape: tuple[int, ...], out_shape: tuple[int, ...]) -> tuple[int, int]:
    """(rows, bytes of a row) of the ring of padded rows; (0, 0) without padding."""
    if not any(conv.pad):
        return 0, 0
    rows = (conv.weights.shape[1] - 1) * conv.dilation_hw[0] + 1
    if out_shape[2] % 4:
        # Four pixels may lie in several rows.
        rows += (out_shape[2] + 2) // out_shape[2] * conv.stride_hw[0]
    return rows, (shape[2] + conv.pad[2] + conv.pad[3]) * shape[3]


def _slides(conv: Conv2D, out_shape: tuple[int, ...]) -> bool:
    neighbours = conv.stride_hw[1] == conv.dilation_hw[1] == 1 and out_shape[2] % 4 == 0
    return neighbours and conv.weights.shape[2] == 3 and conv.weights.shape[3] % 4 == 0


def _attributes(layer: Layer) -> Conv2D:
    assert isinstance(layer.attributes, Conv2D)
    return layer.attributes


KERNEL = ConvDsp()
