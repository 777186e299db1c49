"""What passes share: who writes and reads a value, and programs with something replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tinykit.compiler.program import Attributes, Layer, Program, Value


def root(program: Program, id_: int) -> Value:
    """The value whose bytes a view shows; the value itself where it is no view."""
    value = program.value(id_)
    while value.view_of is not None:
        value = program.value(value.view_of)
    return value


def writer(program: Program, id_: int) -> int | None:
    """Position of the layer that writes a value or what it is a view of; None for inputs, constants and
    state.
    """
    wanted = root(program, id_).id
    return next((k for k, layer in enumerate(program.layers) if wanted in layer.outputs), None)


def readers(program: Program, id_: int) -> list[int]:
    """Positions of the layers that read the bytes of a value, through views too."""
    wanted = root(program, id_).id
    return [
        k
        for k, layer in enumerate(program.layers)
        if any(root(program, i).id == wanted for i in layer.inputs)
    ]


def is_output(program: Program, id_: int) -> bool:
    """Whether the program's caller sees the bytes of a value."""
    wanted = root(program, id_).id
    return any(root(program, output).id == wanted for output in program.outputs)


def sole_reader(program: Program, id_: int) -> int | None:
    """Position of the one layer that needs a value's bytes; None where there are more, or the caller needs
    them.
    """
    found = readers(program, id_)
    return found[0] if len(found) == 1 and not is_output(program, id_) else None


def is_plain(program: Program, id_: int) -> bool:
    """Whether a value is its own memory: no view, no constant, no state."""
    value = program.value(id_)
    return value.view_of is None and value.data is None and value.variable is None


def without(program: Program, positions: Iterable[int]) -> Program:
    """The program less the layers at ``positions``."""
    gone = set(positions)
    return program.with_layers(tuple(layer for k, layer in enumerate(program.layers) if k not in gone))


def with_values(program: Program, changed: Mapping[int, Value]) -> Program:
    """The program with some values replaced by others of the same id."""
    return replace(program, values=tuple(changed.get(v.id, v) for v in program.values))


def fused(first: Layer, second: Layer, attributes: Attributes, inputs: tuple[int, ...]) -> Layer:
    """One layer that reads ``inputs`` and writes what ``second`` wrote, for the operators of both."""
    sources = tuple(sorted({*first.source_operators, *second.source_operators}))
    return replace(
        first, attributes=attributes, inputs=inputs, outputs=second.outputs, source_operators=sources
    )


def merged(program: Program, keep: int, drop: int, layer: Layer) -> Program:
    """The program with ``layer`` at position ``keep`` and nothing at ``drop``."""
    layers = list(program.layers)
    layers[keep] = layer
    del layers[drop]
    return program.with_layers(tuple(layers))
