"""Small .tflite files made with LiteRT's own writer, sound unless a test edits them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ai_edge_litert.schema_py_generated as litert
import numpy as np
from graph.litert_reading import pack


def tensor(
    name: str,
    shape: Sequence[int] = (2, 3),
    dtype: str = "FLOAT32",
    buffer: int = 0,
    scale: Sequence[float] | None = None,
    zero_point: Sequence[int] | None = None,
    axis: int = 0,
    **more: Any,
) -> Any:
    """A tensor; with ``scale``, quantized. ``more`` sets fields of LiteRT's ``TensorT``."""
    made = litert.TensorT(
        name=name,
        shape=np.array(shape, np.int32),
        type=getattr(litert.TensorType, dtype),
        buffer=buffer,
        **more,
    )
    if scale is not None:
        made.quantization = litert.QuantizationParametersT(
            scale=np.array(scale, np.float32),
            zeroPoint=None if zero_point is None else np.array(zero_point, np.int64),
            quantizedDimension=axis,
        )
    return made


def operator(
    inputs: Sequence[int], outputs: Sequence[int], options: Any = None, code: int = 0, **more: Any
) -> Any:
    """An operator; ``options`` is one of LiteRT's options objects."""
    kind = 0 if options is None else getattr(litert.BuiltinOptions, type(options).__name__.removesuffix("T"))
    return litert.OperatorT(
        opcodeIndex=code,
        inputs=np.array(inputs, np.int32),
        outputs=np.array(outputs, np.int32),
        builtinOptionsType=kind,
        builtinOptions=options,
        **more,
    )


def opcode(name: str, version: int = 1, **more: Any) -> Any:
    number = getattr(litert.BuiltinOperator, name)
    return litert.OperatorCodeT(
        deprecatedBuiltinCode=min(number, 127), builtinCode=number, version=version, **more
    )


def small_model() -> Any:
    """``y = x + constant``: tensors x (0), constant (1, buffer 1) and y (2)."""
    subgraph = litert.SubGraphT(
        tensors=[tensor("x"), tensor("c", buffer=1), tensor("y")],
        operators=[operator([0, 1], [2], litert.AddOptionsT())],
        inputs=np.array([0], np.int32),
        outputs=np.array([2], np.int32),
        name="main",
    )
    data = np.arange(6, dtype=np.float32).view(np.uint8)
    return litert.ModelT(
        version=3,
        operatorCodes=[opcode("ADD")],
        subgraphs=[subgraph],
        buffers=[litert.BufferT(), litert.BufferT(data=data)],
    )


def small_file(edit: Callable[[Any], None] | None = None) -> bytes:
    """The bytes of :func:`small_model` after ``edit``."""
    model = small_model()
    if edit is not None:
        edit(model)
    return pack(model)


def constant_file(dtype: str, shape: Sequence[int], data: bytes, **more: Any) -> bytes:
    """A file whose only use is its constant: tensor 1, of any type, beside the sound rest."""

    def edit(model: Any) -> None:
        model.subgraphs[0].tensors.append(tensor("extra", shape, dtype, buffer=2, **more))
        model.buffers.append(litert.BufferT(data=np.frombuffer(data, np.uint8)))

    return small_file(edit)
