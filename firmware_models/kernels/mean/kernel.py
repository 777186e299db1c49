"""Mean over one or two dimensions in portable C."""

from __future__ import annotations

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Layer, Mean, Program


class Average:
    """One output at a time."""

    name = "mean"
    operator = Mean
    needs: frozenset[str] = frozenset()
    sources = ("tk_mean.h", "tk_mean.c")
    shared = ("tk_common.h", "tk_fixed_point.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 8 * program.input_of(layer).elements + 60 * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        mean = layer.attributes
        assert isinstance(mean, Mean)
        call = struct(
            "tk_mean",
            {
                **dict(zip("arbsc", mean.shape, strict=True)),
                "multiplier": mean.multiplier,
                "shift": mean.shift,
                "zero_point": mean.input_zero_point,
                "zero_point_out": mean.output_zero_point,
            },
        )
        return Lowered(
            call=f"{call}\ntk_mean({{in0}}, {{out0}}, &p);", headers=("tk_mean.h",), overlap=(False,)
        )


KERNEL = Average()
