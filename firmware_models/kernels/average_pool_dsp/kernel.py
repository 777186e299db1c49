"""Average pooling with the DSP extension."""

from __future__ import annotations

from math import prod

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Layer, Pool, Program
from tinykit.compiler.shape_fields import pool_fields


class AveragePoolDsp:
    """Sums of four channels in two words."""

    name = "average_pool_dsp"
    operator = Pool
    needs = frozenset({"dsp"})
    sources = ("tk_average_pool_dsp.h", "tk_average_pool_dsp.c")
    shared = ("tk_common.h", "tk_dsp.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        pool = _attributes(layer)
        if pool.kind != "average":
            return "it is a maximum"
        if prod(pool.filter_hw) > 255:
            return "its windows have more than 255 pixels"
        return "it has fewer than 4 channels" if program.input_of(layer).shape[3] < 4 else None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        rows, columns = _attributes(layer).filter_hw
        batch, height, width, channels = program.output_of(layer).shape
        return batch * height * width * (60 + -(-channels // 4) * (100 + rows * (10 + 6 * columns)))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        call = struct("tk_average_pool_dsp", pool_fields(layer, program))
        return Lowered(
            call=f"{call}\ntk_average_pool_dsp({{in0}}, {{out0}}, &p);",
            headers=("tk_average_pool_dsp.h",),
            overlap=(False,),
        )


def _attributes(layer: Layer) -> Pool:
    assert isinstance(layer.attributes, Pool)
    return layer.attributes


KERNEL = AveragePoolDsp()
