"""Part of a tensor, in portable C."""

from __future__ import annotations

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import merged, steps, struct
from tinykit.compiler.program import Layer, Program, Slice


class Part:
    """One row after the other, with any step in every dimension."""

    name = "slice"
    operator = Slice
    needs: frozenset[str] = frozenset()
    sources = ("tk_slice.h", "tk_slice.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        assert isinstance(layer.attributes, Slice)
        try:
            _dimensions(layer.attributes, program.input_of(layer).shape)
        except ValueError as error:
            return str(error)
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 6 * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        part = layer.attributes
        assert isinstance(part, Slice)
        shape = program.input_of(layer).shape
        size, step = _dimensions(part, shape)
        call = struct(
            "tk_slice",
            {
                "start": sum(first * pitch for first, pitch in zip(part.begin, steps(shape), strict=True)),
                "size": size,
                "step": step,
            },
        )
        return Lowered(
            call=f"{call}\ntk_slice({{in0}}, {{out0}}, &p);", headers=("tk_slice.h",), overlap=(False,)
        )


def _dimensions(part: Slice, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Size, and elements from one to the next."""
    return merged(part.size, [own * pitch for own, pitch in zip(part.stride, steps(shape), strict=True)])


KERNEL = Part()
