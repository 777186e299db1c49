"""Convolution whose window is the whole input: a dense layer. Streaming models are full of them."""

from __future__ import annotations

from math import prod

from tinykit.compiler.dsp_dense import SHARED, dense_cost, lower_dense, refuse_dense
from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.program import Conv2D, Layer, Program


class ConvVectorDsp:
    """Eight channels at a time over all of the input."""

    name = "conv_vector_dsp"
    operator = Conv2D
    needs = frozenset({"dsp", "fpu"})
    sources: tuple[str, ...] = ()
    shared = SHARED

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        conv = _attributes(layer)
        shape = program.input_of(layer).shape
        if conv.groups != 1 or conv.residual is not None:
            return "it has groups or a residual"
        if conv.weights.shape[1:] != shape[1:] or any(conv.pad):
            return "its window is not the whole input"
        return refuse_dense(conv)

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        conv = _attributes(layer)
        return dense_cost(program.input_of(layer).shape[0], len(conv.weights), prod(conv.weights.shape[1:]))

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        return lower_dense(_attributes(layer), program.input_of(layer).shape[0])


def _attributes(layer: Layer) -> Conv2D:
    assert isinstance(layer.attributes, Conv2D)
    return layer.attributes


KERNEL = ConvVectorDsp()
