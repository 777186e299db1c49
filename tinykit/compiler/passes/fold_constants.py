"""Layers that only move or rename constant bytes are carried out now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Concat, Copy, Layer, Lookup, Pad, Program, Slice


def fold_constants(program: Program) -> Program:
    """Replace the outputs of such layers by constants; one walk suffices, since layers are in order."""
    for layer in program.layers:
        inputs = [program.value(i).data for i in layer.inputs]
        constants = [data for data in inputs if data is not None]
        output = program.output_of(layer)
        if len(constants) != len(inputs) or output.variable is not None:
            continue
        data = _evaluate(layer, constants)
        if data is None:
            continue
        folded = replace(output, data=np.ascontiguousarray(data).reshape(output.shape))
        position = program.layers.index(layer)
        program = _refresh_views(edit.with_values(edit.without(program, [position]), {output.id: folded}))
    return program


def _evaluate(layer: Layer, inputs: list[npt.NDArray[np.generic]]) -> npt.NDArray[np.generic] | None:
    rule = layer.attributes
    if isinstance(rule, Copy):
        return inputs[0]
    if isinstance(rule, Lookup):
        return rule.table[inputs[0].astype(np.int64) + (128 if inputs[0].dtype == np.int8 else 0)]
    if isinstance(rule, Pad):
        widths = list(zip(rule.before, rule.after, strict=True))
        return np.pad(inputs[0].astype(np.int64), widths, constant_values=rule.value).astype(inputs[0].dtype)
    if isinstance(rule, Concat):
        parts = [x.reshape(rule.outer, n) for x, n in zip(inputs, rule.inner_bytes, strict=True)]
        return np.concatenate(parts, axis=1)
    if isinstance(rule, Slice):
        at = [b + np.arange(n) * s for b, n, s in zip(rule.begin, rule.size, rule.stride, strict=True)]
        return inputs[0][np.ix_(*at)]
    return None


def _refresh_views(program: Program) -> Program:
    """Views of values that have become constants are constants too."""
    changed = {}
    for value in program.values:
        source = edit.root(program, value.id)
        if value.view_of is not None and value.data is None and source.data is not None:
            changed[value.id] = replace(value, data=source.data.reshape(value.shape))
    return edit.with_values(program, changed)
