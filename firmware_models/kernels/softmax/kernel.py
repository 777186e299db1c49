"""Softmax in portable C: the reference's fixed-point arithmetic, its exponentials in a table."""

from __future__ import annotations

from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Layer, Program, Softmax

# 4096 equal elements make 2**31 in Q12.19. From 512 on the reference itself stops on such rows.
MAX_DEPTH = 4095


class FixedPoint:
    """Two passes over a row, and one division."""

    name = "softmax"
    operator = Softmax
    needs: frozenset[str] = frozenset()
    sources = ("tk_softmax.h", "tk_softmax.c")
    shared = ("tk_common.h", "tk_fixed_point.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        depth = _attributes(layer).depth
        return f"a row of {depth} overflows the sum" if depth > MAX_DEPTH else None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        softmax = _attributes(layer)
        return softmax.rows * (200 + 50 * softmax.depth)

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        softmax = _attributes(layer)
        call = struct(
            "tk_softmax",
            {"exponent": "{const.exponent}", "rows": softmax.rows, "depth": softmax.depth},
        )
        return Lowered(
            call=f"{call}\ntk_softmax({{in0}}, {{out0}}, &p);",
            constants=(Constant("exponent", softmax.exponent, "int32_t", is_weights=False),),
            headers=("tk_softmax.h",),
            overlap=(True,),
            flash_read_bytes=8 * softmax.rows * softmax.depth,
        )


def _attributes(layer: Layer) -> Softmax:
    assert isinstance(layer.attributes, Softmax)
    return layer.attributes


KERNEL = FixedPoint()
