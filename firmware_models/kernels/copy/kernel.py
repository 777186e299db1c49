"""A tensor's bytes as they are."""

from __future__ import annotations

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.program import Copy, Layer, Program


class Bytes:
    """Byte after byte."""

    name = "copy"
    operator = Copy
    needs: frozenset[str] = frozenset()
    sources = ("tk_copy_bytes.h", "tk_copy_bytes.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 5 * program.output_of(layer).size_bytes

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        n = program.output_of(layer).size_bytes
        return Lowered(
            call=f"tk_copy_bytes({{in0}}, {{out0}}, {n});", headers=("tk_copy_bytes.h",), overlap=(True,)
        )


KERNEL = Bytes()
