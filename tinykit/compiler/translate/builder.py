"""Collects values and layers while the operators of a file are translated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from tinykit.compiler.program import Attributes, Layer, Program, Value, Variable
from tinykit.errors import ModelError
from tinykit.graph.model import Graph, Operator, Subgraph, Tensor

QUANTIZE_HINT = (
    "`tinykit convert MODEL.keras --calibration DATA.npz` makes an int8 model, activations included."
)
_STORED = frozenset({"int8", "uint8", "float32"})


class Builder:
    """The growing program. Values are made when an operator first names their tensor."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.subgraph: Subgraph = graph.main
        self.values: list[Value] = []
        self.layers: list[Layer] = []
        self.variables: list[Variable] = []
        # Resource handles (tensor index) to variables (index); variables by their shared name.
        self.handles: dict[int, int] = {}
        self.variable_of_name: dict[str, int] = {}
        self._of_tensor: dict[int, int] = {}

    def program(self) -> Program:
        """What was collected."""
        inputs = tuple(self.value(i).id for i in self.subgraph.inputs)
        outputs = tuple(self.value(i).id for i in self.subgraph.outputs)
        return Program(
            tuple(self.values),
            tuple(self.layers),
            inputs,
            outputs,
            tuple(self.variables),
            self.graph.sha256,
            self.graph.file_bytes,
        )

    def value(self, tensor: int) -> Value:
        """The value of a tensor, made where there is none."""
        if tensor not in self._of_tensor:
            source = self.subgraph.tensor(tensor)
            scale, zero_point = scale_of(source)
            self._of_tensor[tensor] = len(self.values)
            self.values.append(
                Value(len(self.values), source.shape, source.dtype, scale, zero_point, tensor, source.data)
            )
        return self.values[self._of_tensor[tensor]]

    def make_value(self, like: Value, **changes: object) -> Value:
        """A new value that differs from ``like`` in ``changes``; it stands for no tensor."""
        fresh = replace(like, id=len(self.values), tensor=-1, **changes)  # type: ignore[arg-type]
        self.values.append(fresh)
        return fresh

    def view(self, tensor: int, source: Value) -> None:
        """Let ``tensor`` be the bytes of ``source`` under the tensor's own shape."""
        target = self.value(tensor)
        self.values[target.id] = replace(target, view_of=source.id, data=_reshaped(source, target.shape))

    def layer(
        self, op: Operator, attributes: Attributes, inputs: Sequence[Value], outputs: Sequence[Value]
    ) -> None:
        """Append a layer; passes give it its final number and name."""
        self.layers.append(
            Layer(
                len(self.layers),
                "",
                attributes,
                tuple(v.id for v in inputs),
                tuple(v.id for v in outputs),
                (op.index,),
            )
        )

    def tensor(self, op: Operator, position: int, *, output: bool = False) -> Tensor:
        """The tensor at an operator's input (or output) ``position``, which must be there."""
        indices = op.outputs if output else op.inputs
        if position >= len(indices) or indices[position] < 0:
            refuse(op, f"{'output' if output else 'input'} {position} is missing")
        return self.subgraph.tensor(indices[position])

    def optional(self, op: Operator, position: int) -> Tensor | None:
        """The tensor at an operator's input, or None where the operator has none there."""
        absent = position >= len(op.inputs) or op.inputs[position] < 0
        return None if absent else self.subgraph.tensor(op.inputs[position])

    def input(self, op: Operator, position: int, *dtypes: str) -> Value:
        """The value of an input, whose type must be one of ``dtypes``."""
        return self._checked(op, self.tensor(op, position), dtypes or ("int8",))

    def output(self, op: Operator, position: int, *dtypes: str) -> Value:
        """The value of an output, whose type must be one of ``dtypes``."""
        return self._checked(op, self.tensor(op, position, output=True), dtypes or ("int8",))

    def constant(self, op: Operator, position: int) -> npt.NDArray[np.generic]:
        """The content of an input that must be a constant."""
        data = self.tensor(op, position).data
        if data is None:
            refuse(op, f"input {position} is computed at run time, where a constant is needed")
        return data

    def integers(self, op: Operator, position: int) -> tuple[int, ...]:
        """A constant vector (or scalar) of integers."""
        data = self.constant(op, position)
        if data.dtype.kind not in "iu":
            refuse(op, f"input {position} holds no integers")
        return tuple(int(x) for x in np.atleast_1d(data).ravel())

    def _checked(self, op: Operator, tensor: Tensor, dtypes: tuple[str, ...]) -> Value:
        if tensor.dtype not in dtypes:
            refuse_type(op, tensor.dtype, dtypes)
        if tensor.dtype != "float32" and tensor.quantization is None:
            refuse(op, f"tensor {tensor.index} is {tensor.dtype} without a scale")
        if tensor.quantization is not None and tensor.quantization.per_axis:
            refuse(op, f"activation {tensor.index} has a scale per channel")
        return self.value(tensor.index)


def scale_of(tensor: Tensor) -> tuple[float, int]:
    """(scale, zero point) of a tensor with one scale; (0.0, 0) where it has none."""
    quantization = tensor.quantization
    if quantization is None or tensor.dtype not in _STORED:
        return 0.0, 0
    return float(quantization.scale[0]), int(quantization.zero_point[0])


def refuse(op: Operator, what: str, *, hint: str = "", code: str = "LAYER_UNSUPPORTED") -> NoReturn:
    """Raise ModelError that names the layer."""
    raise ModelError(
        f"Operator {op.index} ({op.name}): {what}.",
        hint=hint
        or "`tinykit inspect` shows the operators; docs/reference/operators.md says what can be built.",
        code=code,
    )


def refuse_type(op: Operator, dtype: str, wanted: tuple[str, ...]) -> NoReturn:
    """Raise ModelError for a tensor of a type that the operator's kernels do not take."""
    refuse(
        op,
        f"{dtype} where {' or '.join(wanted)} is needed: the model is not quantized to 8 bits throughout",
        hint=QUANTIZE_HINT,
        code="MODEL_NOT_INT8",
    )


def _reshaped(source: Value, shape: tuple[int, ...]) -> npt.NDArray[np.generic] | None:
    if source.data is None or source.data.size != prod(shape):
        return None
    return source.data.reshape(shape)
