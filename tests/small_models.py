"""Models of one operator, made with LiteRT's own schema."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as s


def tensor(shape: list[int], kind: int, scale: float = 0.0, zero_point: int = 0) -> s.TensorT:
    result = s.TensorT()
    result.shape, result.type, result.buffer, result.name = shape, kind, 0, "t"
    if scale:
        result.quantization = s.QuantizationParametersT()
        result.quantization.scale = [scale]
        result.quantization.zeroPoint = [zero_point]
    return result


def model(
    code: int, tensors: list[s.TensorT], inputs: list[int], outputs: list[int], subgraph_inputs: list[int]
) -> bytes:
    kind = s.OperatorCodeT()
    kind.builtinCode = kind.deprecatedBuiltinCode = code
    kind.version = 1
    operator = s.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, inputs, outputs
    graph = s.SubGraphT()
    graph.tensors, graph.operators = tensors, [operator]
    graph.inputs, graph.outputs = subgraph_inputs, outputs
    whole = s.ModelT()
    whole.version, whole.operatorCodes, whole.subgraphs, whole.buffers = 3, [kind], [graph], [s.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def quantize_model(n: int, scale: float, zero_point: int, dtype: type = np.int8) -> bytes:
    """One QUANTIZE: float32 (1, n) in, ``dtype`` (1, n) out."""
    kinds = {np.int8: s.TensorType.INT8, np.uint8: s.TensorType.UINT8, np.int16: s.TensorType.INT16}
    tensors = [tensor([1, n], s.TensorType.FLOAT32), tensor([1, n], kinds[dtype], scale, zero_point)]
    return model(s.BuiltinOperator.QUANTIZE, tensors, [0], [1], [0])


def dequantize_model(n: int, scale: float, zero_point: int) -> bytes:
    """One DEQUANTIZE: int8 (1, n) in, float32 (1, n) out."""
    tensors = [tensor([1, n], s.TensorType.INT8, scale, zero_point), tensor([1, n], s.TensorType.FLOAT32)]
    return model(s.BuiltinOperator.DEQUANTIZE, tensors, [0], [1], [0])


def negate_model(shape: list[int]) -> bytes:
    """One NEG on float32 of any shape."""
    tensors = [tensor(shape, s.TensorType.FLOAT32), tensor(shape, s.TensorType.FLOAT32)]
    return model(s.BuiltinOperator.NEG, tensors, [0], [1], [0])


def add_model(n: int) -> bytes:
    """One ADD of two float32 inputs (1, n)."""
    tensors = [tensor([1, n], s.TensorType.FLOAT32) for _ in range(3)]
    return model(s.BuiltinOperator.ADD, tensors, [0, 1], [2], [0, 1])
