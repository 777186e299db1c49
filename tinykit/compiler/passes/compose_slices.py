"""A slice of a slice is one slice; a slice of everything is a view."""

from __future__ import annotations

from dataclasses import replace

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Program, Slice


def compose_slices(program: Program) -> Program:
    """Let slices read from where the bytes come from, and drop those that take all."""
    for position, layer in enumerate(program.layers):
        rule = layer.attributes
        if not isinstance(rule, Slice):
            continue
        source = edit.writer(program, layer.inputs[0])
        outer = program.layers[source] if source is not None else None
        if (
            outer is not None
            and isinstance(outer.attributes, Slice)
            and edit.is_plain(program, layer.inputs[0])
        ):
            within = outer.attributes
            # A dropped dimension would make the two speak of different axes.
            if within.size != program.input_of(layer).shape:
                continue
            begin = tuple(b + s * i for b, s, i in zip(within.begin, within.stride, rule.begin, strict=True))
            stride = tuple(a * b for a, b in zip(within.stride, rule.stride, strict=True))
            sources = tuple(sorted({*outer.source_operators, *layer.source_operators}))
            composed = replace(
                layer,
                attributes=Slice(begin, stride, rule.size),
                inputs=outer.inputs,
                source_operators=sources,
            )
            layers = list(program.layers)
            layers[position] = composed
            program = program.with_layers(tuple(layers))
    return _drop_whole(program)


def _drop_whole(program: Program) -> Program:
    gone, changed = [], {}
    for position, layer in enumerate(program.layers):
        rule = layer.attributes
        source = program.input_of(layer) if layer.inputs else None
        if not isinstance(rule, Slice) or source is None or rule.size != source.shape:
            continue
        # Equal sizes leave only the order: all steps are 1 unless some dimension runs backwards.
        if all(s == 1 or n == 1 for s, n in zip(rule.stride, rule.size, strict=True)):
            output = program.output_of(layer)
            changed[output.id] = replace(output, view_of=source.id)
            gone.append(position)
    return edit.with_values(edit.without(program, gone), changed)
