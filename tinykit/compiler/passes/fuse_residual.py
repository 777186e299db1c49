"""A residual ADD is done by the convolution before it, in place over the other operand.

Without that a ResNet block keeps three tensors of its size: the block's input, the convolution's result
and the sum.
"""

from __future__ import annotations

from dataclasses import replace

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Add, Conv2D, Layer, Program, Residual


def fuse_residual(program: Program) -> Program:
    """Fuse every ADD whose later operand, of its own shape, a convolution writes and only the ADD reads."""
    for layer in program.layers:
        if isinstance(layer.attributes, Add):
            program = _fused(program, layer, layer.attributes) or program
    return program


def _fused(program: Program, layer: Layer, rule: Add) -> Program | None:
    shapes = {program.value(i).shape for i in (*layer.inputs, *layer.outputs)}
    if len(shapes) != 1 or layer.inputs[0] == layer.inputs[1]:
        return None
    made = [edit.writer(program, i) for i in layer.inputs]
    # The later operand: where the ADD moves up to, the other one is there already.
    first = 0 if (made[0] if made[0] is not None else -1) > (made[1] if made[1] is not None else -1) else 1
    keep = made[first]
    drop = program.layers.index(layer)
    if keep is None or edit.sole_reader(program, layer.inputs[first]) != drop:
        return None
    convolution = program.layers[keep]
    attributes = convolution.attributes
    if not isinstance(attributes, Conv2D) or attributes.residual is not None:
        return None
    if not edit.is_plain(program, layer.inputs[first]):
        return None
    add = rule if first == 0 else _swapped(rule)
    inputs = (convolution.inputs[0], layer.inputs[1 - first])
    together = edit.fused(convolution, layer, replace(attributes, residual=Residual(add)), inputs)
    return edit.merged(program, keep, drop, together)


def _swapped(rule: Add) -> Add:
    return replace(
        rule,
        zero_point_1=rule.zero_point_2,
        zero_point_2=rule.zero_point_1,
        multiplier_1=rule.multiplier_2,
        multiplier_2=rule.multiplier_1,
        shift_1=rule.shift_2,
        shift_2=rule.shift_1,
    )
