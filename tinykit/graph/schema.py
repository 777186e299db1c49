"""The lines of :mod:`tinykit.graph.schema_table` parsed into lookups, once and on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tinykit.graph import schema_table

_INTEGERS = {"i8", "u8", "i32", "u32", "i64", "u64", *schema_table.ENUMERATIONS}

Default = int | float | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table: its slot in the vtable, its kind as written in the schema data, its default."""

    slot: int
    kind: str
    default: Default


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: its fields by name, and the builtin operators whose options it holds (if any)."""

    name: str
    fields: dict[str, Field]
    operators: tuple[str, ...]


def _default(kind: str, text: str) -> Default:
    if kind == "bool":
        return text == "1"
    if kind == "f32":
        return float(text or 0)
    return int(text or 0) if kind in _INTEGERS else None


def _parse(text: str) -> dict[str, TableSchema]:
    tables = {}
    for line in text.replace("\n    ", " ").strip().splitlines():
        head, _, body = line.partition(" : ")
        name, _, operators = head.partition(" < ")
        fields = {}
        for slot, item in enumerate(body.split()):
            if item != "-":
                field, _, kind = item.partition(":")
                kind, _, default = kind.partition("=")
                fields[field] = Field(slot, kind, _default(kind, default))
        tables[name] = TableSchema(name, fields, tuple(operators.split()))
    return tables


@cache
def structure() -> dict[str, TableSchema]:
    """The tables a file is made of (``Model``, ``SubGraph``, ``Tensor``, ...) by name."""
    return _parse(schema_table.STRUCTURE)


@cache
def options() -> tuple[TableSchema, ...]:
    """The options tables; a table's number in the union ``BuiltinOptions`` is its index + 1."""
    return tuple(_parse(schema_table.OPTIONS).values())


@cache
def options_of_operators() -> dict[str, TableSchema]:
    """The options table that each builtin operator takes; operators that take none are absent."""
    return {operator: table for table in options() for operator in table.operators}
