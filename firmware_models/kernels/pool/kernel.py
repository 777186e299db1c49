"""Average and maximum pooling in portable C."""

from __future__ import annotations

from math import prod

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Layer, Pool, Program
from tinykit.compiler.shape_fields import pool_fields


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
        call = struct("tk_pool", pool_fields(layer, program))
        return Lowered(
            call=f"{call}\ntk_{pool.kind}_pool({{in0}}, {{out0}}, &p);",
            headers=("tk_pool.h",),
            overlap=(False,),
        )


KERNEL = Pooling()
