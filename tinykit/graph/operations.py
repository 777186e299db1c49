"""One operator of the file: which builtin or custom code it is, its options, its tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinykit.graph.checks import tensor_indices
from tinykit.graph.flatbuffer import Table
from tinykit.graph.model import Operator, OptionValue
from tinykit.graph.operators import builtin_name
from tinykit.graph.schema import TableSchema, options, options_of_operators
from tinykit.graph.schema_table import ENUMERATIONS, OPERATORS
from tinykit.graph.tensors import decode


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """What operators refer to by index: a builtin's name or a custom code, and the version they need."""

    name: str
    version: int
    is_custom: bool


def read_operator_code(table: Table) -> OperatorCode:
    """An ``OperatorCode``.

    Numbers above 126 did not fit the first version's byte; LiteRT takes the larger of the old field and the
    new one (``GetBuiltinCode`` in its ``schema_utils.cc``), and so do we.
    """
    code = max(table.integer("deprecated_builtin_code"), table.integer("builtin_code"))
    name = builtin_name(code)
    if name is None or name == "PLACEHOLDER_FOR_GREATER_OP_CODES":
        table.refuse(
            "builtin_code",
            f"no builtin operator has the number {code}",
            hint="the file is damaged, or made for a runtime newer than tinykit knows: update tinykit.",
            code="MODEL_UNSUPPORTED",
        )
    version = table.integer("version")
    custom = table.text("custom_code")
    if name != "CUSTOM":
        if version < 1:
            table.refuse("version", f"version {version} of {name}")
        return OperatorCode(name, version, is_custom=False)
    if not custom:
        table.refuse("custom_code", "a custom operator without a name")
    custom_name = decode(custom)
    if custom_name in OPERATORS:
        table.refuse("custom_code", f"a custom operator under the name of the builtin {custom_name}")
    return OperatorCode(custom_name, version, is_custom=True)


def read_operator(table: Table, index: int, codes: Sequence[OperatorCode], tensors: int) -> Operator:
    """The ``Operator`` of an ``Operator`` table in a subgraph of ``tensors`` tensors."""
    opcode = table.integer("opcode_index")
    if opcode >= len(codes):
        table.refuse("opcode_index", f"operator code {opcode} of {len(codes)}")
    if table.integer("large_custom_options_offset") or table.integer("large_custom_options_size"):
        table.unsupported("large_custom_options_offset", "custom options outside the flatbuffer")
    if table.integer("builtin_options_2_type") or "builtin_options_2" in table:
        table.unsupported("builtin_options_2", f"options of the second union (operator {codes[opcode].name})")
    code = codes[opcode]
    options_type, values = _options(table, code)
    custom_options = table.array("custom_options")
    mutating = table.array("mutating_variable_inputs")
    return Operator(
        index=index,
        name=code.name,
        version=code.version,
        inputs=tensor_indices(table, "inputs", tensors, least=-1),
        outputs=tensor_indices(table, "outputs", tensors),
        options_type=options_type,
        options=values,
        custom_options=b"" if custom_options is None else custom_options.tobytes(),
        is_custom=code.is_custom,
        intermediates=tensor_indices(table, "intermediates", tensors, least=-1),
        mutating_variable_inputs=() if mutating is None else tuple((mutating != 0).tolist()),
    )


def _options(table: Table, code: OperatorCode) -> tuple[str, dict[str, OptionValue]]:
    own = None if code.is_custom else options_of_operators().get(code.name)
    member = table.integer("builtin_options_type")
    if member == 0:
        if "builtin_options" in table:
            table.refuse("builtin_options", "options without their type")
        return "", {} if own is None else {name: field.default for name, field in own.fields.items()}
    if member > len(options()):
        table.refuse("builtin_options_type", f"no options table has the number {member}")
    schema = options()[member - 1]
    if own is not None and own.fields and own is not schema:
        table.refuse("builtin_options_type", f"{schema.name} on the operator {code.name}")
    if "builtin_options" not in table:
        table.refuse("builtin_options", f"no {schema.name} where their type is given")
    return schema.name, _values(table.union("builtin_options", schema), schema)


def _values(table: Table, schema: TableSchema) -> dict[str, OptionValue]:
    values: dict[str, OptionValue] = {}
    for name, field in schema.fields.items():
        if field.kind == "str":
            text = table.text(name)
            values[name] = None if text is None else decode(text)
        elif field.kind.startswith("["):
            array = table.array(name)
            values[name] = None if array is None else tuple(array.tolist())
        else:
            value = table.scalar(name)
            members = ENUMERATIONS.get(field.kind)
            if members is not None and not 0 <= value < len(members):
                table.refuse(name, f"{field.kind} has no member {value}")
            values[name] = value
    return values
