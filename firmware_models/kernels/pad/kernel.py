"""A border of one value, in portable C."""

from __future__ import annotations

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import RANK, lead, struct
from tinykit.compiler.program import Layer, Pad, Program


class Border:
    """Writes the output from its first byte to its last."""

    name = "pad"
    operator = Pad
    needs: frozenset[str] = frozenset()
    sources = ("tk_pad.h", "tk_pad.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        rank = len(program.output_of(layer).shape)
        return f"{rank} dimensions, at most {RANK} are possible" if rank > RANK else None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 5 * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        pad = layer.attributes
        assert isinstance(pad, Pad)
        call = struct(
            "tk_pad",
            {
                "size": lead(program.input_of(layer).shape, 1),
                "before": lead(pad.before, 0),
                "after": lead(pad.after, 0),
                # The C moves bytes as int8_t; 200 of uint8 is its -56.
                "value": pad.value - 256 if pad.value > 127 else pad.value,
            },
        )
        return Lowered(
            call=f"{call}\ntk_pad({{in0}}, {{out0}}, &p);", headers=("tk_pad.h",), overlap=(False,)
        )


KERNEL = Border()
