"""In which numbers an operator computes: the answer to "is this model really integer?"."""

from __future__ import annotations

from typing import Literal, TypeAlias

from tinykit.graph.model import Operator, Subgraph
from tinykit.graph.weights import data_operands, is_constant, weights_of

Arithmetic: TypeAlias = Literal["integer", "float", "hybrid", "conversion", "none"]

_CONVERTERS = frozenset({"CAST", "DEQUANTIZE", "QUANTIZE"})


def is_float(dtype: str) -> bool:
    """Whether a tensor of this type holds floating point numbers."""
    return dtype.startswith(("float", "bfloat", "complex"))


def arithmetic_of(op: Operator, subgraph: Subgraph) -> Arithmetic:
    """How ``op`` computes, by the types of what it reads and writes.

    ``float``: on floating point data. ``hybrid``: on floating point data with quantized weights, which TFLite
    Micro refuses. ``conversion``: from floating point to integers or back, as at the ends of an integer
    network. ``none``: it has no data at all (``CALL_ONCE``, ``VAR_HANDLE``). Else ``integer``.
    """
    inputs = data_operands(op, subgraph)
    outputs = tuple(subgraph.tensor(i) for i in op.outputs if i >= 0)
    sides = [{is_float(t.dtype) for t in side if t.size_bytes} for side in (inputs, outputs)]
    if not sides[0] | sides[1]:
        return "none"
    if op.name in _CONVERTERS and not op.is_custom and sides[0] != sides[1]:
        return "conversion"
    data = [t for t in (*inputs, *outputs) if not is_constant(t)]
    if not any(is_float(t.dtype) for t in data):
        return "integer"
    quantized = any(t.quantization is not None and not is_float(t.dtype) for t in weights_of(op, subgraph))
    return "hybrid" if quantized else "float"


def is_per_axis(op: Operator, subgraph: Subgraph) -> bool:
    """Whether a weight of ``op`` has more than one scale."""
    return any(t.quantization is not None and t.quantization.per_axis for t in weights_of(op, subgraph))
