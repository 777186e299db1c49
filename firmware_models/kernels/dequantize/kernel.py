"""8 bits to real numbers, in portable C."""

from __future__ import annotations

import numpy as np

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.program import Dequantize, Layer, Program


class ToFloat:
    """One float32 product for each element, as the reference does."""

    name = "dequantize"
    operator = Dequantize
    needs: frozenset[str] = frozenset()
    sources = ("tk_dequantize.h", "tk_dequantize.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return (12 if "fpu" in target.features else 150) * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        dequantize = layer.attributes
        assert isinstance(dequantize, Dequantize)
        source = program.input_of(layer)
        scale = float(np.float32(dequantize.scale)).hex()
        return Lowered(
            call=f"tk_dequantize_{source.dtype}({{in0}}, {{out0}}, {source.elements}, {scale}f, "
            f"{dequantize.zero_point});",
            headers=("tk_dequantize.h",),
            overlap=(False,),
        )


KERNEL = ToFloat()
