"""Any function of one 8-bit number, as a table."""

from __future__ import annotations

import numpy as np

from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.program import Layer, Lookup, Program


class Table:
    """One load for each element."""

    name = "lookup"
    operator = Lookup
    needs: frozenset[str] = frozenset()
    sources = ("tk_lookup.h", "tk_lookup.c")
    shared = ("tk_common.h",)

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return 5 * program.output_of(layer).elements

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        assert isinstance(layer.attributes, Lookup)
        source = program.input_of(layer)
        table = layer.attributes.table.view(np.uint8)
        # The C goes by the byte: that of int8 -1 is 255, so the negative half comes last.
        by_byte = np.roll(table, 128) if source.dtype == "int8" else table
        n = source.elements
        return Lowered(
            call=f"tk_lookup((const uint8_t *){{in0}}, (uint8_t *){{out0}}, {{const.table}}, {n});",
            constants=(Constant("table", by_byte, "uint8_t", align=1, is_weights=False),),
            headers=("tk_lookup.h",),
            overlap=(True,),
            flash_read_bytes=n,
        )


KERNEL = Table()
