"""State is read where it lies and written by the layer that makes it, where no copy is needed."""

from __future__ import annotations

from dataclasses import replace

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Copy, Program


def settle_state(program: Program) -> Program:
    """Drop the copies of READ_VARIABLE, then those of ASSIGN_VARIABLE."""
    return _settle_writes(_settle_reads(program))


def _settle_reads(program: Program) -> Program:
    """A copy out of state becomes a view of it, unless the state changes while the copy is in use."""
    for layer in program.layers:
        if not isinstance(layer.attributes, Copy) or program.input_of(layer).variable is None:
            continue
        position = program.layers.index(layer)
        output = program.output_of(layer)
        if output.variable is not None or edit.is_output(program, output.id):
            continue
        last = max(edit.readers(program, output.id), default=position)
        if any(position < write < last for write in _writes(program, program.input_of(layer).variable)):
            continue
        view = replace(output, view_of=layer.inputs[0])
        program = edit.with_values(edit.without(program, [position]), {output.id: view})
    return program


def _settle_writes(program: Program) -> Program:
    """A copy into state is left out where the value's writer may put it there at once."""
    for layer in program.layers:
        variable = program.output_of(layer).variable
        if not isinstance(layer.attributes, Copy) or variable is None or _writes(program, variable)[1:]:
            continue
        drop = program.layers.index(layer)
        source = edit.root(program, layer.inputs[0])
        made = edit.writer(program, source.id)
        if made is None or not edit.is_plain(program, source.id) or source.id in program.inputs:
            continue
        old = [
            k
            for k, other in enumerate(program.layers)
            if any(edit.root(program, i).variable == variable for i in other.inputs)
        ]
        seen = any(edit.root(program, output).variable == variable for output in program.outputs)
        if seen or any(k >= made for k in old):
            continue
        home = replace(source, variable=variable)
        program = edit.with_values(edit.without(program, [drop]), {source.id: home})
    return program


def _writes(program: Program, variable: int | None) -> list[int]:
    """Positions of the layers that write the variable."""
    return [
        k
        for k, layer in enumerate(program.layers)
        if any(program.value(o).variable == variable for o in layer.outputs)
    ]
