"""Operators that move bytes (PAD, CONCATENATION, SPLIT_V, STRIDED_SLICE) or only rename a shape."""

from __future__ import annotations

from math import prod

from tinykit.compiler.program import Concat, Pad, Slice, Value
from tinykit.compiler.translate.builder import Builder, refuse
from tinykit.graph.model import Operator

_STORED = ("int8", "uint8")


def reshape(build: Builder, op: Operator) -> None:
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes, so no layer."""
    x = build.input(op, 0, "int8", "uint8", "float32")
    y = build.output(op, 0, x.dtype)
    if x.elements != y.elements:
        refuse(op, f"{list(x.shape)} cannot become {list(y.shape)}")
    build.view(op.outputs[0], x)


def pad(build: Builder, op: Operator) -> None:
    """PAD with the stored number of 0.0."""
    x = build.input(op, 0, *_STORED)
    y = build.output(op, 0, x.dtype)
    pairs = build.integers(op, 1)
    before, after = pairs[0::2], pairs[1::2]
    if len(pairs) != 2 * len(x.shape) or min(pairs, default=0) < 0:
        refuse(op, f"paddings {list(pairs)} for {list(x.shape)}")
    if y.shape != tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True)):
        refuse(op, f"output {list(y.shape)} does not follow from {list(x.shape)} and its paddings")
    build.layer(op, Pad(before, after, y.zero_point), [x], [y])


def concatenation(build: Builder, op: Operator) -> None:
    """CONCATENATION of values with the output's own scale and zero point (the reference wants that of
    int8).
    """
    y = build.output(op, 0, *_STORED)
    inputs = [build.input(op, position, y.dtype) for position in range(len(op.inputs))]
    axis = int(str(op.options["axis"]))
    axis += len(y.shape) if axis < 0 else 0
    if not 0 <= axis < len(y.shape) or not inputs:
        refuse(op, f"axis {axis} of {list(y.shape)}")
    if any((x.scale, x.zero_point) != (y.scale, y.zero_point) for x in inputs):
        refuse(op, "its inputs differ in scale or zero point from its output")
    if int(str(op.options["fused_activation_function"])):
        refuse(op, "it has a fused activation")
    frame = (y.shape[:axis], y.shape[axis + 1 :])
    if any((x.shape[:axis], x.shape[axis + 1 :]) != frame for x in inputs) or y.shape[axis] != sum(
        x.shape[axis] for x in inputs
    ):
        refuse(op, f"inputs {[list(x.shape) for x in inputs]} do not make {list(y.shape)}")
    inner = tuple(prod(x.shape[axis:]) for x in inputs)
    build.layer(op, Concat(prod(y.shape[:axis]), inner), inputs, [y])


def split_v(build: Builder, op: Operator) -> None:
    """SPLIT_V: a slice for each output."""
    x = build.input(op, 0, *_STORED)
    sizes, axes = list(build.integers(op, 1)), build.integers(op, 2)
    rank = len(x.shape)
    if len(axes) != 1 or not -rank <= axes[0] < rank or len(sizes) != len(op.outputs):
        refuse(op, f"sizes {sizes} along {list(axes)}")
    axis = axes[0] % rank
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    if min(sizes, default=0) < 0 or sum(sizes) != x.shape[axis]:
        refuse(op, f"sizes {sizes} do not make {x.shape[axis]}")
    start = 0
    for position, size in enumerate(sizes):
        begin = tuple(start if d == axis else 0 for d in range(rank))
        shape = tuple(size if d == axis else n for d, n in enumerate(x.shape))
        _slice(build, op, x, position, Slice(begin, (1,) * rank, shape))
        start += size


def strided_slice(build: Builder, op: Operator) -> None:
    """STRIDED_SLICE with constant bounds; steps may be negative."""
    x = build.input(op, 0, *_STORED)
    begin, end, stride = (build.integers(op, position) for position in (1, 2, 3))
    if not len(begin) == len(end) == len(stride) <= len(x.shape) or 0 in stride:
        refuse(op, f"bounds {list(begin)}, {list(end)}, {list(stride)} for {list(x.shape)}")
    masks = {name: int(str(op.options[f"{name}_mask"])) for name in ("begin", "end", "shrink_axis")}
    if op.options["ellipsis_mask"] or op.options["new_axis_mask"] or op.options["offset"]:
        refuse(op, "an ellipsis, a new axis or offsets in a slice")
    starts, steps, sizes = [0] * len(x.shape), [1] * len(x.shape), list(x.shape)
    for axis, (first, last, step) in enumerate(zip(begin, end, stride, strict=True)):
        bit = 1 << axis
        if masks["shrink_axis"] & bit:
            index = range(x.shape[axis])[first : first + 1 or None]
        else:
            whole = slice(None if masks["begin"] & bit else first, None if masks["end"] & bit else last, step)
            index = range(x.shape[axis])[whole]
        if not index:
            refuse(op, f"an empty slice {first}:{last}:{step} of {x.shape[axis]}")
        starts[axis], steps[axis], sizes[axis] = index.start, index.step, len(index)
    _slice(build, op, x, 0, Slice(tuple(starts), tuple(steps), tuple(sizes)))


def _slice(build: Builder, op: Operator, x: Value, position: int, attributes: Slice) -> None:
    y = build.output(op, position, x.dtype)
    if y.elements != prod(attributes.size) or y.elements == 0:
        refuse(op, f"output {position} has shape {list(y.shape)}, the slice {list(attributes.size)}")
    build.layer(op, attributes, [x], [y])
