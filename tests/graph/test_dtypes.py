"""Sizes and NumPy types of tensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import ModelError
from tinykit.graph.dtypes import numpy_dtype, size_bytes, value_range
from tinykit.graph.schema_table import TENSOR_TYPES

shapes = st.lists(st.integers(0, 9), max_size=5).map(tuple)


@given(st.sampled_from(["float32", "int8", "int16", "int64", "bool", "complex64", "float16"]), shapes)
def test_a_tensor_takes_what_numpy_takes(dtype: str, shape: tuple[int, ...]) -> None:
    assert size_bytes(dtype, shape) == np.zeros(shape, np.dtype(dtype)).nbytes


@given(shapes)
def test_packed_types_fill_their_bytes(shape: tuple[int, ...]) -> None:
    elements = int(np.prod(shape, dtype=np.int64))
    assert size_bytes("int4", shape) == size_bytes("uint4", shape) == -(-elements // 2)
    assert size_bytes("int2", shape) == -(-elements // 4)


def test_strings_and_handles_have_no_plain_size() -> None:
    assert [size_bytes(dtype, (2, 3)) for dtype in ("string", "resource", "variant")] == [0, 0, 0]
    with pytest.raises(ModelError, match="resource"):
        numpy_dtype("resource")


def test_every_tensor_type_of_the_schema_is_known() -> None:
    for dtype in set(TENSOR_TYPES) - {"resource", "variant"}:
        assert numpy_dtype(dtype).itemsize >= 1
    assert size_bytes("bfloat16", (3,)) == 6
    assert size_bytes("float8_e4m3fn", (3,)) == 3


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32"])
def test_zero_points_lie_in_the_types_range(dtype: str) -> None:
    assert value_range(dtype) == (np.iinfo(dtype).min, np.iinfo(dtype).max)
    assert value_range("float32") == value_range("int32")
