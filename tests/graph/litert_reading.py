"""LiteRT's own reading of a .tflite file (its object API, ``ModelT``), compared with ours field for field."""

from __future__ import annotations

import re
from typing import Any

import ai_edge_litert.schema_py_generated as litert
import numpy as np

from tinykit.graph.model import Graph, Operator, Quantization, Subgraph, Tensor
from tinykit.graph.schema import options
from tinykit.graph.schema_table import OPERATORS
from tinykit.graph.tensors import decode

# Fields of LiteRT's classes that a Graph leaves out on purpose. Those after "refused" never get that far.
NOT_CARRIED = {
    "ModelT": {"metadataBuffer", "operatorCodes", "buffers"},
    "SubGraphT": {"debugMetadataIndex"},
    "TensorT": set(),
    "QuantizationParametersT": {"detailsType"},
    "OperatorT": {"customOptionsFormat", "debugMetadataIndex", "opcodeIndex"},
    "SignatureDefT": set(),
    "TensorMapT": set(),
    "MetadataT": set(),
}
REFUSED = {
    "ModelT": {"externalBufferGroups", "externalBuffers"},
    "TensorT": {"sparsity", "variantTensors", "externalBuffer"},
    "QuantizationParametersT": {"details"},
    "OperatorT": {
        "largeCustomOptionsOffset",
        "largeCustomOptionsSize",
        "builtinOptions2Type",
        "builtinOptions2",
    },
}


def camel(name: str) -> str:
    """``dilation_w_factor`` as LiteRT's generated Python names it: ``dilationWFactor``."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def unpack(data: bytes) -> Any:
    return litert.ModelT.InitFromPackedBuf(data)


def pack(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def differences(graph: Graph, data: bytes) -> list[str]:
    """Every place where ``graph`` and LiteRT's reading of ``data`` disagree, as text; empty = equal."""
    model = unpack(data)
    found: list[str] = []

    def same(place: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            found.append(f"{place}: {ours!r} instead of {theirs!r}")

    same("version", graph.schema_version, model.version)
    same("description", graph.description, decode(model.description))
    same("metadata", graph.metadata, tuple(_metadata(entry, model) for entry in model.metadata or ()))
    same("signatures", [_ours(s) for s in graph.signatures], [_theirs(s) for s in model.signatureDefs or ()])
    same("subgraphs", len(graph.subgraphs), len(model.subgraphs))
    for i, (ours, theirs) in enumerate(zip(graph.subgraphs, model.subgraphs, strict=True)):
        _subgraph(f"subgraphs[{i}]", ours, theirs, model, same)
    return found


def _metadata(entry: Any, model: Any) -> tuple[str, bytes]:
    return decode(entry.name), _bytes(model.buffers[entry.buffer].data)


def _bytes(values: Any) -> bytes:
    return b"" if values is None else np.asarray(values).tobytes()


def _ints(values: Any) -> tuple[int, ...]:
    return () if values is None else tuple(int(value) for value in values)


def _ours(signature: Any) -> object:
    return signature.key, signature.subgraph, signature.inputs, signature.outputs


def _theirs(signature: Any) -> object:
    maps = [
        tuple((decode(entry.name), entry.tensorIndex) for entry in entries or ())
        for entries in (signature.inputs, signature.outputs)
    ]
    return decode(signature.signatureKey), signature.subgraphIndex, *maps


def _subgraph(place: str, ours: Subgraph, theirs: Any, model: Any, same: Any) -> None:
    same(f"{place}.name", ours.name, decode(theirs.name))
    same(f"{place}.inputs", ours.inputs, _ints(theirs.inputs))
    same(f"{place}.outputs", ours.outputs, _ints(theirs.outputs))
    same(f"{place}.tensors", len(ours.tensors), len(theirs.tensors or ()))
    same(f"{place}.operators", len(ours.operators), len(theirs.operators or ()))
    for i, (tensor, its) in enumerate(zip(ours.tensors, theirs.tensors or (), strict=True)):
        _tensor(f"{place}.tensors[{i}]", tensor, its, model, same)
    for i, (operator, its) in enumerate(zip(ours.operators, theirs.operators or (), strict=True)):
        _operator(f"{place}.operators[{i}]", operator, its, model, same)


def _tensor(place: str, ours: Tensor, theirs: Any, model: Any, same: Any) -> None:
    same(f"{place}.name", ours.name, decode(theirs.name))
    same(f"{place}.type", ours.dtype.upper(), _member(litert.TensorType, theirs.type))
    same(f"{place}.shape", ours.shape, _ints(theirs.shape))
    signature = theirs.shape if theirs.shapeSignature is None else theirs.shapeSignature
    same(f"{place}.shape_signature", ours.shape_signature, _ints(signature))
    same(f"{place}.buffer", ours.buffer, theirs.buffer)
    same(f"{place}.is_variable", ours.is_variable, theirs.isVariable)
    same(f"{place}.has_rank", ours.has_rank, theirs.hasRank)
    data = _bytes(model.buffers[theirs.buffer].data) if theirs.buffer else b""
    same(f"{place}.data", b"" if ours.data is None else ours.data.tobytes(), data)
    its = theirs.quantization
    if its is None or its.scale is None or len(its.scale) == 0:
        same(f"{place}.quantization", ours.quantization, None)
    elif ours.quantization is None:
        same(f"{place}.quantization", None, its)
    else:
        _quantization(f"{place}.quantization", ours.quantization, its, same)


def _quantization(place: str, ours: Quantization, theirs: Any, same: Any) -> None:
    same(f"{place}.scale", ours.scale.tobytes(), _bytes(theirs.scale))
    zero_point = theirs.zeroPoint
    if zero_point is None or len(zero_point) == 0:
        zero_point = np.zeros(len(theirs.scale), np.int64)
    same(f"{place}.zero_point", ours.zero_point.tobytes(), _bytes(zero_point))
    same(f"{place}.min", ours.min.tobytes(), _bytes(theirs.min))
    same(f"{place}.max", ours.max.tobytes(), _bytes(theirs.max))
    same(f"{place}.axis", ours.axis, theirs.quantizedDimension)


def _operator(place: str, ours: Operator, theirs: Any, model: Any, same: Any) -> None:
    code = model.operatorCodes[theirs.opcodeIndex]
    number = max(code.deprecatedBuiltinCode, code.builtinCode)
    custom = number == litert.BuiltinOperator.CUSTOM
    same(f"{place}.is_custom", ours.is_custom, custom)
    same(f"{place}.name", ours.name, decode(code.customCode) if custom else OPERATORS[number])
    same(f"{place}.version", ours.version, code.version)
    same(f"{place}.inputs", ours.inputs, _ints(theirs.inputs))
    same(f"{place}.outputs", ours.outputs, _ints(theirs.outputs))
    same(f"{place}.intermediates", ours.intermediates, _ints(theirs.intermediates))
    flags = theirs.mutatingVariableInputs
    flags = () if flags is None else tuple(bool(flag) for flag in np.asarray(flags).view(np.uint8))
    same(f"{place}.mutating_variable_inputs", ours.mutating_variable_inputs, flags)
    same(f"{place}.custom_options", ours.custom_options, _bytes(theirs.customOptions))
    if theirs.builtinOptionsType == 0:
        same(f"{place}.options_type", ours.options_type, "")
        return
    same(f"{place}.options_type", ours.options_type, options()[theirs.builtinOptionsType - 1].name)
    same(f"{place}.options_type", f"{ours.options_type}T", type(theirs.builtinOptions).__name__)
    same(
        f"{place}.options",
        {camel(name): _comparable(value) for name, value in ours.options.items()},
        {name: _comparable(value) for name, value in vars(theirs.builtinOptions).items()},
    )


def _comparable(value: Any) -> object:
    """A value that is equal to itself also where it holds a NaN, with its type."""
    if isinstance(value, bytes):
        return decode(value)
    if isinstance(value, np.ndarray):
        return repr(tuple(value.tolist()))
    return repr(value) if isinstance(value, tuple | float | bool | int) else value


def _member(enumeration: type, number: int) -> str:
    return next(name for name, value in vars(enumeration).items() if value == number)
