"""Dense layer with the DSP extension; weights keep one byte each in flash."""

from __future__ import annotations

from tinykit.compiler.dsp_dense import SHARED, dense_cost, lower_dense, refuse_dense
from tinykit.compiler.kernel import Lowered, Target
from tinykit.compiler.program import FullyConnected, Layer, Program


class DenseDsp:
    """Eight channels at a time over a row of inputs."""

    name = "fully_connected_dsp"
    operator = FullyConnected
    needs = frozenset({"dsp", "fpu"})
    sources: tuple[str, ...] = ()
    shared = SHARED

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return refuse_dense(_attributes(layer))

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        dense = _attributes(layer)
        return dense_cost(dense.batch, *dense.weights.shape)

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        dense = _attributes(layer)
        return lower_dense(dense, dense.batch)


def _attributes(layer: Layer) -> FullyConnected:
    assert isinstance(layer.attributes, FullyConnected)
    return layer.attributes


KERNEL = DenseDsp()
