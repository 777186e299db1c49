"""Concatenation in portable C."""

from __future__ import annotations

from itertools import accumulate

from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.program import Concat, Layer, Program


class Blocks:
    """One input after the other is copied to its place."""

    name = "concat"
    operator = Concat
    needs: frozenset[str] = frozenset()
    sources = ("tk_concat.h", "tk_concat.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 5 * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        concat = layer.attributes
        assert isinstance(concat, Concat)
        pitch = sum(concat.inner_bytes)
        starts = accumulate(concat.inner_bytes, initial=0)
        calls = [
            f"tk_concat({{in{i}}}, {{out0}} + {start}, {concat.outer}, {n}, {pitch});"
            for i, (n, start) in enumerate(zip(concat.inner_bytes, starts, strict=False))
        ]
        return Lowered(
            call="\n".join(calls), headers=("tk_concat.h",), overlap=(False,) * len(concat.inner_bytes)
        )


KERNEL = Blocks()
