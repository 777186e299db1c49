"""Average and maximum pooling in portable C."""

from __future__ import annotations

from math import prod

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Layer, Pool, Program


class Pooling:
    """One channel of one window at a time."""

    name = "pool"
    operator = Pool
    needs: frozenset[str] = frozenset()
    sources = ("tk_pool.h", "tk_pool.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        assert isinstance(layer.attributes, Pool)
        return program.output_of(layer).elements * (50 + 8 * prod(layer.attributes.filter_hw))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        pool = layer.attributes
        assert isinstance(pool, Pool)
        shape, out_shape = program.input_of(layer).shape, program.output_of(layer).shape
        call = struct(
            "tk_pool",
            {
                "batch": shape[0],
                "height": shape[1],
                "width": shape[2],
                "channels": shape[3],
                "out_height": out_shape[1],
                "out_width": out_shape[2],
                "filter_height": pool.filter_hw[0],
                "filter_width": pool.filter_hw[1],
                "stride_height": pool.stride_hw[0],
                "stride_width": pool.stride_hw[1],
                "pad_top": pool.pad[0],
                "pad_left": pool.pad[2],
                "act_min": pool.act_min,
                "act_max": pool.act_max,
            },
        )
        return Lowered(
            call=f"{call}\ntk_{pool.kind}_pool({{in0}}, {{out0}}, &p);",
            headers=("tk_pool.h",),
            overlap=(False,),
        )


KERNEL = Pooling()
