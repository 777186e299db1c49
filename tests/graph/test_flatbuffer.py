"""Reading primitives: right values out of sound bytes, ModelError with the place out of all others."""

from __future__ import annotations

import struct
import tracemalloc

import ai_edge_litert.schema_py_generated as litert
import flatbuffers
import numpy as np
import pytest
from graph.files import small_file
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import ModelError
from tinykit.graph.flatbuffer import File, Table
from tinykit.graph.reader import parse_model
from tinykit.graph.schema import Field, TableSchema

_SCHEMA = TableSchema(
    "Probe",
    {
        "number": Field(0, "i32", 7),
        "name": Field(1, "str", None),
        "values": Field(2, "[i64]", None),
        "tensor": Field(3, "Tensor", None),
        "tensors": Field(4, "[Tensor]", None),
    },
    (),
)


def _probe(slots: tuple[int, ...], body: bytes, position: int = 64) -> Table:
    """A table at ``position`` with vtable ``slots``; its inline part and what follows are ``body``."""
    vtable = struct.pack(f"<HH{len(slots)}H", 4 + 2 * len(slots), 4 + 24, *slots)
    data = bytearray(position + 4) + body
    data[: len(vtable)] = vtable
    struct.pack_into("<i", data, position, position)
    return Table(File(bytes(data), "probe"), position, _SCHEMA, "root")


def test_an_absent_field_has_its_default() -> None:
    table = _probe((0, 0), bytes(24))
    assert table.integer("number") == 7
    assert table.text("name") is None
    assert table.array("values") is None
    assert list(table.tables("tensors")) == []


def test_values_are_read() -> None:
    inline = struct.pack("<iII12x", -5, 4 + 16, 4 + 20)
    table = _probe(
        (4, 8, 12), inline + struct.pack("<I4s", 3, b"abc\0") + struct.pack("<Iqq", 2, -1, 1 << 40)
    )
    assert table.integer("number") == -5
    assert table.text("name") == b"abc"
    values = table.array("values")
    assert values is not None
    assert values.tolist() == [-1, 1 << 40]
    assert not values.flags.writeable


@pytest.mark.parametrize(
    ("slots", "body", "what"),
    [
        ((28,), bytes(24), "root.number: lies outside its table"),
        ((2,), bytes(24), "root.number: lies outside its table"),
        ((0, 4), bytes(24), "root.name: a null offset"),
        ((0, 4), struct.pack("<I20x", 999), "root.name: points at bytes"),
        ((0, 4), struct.pack("<I20x", 24) + struct.pack("<I", 9), "root.name: points at bytes"),
        ((0, 4), struct.pack("<I20x", 24) + struct.pack("<I2s", 1, b"ab"), "closing zero"),
        ((0, 0, 4), struct.pack("<I20x", 24) + struct.pack("<I", 0xFFFFFFFF), "root.values: points at"),
        ((0, 0, 0, 4), struct.pack("<I20x", 24) + struct.pack("<i", 1 << 30), "root.tensor: points at"),
        ((0, 0, 0, 0, 4), struct.pack("<I20x", 24) + struct.pack("<II", 1, 0), r"root.tensors\[0\]: a null"),
    ],
)
def test_a_bad_offset_is_refused_with_its_place(slots: tuple[int, ...], body: bytes, what: str) -> None:
    table = _probe(slots, body)
    with pytest.raises(ModelError, match=what):
        for name, read in {
            "number": table.integer,
            "name": table.text,
            "values": table.array,
            "tensor": table.table,
        }.items():
            if name in table:
                read(name)
        list(table.tables("tensors"))


@pytest.mark.parametrize("vtable", [(3, 28), (5, 28), (4, 2), (0xFFFE, 28), (4, 0xFFFF)])
def test_a_bad_vtable_is_refused(vtable: tuple[int, int]) -> None:
    data = struct.pack("<HHi", *vtable, 4) + bytes(24)
    with pytest.raises(ModelError, match="root"):
        Table(File(data, "probe"), 4, _SCHEMA, "root")


@given(st.binary(max_size=200))
def test_any_bytes_end_in_model_error(noise: bytes) -> None:
    with pytest.raises(ModelError):
        parse_model(noise)
    with pytest.raises(ModelError):
        parse_model(noise[:4].ljust(4, b"\0") + b"TFL3" + noise[4:])


@given(st.integers(0, 10**9), st.binary(min_size=1, max_size=8))
def test_any_patch_is_read_or_refused(place: int, patch: bytes) -> None:
    data = bytearray(small_file())
    place %= len(data)
    data[place : place + len(patch)] = patch
    try:
        parse_model(bytes(data))
    except ModelError as error:
        assert error.hint


def _vector_of_one(builder: flatbuffers.Builder, start: object, offset: int, count: int) -> int:
    start(builder, count)  # type: ignore[operator]
    for _ in range(count):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _finish(builder: flatbuffers.Builder, **vectors: int) -> bytes:
    litert.ModelStart(builder)
    litert.ModelAddVersion(builder, 3)
    for name, vector in vectors.items():
        getattr(litert, f"ModelAdd{name}")(builder, vector)
    builder.Finish(litert.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _one_tensor_many_times() -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    shape = builder.CreateNumpyVector(np.ones(4, np.int32))
    scale = builder.CreateNumpyVector(np.ones(1, np.float32))
    litert.QuantizationParametersStart(builder)
    litert.QuantizationParametersAddScale(builder, scale)
    quantization = litert.QuantizationParametersEnd(builder)
    litert.TensorStart(builder)
    litert.TensorAddShape(builder, shape)
    litert.TensorAddQuantization(builder, quantization)
    tensor = litert.TensorEnd(builder)
    tensors = _vector_of_one(builder, litert.SubGraphStartTensorsVector, tensor, 40_000)
    litert.SubGraphStart(builder)
    litert.SubGraphAddTensors(builder, tensors)
    subgraphs = _vector_of_one(builder, litert.ModelStartSubgraphsVector, litert.SubGraphEnd(builder), 1)
    return _finish(builder, Subgraphs=subgraphs)


def _one_buffer_many_times() -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    litert.BufferStart(builder)
    buffers = _vector_of_one(builder, litert.ModelStartBuffersVector, litert.BufferEnd(builder), 100_000)
    return _finish(builder, Buffers=buffers)


def _one_megabyte_as_many_metadata() -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    payload = builder.CreateByteVector(bytes(1 << 20))
    litert.BufferStart(builder)
    litert.BufferAddData(builder, payload)
    buffers = _vector_of_one(builder, litert.ModelStartBuffersVector, litert.BufferEnd(builder), 1)
    litert.MetadataStart(builder)
    entries = _vector_of_one(builder, litert.ModelStartMetadataVector, litert.MetadataEnd(builder), 20_000)
    litert.SubGraphStart(builder)
    subgraphs = _vector_of_one(builder, litert.ModelStartSubgraphsVector, litert.SubGraphEnd(builder), 1)
    return _finish(builder, Subgraphs=subgraphs, Buffers=buffers, Metadata=entries)


def _one_list_of_inputs_for_many_operators() -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    inputs = builder.CreateNumpyVector(np.full(50_000, -1, np.int32))
    litert.OperatorStart(builder)
    litert.OperatorAddInputs(builder, inputs)
    operator = litert.OperatorEnd(builder)
    operators = _vector_of_one(builder, litert.SubGraphStartOperatorsVector, operator, 50_000)
    litert.SubGraphStart(builder)
    litert.SubGraphAddOperators(builder, operators)
    subgraphs = _vector_of_one(builder, litert.ModelStartSubgraphsVector, litert.SubGraphEnd(builder), 1)
    litert.OperatorCodeStart(builder)
    codes = _vector_of_one(builder, litert.ModelStartOperatorCodesVector, litert.OperatorCodeEnd(builder), 1)
    return _finish(builder, Subgraphs=subgraphs, OperatorCodes=codes)


@pytest.mark.parametrize(
    "make",
    [
        _one_tensor_many_times,
        _one_buffer_many_times,
        _one_megabyte_as_many_metadata,
        _one_list_of_inputs_for_many_operators,
    ],
)
def test_offsets_that_share_a_target_are_refused_before_they_cost_memory(make: object) -> None:
    data = make()  # type: ignore[operator]
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="overlap so much"):
            parse_model(data)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 40 * len(data)


def test_a_large_file_may_not_make_us_visit_more_than_a_small_one() -> None:
    file = File(bytes(64 << 20), "m.tflite")
    file.spend(1 << 28, "tensors")
    with pytest.raises(ModelError, match="overlap"):
        file.spend((1 << 20) + 1, "tensors")
