"""The tensor types of a .tflite file: how many bytes they take and which NumPy type views them.

Types narrower than a byte are stored packed, the first element in the low bits. Types that NumPy has no
name for are viewed as unsigned integers of their width, which is their bit pattern.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinykit.errors import ModelError

_NUMPY = {
    "float32": "<f4",
    "float16": "<f2",
    "float64": "<f8",
    "bfloat16": "<u2",
    "float8_e4m3fn": "u1",
    "float8_e5m2": "u1",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "i1",
    "uint64": "<u8",
    "uint32": "<u4",
    "uint16": "<u2",
    "uint8": "u1",
    "bool": "?",
    "complex64": "<c8",
    "complex128": "<c16",
    "int4": "u1",
    "uint4": "u1",
    "int2": "u1",
    "string": "u1",
}
_PACKED_BITS = {"int4": 4, "uint4": 4, "int2": 2}
_HANDLES = frozenset({"resource", "variant"})
_RANGES = {
    "int2": (-2, 1),
    "int4": (-8, 7),
    "uint4": (0, 15),
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-(1 << 15), (1 << 15) - 1),
    "uint16": (0, (1 << 16) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
}


def is_packed(dtype: str) -> bool:
    """Whether several elements share a byte."""
    return dtype in _PACKED_BITS


def has_plain_size(dtype: str) -> bool:
    """Whether dtype and shape alone say how many bytes a tensor takes (not so for strings and handles)."""
    return dtype != "string" and dtype not in _HANDLES


def numpy_dtype(dtype: str) -> np.dtype[np.generic]:
    """The NumPy type that views a tensor of this type; bytes for packed types and strings.

    Raises ``ModelError`` for handles (``resource``, ``variant``), which have no values in the file.
    """
    try:
        return np.dtype(_NUMPY[dtype])
    except KeyError:
        raise ModelError(
            f"A tensor of type {dtype} has no values that could be viewed.",
            hint="only tensors with a numeric type hold data.",
            code="MODEL_UNSUPPORTED",
        ) from None


def size_bytes(dtype: str, shape: Sequence[int]) -> int:
    """Bytes of a tensor stored plainly, packed types packed; 0 for strings and handles."""
    if not has_plain_size(dtype):
        return 0
    elements = math.prod(shape)
    bits = _PACKED_BITS.get(dtype)
    return elements * numpy_dtype(dtype).itemsize if bits is None else (elements * bits + 7) // 8


def value_range(dtype: str) -> tuple[int, int]:
    """(least, greatest) zero point that a tensor of this type may have.

    For a type that is no narrow integer that is int32's range, in which LiteRT keeps zero points.
    """
    return _RANGES.get(dtype, _RANGES["int32"])
