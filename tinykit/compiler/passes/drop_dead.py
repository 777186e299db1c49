"""Layers whose results nobody needs."""

from __future__ import annotations

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Program


def drop_dead(program: Program) -> Program:
    """Go backwards, keeping what the caller, the state or a kept layer needs."""
    needed = {edit.root(program, output).id for output in program.outputs}
    dead = []
    for position in reversed(range(len(program.layers))):
        layer = program.layers[position]
        kept = any(program.value(o).variable is not None or o in needed for o in layer.outputs)
        if kept:
            needed.update(edit.root(program, i).id for i in layer.inputs)
        else:
            dead.append(position)
    return edit.without(program, dead)
