"""Which constants of a model are weights: numbers that a kernel computes with, shape vectors apart."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from tinykit.graph.model import Operator, Subgraph, Tensor

# Operands that say how to arrange data: shapes, axes, paddings, begins and sizes. By operand position.
_ARRANGING: dict[str, tuple[int, ...]] = {
    "ARG_MAX": (1,),
    "ARG_MIN": (1,),
    "BATCH_TO_SPACE_ND": (1, 2),
    "BROADCAST_TO": (1,),
    "CUMSUM": (1,),
    "DYNAMIC_UPDATE_SLICE": (2,),
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "MEAN": (1,),
    "MIRROR_PAD": (1,),
    "ONE_HOT": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "RANGE": (0, 1, 2),
    "REDUCE_ALL": (1,),
    "REDUCE_ANY": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "REDUCE_PROD": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "REVERSE_V2": (1,),
    "SLICE": (1, 2),
    "SPACE_TO_BATCH_ND": (1, 2),
    "SPLIT": (0,),
    "SPLIT_V": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TOPK_V2": (1,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0,),
}


def weights_of(op: Operator, subgraph: Subgraph) -> tuple[Tensor, ...]:
    """The constants that ``op`` computes with: filters, biases, tables, constant operands."""
    return tuple(t for t in data_operands(op, subgraph) if is_constant(t))


def data_operands(op: Operator, subgraph: Subgraph) -> tuple[Tensor, ...]:
    """The inputs of ``op`` that are there, those that only say how to arrange data left out."""
    arranging = () if op.is_custom else _ARRANGING.get(op.name, ())
    present = (i for position, i in enumerate(op.inputs) if i >= 0 and position not in arranging)
    return tuple(subgraph.tensor(i) for i in present)


def is_constant(tensor: Tensor) -> bool:
    """Whether the tensor's values lie in the file and stay as they are."""
    return tensor.data is not None and not tensor.is_variable


def count_parameters(weights: Iterable[Tensor]) -> int:
    """Elements of ``weights``; tensors that share a buffer of the file count once."""
    return sum({t.buffer: prod(t.shape) for t in weights}.values())


def count_bytes(constants: Iterable[Tensor]) -> int:
    """Bytes of ``constants`` in the file; tensors that share a buffer of the file count once."""
    return sum({t.buffer: t.size_bytes for t in constants}.values())
