"""One tensor of the file: type, shape, quantization and constant data, each checked against the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.graph import dtypes
from tinykit.graph.flatbuffer import File, Table
from tinykit.graph.model import Quantization, Tensor
from tinykit.graph.schema_table import TENSOR_TYPES

# NumPy 1 views at most 32 dimensions; LiteRT's kernels take 6 to 8.
_MAX_RANK = 32
# LiteRT's kernels index elements with 32-bit signed integers.
_MAX_ELEMENTS = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """Where a buffer's bytes lie in the file."""

    start: int
    size: int


def decode(name: bytes | None) -> str:
    r"""A name of the file as text; bytes that are not UTF-8 become ``\xNN``, so that it can be printed."""
    return "" if name is None else name.decode("utf-8", errors="backslashreplace")


def read_buffers(model: Table) -> list[Span | None]:
    """Where each buffer's data lie; None for a buffer without data."""
    buffers = []
    for buffer in model.tables("buffers"):
        # Writers put 1 there as a placeholder; more is a place behind the flatbuffer (files > 2 GiB).
        for name in ("offset", "size"):
            if buffer.integer(name) > 1:
                buffer.unsupported(name, "buffers outside the flatbuffer")
        span = buffer.span("data")
        buffers.append(None if span is None else Span(*span))
    return buffers


def read_tensor(table: Table, index: int, buffers: Sequence[Span | None]) -> Tensor:
    """The ``Tensor`` of a ``Tensor`` table, with its constant data as a view on the file."""
    if "sparsity" in table:
        table.unsupported("sparsity", "sparse tensors")
    if table.count("variant_tensors"):
        table.unsupported("variant_tensors", "variant tensors")
    if table.integer("external_buffer"):
        table.unsupported("external_buffer", "external buffers")
    code = table.integer("type")
    if not 0 <= code < len(TENSOR_TYPES):
        table.refuse("type", f"no tensor type has the number {code}")
    dtype = TENSOR_TYPES[code]
    shape = _shape(table, "shape", least=0)
    if math.prod(shape) > _MAX_ELEMENTS:
        table.refuse("shape", f"more than {_MAX_ELEMENTS} elements")
    signature = _shape(table, "shape_signature", least=-1)
    data = _constant(table, dtype, shape, buffers)
    quantization = _quantization(table, dtype, shape)
    if quantization is not None and not (quantization.scale > 0).all():
        _check_zero_scales(table, dtype, quantization, data)
    return Tensor(
        index=index,
        name=decode(table.text("name")),
        dtype=dtype,
        shape=shape,
        shape_signature=signature if "shape_signature" in table else shape,
        buffer=table.integer("buffer"),
        quantization=quantization,
        is_variable=bool(table.scalar("is_variable")),
        data=data,
        has_rank=bool(table.scalar("has_rank")),
    )


def _shape(table: Table, name: str, least: int) -> tuple[int, ...]:
    dims = table.array(name)
    if dims is None:
        return ()
    if len(dims) > _MAX_RANK:
        table.refuse(name, f"{len(dims)} dimensions, more than {_MAX_RANK}")
    shape: tuple[int, ...] = tuple(dims.tolist())
    if any(dim < least for dim in shape):
        table.refuse(name, f"a dimension below {least} in {shape}")
    return shape


def _constant(
    table: Table, dtype: str, shape: tuple[int, ...], buffers: Sequence[Span | None]
) -> npt.NDArray[np.generic] | None:
    buffer = table.integer("buffer")
    # Buffer 0 means "no data" whatever it holds; a file without tensors' data may have no buffers at all.
    if buffer == 0:
        return None
    if buffer >= len(buffers):
        table.refuse("buffer", f"buffer {buffer} of {len(buffers)}")
    span = buffers[buffer]
    # Writers leave empty data behind on activations; an empty constant is found by its shape.
    if span is None or (span.size == 0 and math.prod(shape) != 0):
        return None
    if table.scalar("is_variable"):
        table.refuse("buffer", "a variable with constant data")
    file = table.file
    if dtype == "string":
        return np.frombuffer(file.data, np.uint8, span.size, span.start)
    if not dtypes.has_plain_size(dtype):
        table.refuse("buffer", f"a tensor of type {dtype} with constant data")
    expected = dtypes.size_bytes(dtype, shape)
    if span.size != expected:
        table.refuse("buffer", f"{span.size} bytes for {dtype} {list(shape)}, which takes {expected}")
    if dtype == "bool":
        _check_truth_values(table, file, span)
    numpy_dtype = dtypes.numpy_dtype(dtype)
    view = np.frombuffer(file.data, numpy_dtype, span.size // numpy_dtype.itemsize, span.start)
    return view if dtypes.is_packed(dtype) else view.reshape(shape)


def _check_truth_values(table: Table, file: File, span: Span) -> None:
    file.spend(span.size, table.place)
    if span.size and np.frombuffer(file.data, np.uint8, span.size, span.start).max() > 1:
        table.refuse("buffer", "a truth value that is neither 0 nor 1")


def _quantization(tensor: Table, dtype: str, shape: tuple[int, ...]) -> Quantization | None:
    """None unless there is a scale: writers put an empty table on every float tensor."""
    table = tensor.table("quantization")
    if table is None:
        return None
    if table.integer("details_type") or "details" in table:
        table.unsupported("details", "blockwise, multi-axis and custom quantization")
    scale, zero_point = _floats(table, "scale"), _zero_point(table)
    least, greatest = _floats(table, "min"), _floats(table, "max")
    axis = table.integer("quantized_dimension")
    if len(scale) == 0:
        return None
    if axis < 0 or (shape and axis >= len(shape)):
        table.refuse("quantized_dimension", f"axis {axis} of {len(shape)}")
    if len(scale) != 1 and (not shape or len(scale) != shape[axis]):
        table.refuse("scale", f"{len(scale)} scales along axis {axis} of {list(shape)}")
    if not (np.isfinite(scale).all() and (scale >= 0).all()):
        table.refuse("scale", "a scale that is not a positive number")
    if len(zero_point) == 0:
        zero_point = np.zeros(len(scale), np.int64)
        zero_point.flags.writeable = False
    if len(zero_point) != len(scale):
        table.refuse("zero_point", f"{len(zero_point)} zero points for {len(scale)} scales")
    low, high = dtypes.value_range(dtype)
    if zero_point.min() < low or zero_point.max() > high:
        table.refuse("zero_point", f"a zero point outside {low}..{high}, the range of {dtype}")
    return Quantization(scale=scale, zero_point=zero_point, axis=axis, min=least, max=greatest)


def _check_zero_scales(
    table: Table, dtype: str, quantization: Quantization, data: npt.NDArray[np.generic] | None
) -> None:
    """A scale of 0 is right only for constants that are 0 all along it.

    Converters write that for channels whose weights are all 0 (TensorFlow 2.21 with 16-bit activations, or
    with ``experimental_new_quantizer=False``).
    """
    if data is None or dtypes.is_packed(dtype):
        table.refuse("quantization.scale", "a scale that is not a positive number")
    table.file.spend(data.nbytes, table.place)
    lines = np.moveaxis(data, quantization.axis, 0) if quantization.per_axis else data[np.newaxis]
    for channel in np.flatnonzero(quantization.scale == 0):
        if (lines[channel] != quantization.zero_point[channel]).any():
            table.refuse("quantization.scale", f"scale {channel} is 0, but the constant's values are not")


def _floats(table: Table, name: str) -> npt.NDArray[np.float32]:
    values = table.array(name)
    return np.frombuffer(b"", np.float32) if values is None else values.astype(np.float32, copy=False)


def _zero_point(table: Table) -> npt.NDArray[np.int64]:
    values = table.array("zero_point")
    return np.frombuffer(b"", np.int64) if values is None else values.astype(np.int64, copy=False)
