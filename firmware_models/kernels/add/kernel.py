"""Sum of two quantized tensors in portable C, broadcasting included."""

from __future__ import annotations

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.parameters import merged, steps, struct
from tinykit.compiler.program import Add, Layer, Program


class ElementWise:
    """The reference's three fixed-point products for each element."""

    name = "add"
    operator = Add
    needs: frozenset[str] = frozenset()
    sources = ("tk_add.h", "tk_add.c")
    shared = ("tk_common.h", "tk_fixed_point.h", "tk_add_element.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        try:
            _dimensions(layer, program)
        except ValueError as error:
            return str(error)
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 100 * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        assert isinstance(layer.attributes, Add)
        shape = program.output_of(layer).shape
        size, step_1, step_2 = _dimensions(layer, program)
        call = struct(
            "tk_add",
            {
                "terms": {name: int(value) for name, value in vars(layer.attributes).items()},
                "size": size,
                "step_1": step_1,
                "step_2": step_2,
            },
        )
        return Lowered(
            call=f"{call}\ntk_add({{in0}}, {{in1}}, {{out0}}, &p);",
            headers=("tk_add.h",),
            overlap=tuple(program.input_of(layer, position).shape == shape for position in (0, 1)),
        )


def _dimensions(layer: Layer, program: Program) -> tuple[tuple[int, ...], ...]:
    """Size, and the steps of both operands: 0 where a dimension is repeated."""
    shape = program.output_of(layer).shape
    walks = []
    for position in (0, 1):
        own = program.input_of(layer, position).shape
        full = (1,) * (len(shape) - len(own)) + own
        walks.append([step if size > 1 else 0 for step, size in zip(steps(full), full, strict=True)])
    return merged(shape, *walks)


KERNEL = ElementWise()
