"""Real numbers to 8 bits, in portable C without libm."""

from __future__ import annotations

import numpy as np

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Layer, Program, Quantize


class FromFloat:
    """One float32 division for each element, as the reference does."""

    name = "quantize"
    operator = Quantize
    needs: frozenset[str] = frozenset()
    sources = ("tk_quantize.h", "tk_quantize.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return (35 if "fpu" in target.features else 300) * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        quantize = layer.attributes
        assert isinstance(quantize, Quantize)
        result = program.output_of(layer)
        limits = np.iinfo(result.dtype)
        call = struct(
            "tk_quantize",
            {
                "scale": float(np.float32(quantize.scale)),
                "zero_point": quantize.zero_point,
                "low": int(limits.min),
                "high": int(limits.max),
            },
        )
        return Lowered(
            call=f"{call}\ntk_quantize({{in0}}, (uint8_t *){{out0}}, {result.elements}, &p);",
            headers=("tk_quantize.h",),
            overlap=(True,),
        )


KERNEL = FromFloat()
