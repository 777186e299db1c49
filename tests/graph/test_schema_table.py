"""The schema data equals what LiteRT's generated reader says: a new schema shows here."""

from __future__ import annotations

import inspect
import re

import ai_edge_litert.schema_py_generated as litert
import pytest
from graph.litert_reading import NOT_CARRIED, REFUSED, camel

from tinykit.graph import schema_table
from tinykit.graph.model import Graph, Operator, Quantization, Subgraph, Tensor
from tinykit.graph.schema import TableSchema, options, options_of_operators, structure

_TABLES = [*structure().values(), *options()]
_CLASSES = {
    "Padding": "Padding",
    "Activation": "ActivationFunctionType",
    "LshProjection": "LSHProjectionType",
    "WeightsFormat": "FullyConnectedOptionsWeightsFormat",
    "LstmKernel": "LSTMKernelType",
    "Combiner": "CombinerType",
    "MirrorPadMode": "MirrorPadMode",
    "TensorType": "TensorType",
}


def _members(enumeration: type) -> tuple[str, ...]:
    numbers = {name: number for name, number in vars(enumeration).items() if isinstance(number, int)}
    assert sorted(numbers.values()) == list(range(len(numbers)))
    return tuple(sorted(numbers, key=lambda name: numbers[name]))


def _their_fields(table: str) -> dict[str, tuple[int, str, object]]:
    """Fields of a table out of LiteRT's accessors: name -> (slot, kind, default)."""
    accessors, found = getattr(litert, table), {}
    parameters = inspect.signature(getattr(litert, f"{table}T").__init__).parameters
    for name in list(parameters)[1:]:
        source = inspect.getsource(getattr(accessors, name[0].upper() + name[1:]))
        offset = re.search(r"Offset\((\d+)\)", source)
        number = re.search(r"self\._tab\.Get\(flatbuffers\.number_types\.(\w+)Flags", source)
        member = re.search(r"obj = (\w+)\(\)", source)
        if "String(" in source:
            kind = "str"
        elif number:
            kind = {"Bool": "bool", "Float32": "f32"}.get(number[1]) or re.sub(
                r"(Ui|I)nt(\d+)", lambda found: found[1][0].lower() + found[2], number[1]
            )
        else:
            kind = member[1] if member else "union"
        vector = "Vector(" in source
        assert offset is not None
        found[name] = (int(offset[1]) // 2 - 2, f"[{kind}]" if vector else kind, parameters[name].default)
    return found


def _our_fields(table: TableSchema) -> dict[str, tuple[int, str, object]]:
    return {
        camel(name): (
            field.slot,
            "i8" if field.kind in schema_table.ENUMERATIONS else field.kind,
            field.default,
        )
        for name, field in table.fields.items()
    }


@pytest.mark.parametrize("table", _TABLES, ids=lambda table: table.name)
def test_a_table_has_the_fields_of_litert(table: TableSchema) -> None:
    assert _our_fields(table) == _their_fields(table.name)


def test_options_tables_have_the_numbers_of_litert() -> None:
    assert ("NONE", *(table.name for table in options())) == _members(litert.BuiltinOptions)


def test_operators_have_the_numbers_of_litert() -> None:
    assert _members(litert.BuiltinOperator) == schema_table.OPERATORS


@pytest.mark.parametrize(("ours", "theirs"), _CLASSES.items())
def test_enumerations_have_the_numbers_of_litert(ours: str, theirs: str) -> None:
    assert schema_table.ENUMERATIONS[ours] == _members(getattr(litert, theirs))


def test_every_enumeration_is_compared() -> None:
    assert schema_table.ENUMERATIONS.keys() == _CLASSES.keys()


def test_options_belong_to_operators_that_exist() -> None:
    assert options_of_operators().keys() <= set(schema_table.OPERATORS)
    assert all(table.operators for table in options())


def test_an_operator_is_named_like_its_options() -> None:
    """``CONV_2D`` has ``Conv2DOptions``; the tables that several operators share are listed."""
    shared = {"Pool2D", "Reducer", "Random", "Conv3D", "MaximumMinimum", "SequenceRNN", "L2Norm"}
    for table in options():
        stem = table.name.removesuffix("Options")
        if stem not in shared:
            assert [name.replace("_", "") for name in table.operators] == [stem.upper()]


_RECORDS = {
    "ModelT": (Graph, {"version": "schema_version", "signatureDefs": "signatures"}),
    "SubGraphT": (Subgraph, {}),
    "TensorT": (Tensor, {"type": "dtype"}),
    "QuantizationParametersT": (Quantization, {"quantizedDimension": "axis"}),
    "OperatorT": (Operator, {"builtinOptions": "options", "builtinOptionsType": "options_type"}),
}


@pytest.mark.parametrize("name", _RECORDS)
def test_every_field_is_carried_refused_or_left_out_on_purpose(name: str) -> None:
    record, renamed = _RECORDS[name]
    theirs = set(vars(getattr(litert, name)()))
    ours = {camel(field) for field in record.__dataclass_fields__}
    carried = {field for field in theirs if renamed.get(field, field) in ours | set(renamed.values())}
    assert carried | NOT_CARRIED[name] | REFUSED.get(name, set()) == theirs
    assert not carried & REFUSED.get(name, set())
