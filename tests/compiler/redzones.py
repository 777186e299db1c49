"""An arena in which nothing shares memory and a gap follows every tensor, for AddressSanitizer to guard."""

from __future__ import annotations

from collections.abc import Sequence

from tinykit.compiler.arrange import Arrangement
from tinykit.compiler.passes import edit
from tinykit.compiler.program import Program
from tinykit.compiler.select import Choice
from tinykit.graph.plan import Request, make_plan

GAP_BYTES = 64


def spread(program: Program, choices: Sequence[Choice]) -> tuple[Arrangement, list[tuple[int, int]]]:
    """The arrangement, and (start, bytes) of each gap."""
    used = {i for layer in program.layers for i in (*layer.inputs, *layer.outputs)} | {
        *program.inputs,
        *program.outputs,
    }
    roots = {edit.root(program, i).id for i in used}
    values = [v for v in program.values if v.id in roots and v.data is None and v.variable is None]
    scratch = [(k, c.lowered.scratch_bytes) for k, c in enumerate(choices) if c.lowered.scratch_bytes]
    sizes = [value.size_bytes for value in values] + [size for _, size in scratch]
    plan = make_plan([Request(f"memory {k}", size + GAP_BYTES, 0, 1) for k, size in enumerate(sizes)])
    place = {value.id: offset for value, offset in zip(values, plan.offsets, strict=False)}
    offsets = {
        v.id: place[edit.root(program, v.id).id]
        for v in program.values
        if edit.root(program, v.id).id in place
    }
    spots = {k: plan.offsets[len(values) + n] for n, (k, _) in enumerate(scratch)}
    gaps = [(offset + size, GAP_BYTES) for offset, size in zip(plan.offsets, sizes, strict=True)]
    return Arrangement(plan, offsets, spots, plan.size_bytes), gaps
