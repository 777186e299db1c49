"""Writes int8 .tflite files by hand, with any scales and shapes: what no converter would choose, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as s

Array = npt.NDArray[Any]

KINDS = {
    "int8": s.TensorType.INT8,
    "uint8": s.TensorType.UINT8,
    "int16": s.TensorType.INT16,
    "int32": s.TensorType.INT32,
    "float32": s.TensorType.FLOAT32,
    "resource": s.TensorType.RESOURCE,
}
# The version of an operator's semantics that the converter writes for int8.
VERSIONS = {
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 4,
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "SOFTMAX": 2,
    "LOGISTIC": 2,
    "RELU": 2,
    "RELU6": 2,
    "PAD": 2,
    "CONCATENATION": 2,
    "SPLIT_V": 2,
    "STRIDED_SLICE": 2,
    "DEQUANTIZE": 2,
}


class Writer:
    """Collects the tensors and operators of one model; tensors are named by the index that comes back."""

    def __init__(self, *, subgraphs: int = 1) -> None:
        self._buffers = [s.BufferT()]
        self._codes: list[str] = []
        self._graphs = []
        for number in range(subgraphs):
            graph = s.SubGraphT()
            graph.name = f"g{number}".encode()
            graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
            self._graphs.append(graph)

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "int8",
        scale: float | Sequence[float] | Array | None = None,
        zero_point: int = 0,
        *,
        axis: int = 0,
        data: Array | None = None,
        name: str | None = None,
        graph: int = 0,
    ) -> int:
        """A tensor; ``data`` makes it a constant, several scales lie along ``axis``."""
        made = s.TensorT()
        tensors = self._graphs[graph].tensors
        made.shape, made.type, made.buffer = list(shape), KINDS[dtype], 0
        made.name = (f"t{len(tensors)}" if name is None else name).encode()
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            made.quantization = s.QuantizationParametersT()
            made.quantization.scale = scales
            made.quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
            made.quantization.quantizedDimension = axis
        if data is not None:
            buffer = s.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, np.dtype(dtype)).tobytes(), np.uint8)
            made.buffer = len(self._buffers)
            self._buffers.append(buffer)
        tensors.append(made)
        return len(tensors) - 1

    def constant(self, data: Array | Sequence[int] | int, dtype: str = "int32") -> int:
        """An unquantized constant: shapes, axes, paddings."""
        array = np.asarray(data, np.dtype(dtype))
        return self.tensor(array.shape, dtype, data=array)

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        graph: int = 0,
        first: bool = False,
        **options: object,
    ) -> None:
        """An operator, ``first`` ahead of all others; ``options`` are its table's fields as in the schema."""
        made = s.OperatorT()
        if name not in self._codes:
            self._codes.append(name)
        made.opcodeIndex = self._codes.index(name)
        made.inputs, made.outputs = list(inputs), list(outputs)
        table = _options_name(name)
        if table is not None:
            made.builtinOptionsType = getattr(s.BuiltinOptions, table)
            made.builtinOptions = getattr(s, f"{table}T")()
        for field, value in options.items():
            if not hasattr(made.builtinOptions, field):
                raise AttributeError(f"{table} has no field {field}")
            setattr(made.builtinOptions, field, value)
        operators = self._graphs[graph].operators
        operators.insert(0 if first else len(operators), made)

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file, with ``inputs`` and ``outputs`` of the main graph."""
        self._graphs[0].inputs, self._graphs[0].outputs = list(inputs), list(outputs)
        whole = s.ModelT()
        whole.version, whole.buffers, whole.subgraphs = 3, self._buffers, self._graphs
        whole.operatorCodes = [_code(name) for name in self._codes]
        builder = flatbuffers.Builder(4096)
        builder.Finish(whole.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _code(name: str) -> Any:
    code = s.OperatorCodeT()
    code.builtinCode = getattr(s.BuiltinOperator, name)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = VERSIONS.get(name, 1)
    return code


def _options_name(name: str) -> str | None:
    special: dict[str, str | None] = {
        "AVERAGE_POOL_2D": "Pool2DOptions",
        "MAX_POOL_2D": "Pool2DOptions",
        "MEAN": "ReducerOptions",
        "LOGISTIC": None,
        "RELU": None,
        "RELU6": None,
        "CONV_2D": "Conv2DOptions",
        "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    }
    return special.get(name, "".join(word.capitalize() for word in name.split("_")) + "Options")
