"""A PAD before a convolution or a maximum becomes the layer's own padding."""

from __future__ import annotations

from dataclasses import replace

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Conv2D, DepthwiseConv2D, Pad, Pool, Program


def fuse_pad(program: Program) -> Program:
    """Fuse every PAD whose value is what the layer after it takes for padding anyway.

    An average counts the taps inside only, and would count padded ones too: it keeps its PAD.
    """
    for layer in program.layers:
        rule = layer.attributes
        if not isinstance(rule, Pad) or len(rule.before) != 4:
            continue
        drop = program.layers.index(layer)
        keep = edit.sole_reader(program, layer.outputs[0])
        if keep is None or not edit.is_plain(program, layer.outputs[0]):
            continue
        target = program.layers[keep]
        if target.inputs[0] != layer.outputs[0] or not _allows(target.attributes, rule):
            continue
        attributes = target.attributes
        assert isinstance(attributes, Conv2D | DepthwiseConv2D | Pool)
        top, bottom, left, right = attributes.pad
        (_, h0, w0, _), (_, h1, w1, _) = rule.before, rule.after
        widened = replace(attributes, pad=(top + h0, bottom + h1, left + w0, right + w1))
        sources = tuple(sorted({*layer.source_operators, *target.source_operators}))
        wider = replace(
            target,
            attributes=widened,
            inputs=(layer.inputs[0], *target.inputs[1:]),
            source_operators=sources,
        )
        program = edit.merged(program, keep, drop, wider)
    return program


def _allows(attributes: object, rule: Pad) -> bool:
    if rule.before[0] or rule.after[0] or rule.before[3] or rule.after[3]:
        return False
    if isinstance(attributes, Conv2D | DepthwiseConv2D):
        return attributes.input_zero_point == rule.value
    # -128 never wins a maximum.
    return isinstance(attributes, Pool) and attributes.kind == "max" and rule.value == -128
