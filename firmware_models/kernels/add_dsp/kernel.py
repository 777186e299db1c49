"""Sum of two quantized tensors with the DSP extension."""

from __future__ import annotations

from tinykit.compiler.add_fit import fit_add
from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Add, Layer, Program


class AddDsp:
    """Two multiply-accumulates and a saturating shift, proved on all pairs of bytes."""

    name = "add_dsp"
    operator = Add
    needs = frozenset({"dsp"})
    sources: tuple[str, ...] = ()
    shared = ("tk_dsp.h", "tk_add_fit.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        shapes = {program.input_of(layer, position).shape for position in (0, 1)}
        if shapes != {program.output_of(layer).shape}:
            return "it broadcasts"
        return "no proved short sum was found" if fit_add(_attributes(layer)) is None else None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 30 + 27 * program.output_of(layer).elements // 4

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        fit = fit_add(_attributes(layer))
        assert fit is not None
        elements = program.output_of(layer).elements
        fields = struct("tk_add_fit", vars(fit))
        return Lowered(
            call=f"{fields}\ntk_add_fit({{in0}}, {{in1}}, {{out0}}, {elements}, &p);",
            headers=("tk_add_fit.h",),
            overlap=(True, True),
        )


def _attributes(layer: Layer) -> Add:
    assert isinstance(layer.attributes, Add)
    return layer.attributes


KERNEL = AddDsp()
