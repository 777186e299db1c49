"""Depthwise 3x3 convolution with the DSP extension."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import DepthwiseConv2D, Layer, Program
from tinykit.compiler.requant import High, Rule, solve_high

# TK_PLANE_PITCH in tk_depthwise_plane.h.
PITCH = 64
# tk_plane_stride1_N.
COMMON_SHIFTS = range(12, 21)


@dataclass(frozen=True)
class Plane:
    """A channel as the assembly wants it: its rows are the image's, or its columns where those are longer."""

    is_turned: bool
    in_rows: int
    in_columns: int
    rows: int
    columns: int
    pad_rows: int
    pad_columns: int
    stride: int

    @classmethod
    def of(cls, conv: DepthwiseConv2D, shape: tuple[int, ...], out_shape: tuple[int, ...]) -> Plane:
        """The plane of a layer whose input and output have these shapes."""
        turned = out_shape[1] > out_shape[2]
        row, column = (2, 1) if turned else (1, 2)
        pads = (conv.pad[2], conv.pad[0]) if turned else (conv.pad[0], conv.pad[2])
        return cls(
            is_turned=turned,
            in_rows=shape[row],
            in_columns=shape[column],
            rows=out_shape[row],
            columns=out_shape[column],
            pad_rows=pads[0],
            pad_columns=pads[1],
            stride=conv.stride_hw[0],
        )

    @property
    def height(self) -> int:
        """Rows with the border."""
        return self.stride * (self.rows - 1) + 3

    @property
    def width(self) -> int:
        """Columns that may be read: the assembly reads five from the last output's first on."""
        return self.stride * (self.columns - 1) + 5


class Depthwise3x3:
    """One channel is laid out with its border; then four outputs at a time, 14 instructions each."""

    name = "depthwise_3x3_dsp"
    operator = DepthwiseConv2D
    needs = frozenset({"dsp", "fpu"})
    sources = (
        "tk_depthwise_3x3.h",
        "tk_depthwise_3x3.c",
        "tk_depthwise_plane.h",
        "tk_depthwise_plane.c",
    )
    shared = ("tk_common.h", "tk_dsp_fpu.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        conv = _attributes(layer)
        if conv.weights.shape[:2] != (3, 3):
            return "its kernel is not 3x3"
        if conv.stride_hw not in ((1, 1), (2, 2)) or conv.dilation_hw != (1, 1):
            return "its stride is not 1 or 2, or it is dilated"
        if conv.depth_multiplier != 1:
            return "its depth multiplier is not 1"
        if (conv.act_min, conv.act_max) != (-128, 127):
            return "its activation clamps inside the range of int8"
        plane = _plane(layer, program)
        if plane.width > PITCH:
            return f"its rows take {plane.width} columns, {PITCH} are possible"
        return "no proved short requantization was found" if _form(conv) is None else None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        images, _, _, channels = program.input_of(layer).shape
        plane = _plane(layer, program)
        blocks, tail = divmod(plane.columns, 4)
        eights, rest = divmod(plane.in_columns, 8)
        gather = plane.in_rows * (12 + 20 * eights + 11 * (rest // 4) + 5 * (rest % 4))
        form = _form(_attributes(layer))
        assert form is not None
        block, two, one = (55, 30, 16) if plane.stride == 1 else (58, 32, 16)
        if _function(plane, form) != f"tk_plane_stride{plane.stride}":
            block, two, one = block - 4, two - 2, one - 1
        rows = plane.rows * (17 + block * blocks + two * (tail // 2) + one * (tail % 2))
        return images * channels * (45 + gather + rows) + 2 * PITCH * plane.height

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        conv = _attributes(layer)
        form = _form(conv)
        assert form is not None
        shape, out_shape = program.input_of(layer).shape, program.output_of(layer).shape
        plane = _plane(layer, program)
        steps = _turn(plane, (shape[2] * shape[3], shape[3]))
        out_steps = _turn(plane, (out_shape[2] * out_shape[3], out_shape[3]))
        channels = _pack(conv, form, plane.is_turned)
        call = struct(
            "tk_depthwise_3x3",
            {
                "channel": "(const struct tk_plane_channel *)(const void *){const.channels}",
                "plane": {
                    "rows": plane.rows,
                    "block_bytes": plane.columns // 4 * 8 * plane.stride,
                    "tail": plane.columns % 4,
                    "step": out_steps[1],
                    "row_step": out_steps[0],
                    "advance": plane.stride * 2 * PITCH,
                },
                "source": {
                    "rows": min(plane.in_rows, plane.height - plane.pad_rows),
                    "columns": min(plane.in_columns, PITCH - plane.pad_columns),
                    "row_step": steps[0],
                    "step": steps[1],
                },
                "run": _function(plane, form),
                "images": shape[0],
                "channels": shape[3],
                "image_bytes": prod(shape[1:]),
                "out_image_bytes": prod(out_shape[1:]),
                "plane_rows": plane.height,
                "pad_rows": plane.pad_rows,
                "pad_columns": plane.pad_columns,
                "padding": conv.input_zero_point,
            },
        )
        return Lowered(
            call=f"{call}\ntk_depthwise_3x3({{in0}}, {{out0}}, {{scratch}}, &p);",
            constants=(Constant("channels", channels, "uint32_t"),),
            headers=("tk_depthwise_3x3.h",),
            scratch_bytes=2 * plane.height * PITCH,
            # A channel is read whole before it is written; no output lies on another channel's input.
            overlap=(shape[0] == 1 and prod(out_shape[1:3]) <= prod(shape[1:3]),),
            flash_read_bytes=shape[0] * channels.nbytes,
        )


def _pack(conv: DepthwiseConv2D, form: High, is_turned: bool) -> npt.NDArray[np.uint32]:
    weights = conv.weights.astype(np.int64) << form.accumulator_log2
    if is_turned:
        weights = weights.transpose(1, 0, 2)
    left, middle, right = (weights[:, k, :] & 0xFFFF for k in range(3))
    words = np.stack([left | middle << 16, middle | right << 16], axis=1)
    parts = [words.reshape(6, -1), (conv.bias.astype(np.int64) << form.accumulator_log2)[None, :]]
    parts += [part.astype(np.int64)[None, :] for part in (form.multiplier, form.addend, form.shift)]
    packed: npt.NDArray[np.uint32] = np.concatenate(parts).T.astype(np.uint32)
    return packed


def _function(plane: Plane, form: High) -> str:
    if plane.stride == 1 and form.common_shift in COMMON_SHIFTS:
        return f"tk_plane_stride1_{form.common_shift}"
    return f"tk_plane_stride{plane.stride}"


def _form(conv: DepthwiseConv2D) -> High | None:
    """Sums times 256, which weights of 16 bits bring with them."""
    rule = Rule.of(conv)
    forms = (
        solve_high(rule, accumulator_log2=8, common_shift=common, sign_step=False, rounds=False)
        for common in (True, False)
    )
    return next((form for form in forms if form is not None), None)


def _plane(layer: Layer, program: Program) -> Plane:
    return Plane.of(_attributes(layer), program.input_of(layer).shape, program.output_of(layer).shape)


def _turn(plane: Plane, steps: tuple[int, int]) -> tuple[int, int]:
    return (steps[1], steps[0]) if plane.is_turned else steps


def _attributes(layer: Layer) -> DepthwiseConv2D:
    assert isinstance(layer.attributes, DepthwiseConv2D)
    return layer.attributes


KERNEL = Depthwise3x3()
