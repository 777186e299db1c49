"""Reading flatbuffer primitives out of bytes that may be hostile.

Every read is checked against the file before it happens, and every failure is a
:class:`~tinykit.errors.ModelError` that names the place as a path through the schema, such as
``subgraphs[0].operators[3].inputs``.

Offsets in a flatbuffer may alias: a megabyte of offsets can all point at one megabyte of strings. What is
visited is therefore charged to a budget proportional to the file, which honest files, where next to nothing
is visited twice, cannot exhaust.

The encoding is described in the FlatBuffers documentation under "Internals": a table begins with a signed
32-bit offset back to its vtable; the vtable holds its own size, the table's size and one unsigned 16-bit
field offset per slot (0 = absent); strings, vectors and tables are unsigned 32-bit offsets forward.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from tinykit.errors import ModelError
from tinykit.graph.schema import TableSchema, structure

_SCALARS = {
    "i8": struct.Struct("<b"),
    "u8": struct.Struct("<B"),
    "i32": struct.Struct("<i"),
    "u32": struct.Struct("<I"),
    "i64": struct.Struct("<q"),
    "u64": struct.Struct("<Q"),
    "f32": struct.Struct("<f"),
    "bool": struct.Struct("<?"),
}
_ENUMERATION = _SCALARS["i8"]
_I32 = _SCALARS["i32"]
_U32 = _SCALARS["u32"]
_U16_PAIR = struct.Struct("<HH")
_VECTORS: dict[str, np.dtype[np.generic]] = {
    "[u8]": np.dtype("u1"),
    "[bool]": np.dtype("u1"),
    "[i32]": np.dtype("<i4"),
    "[i64]": np.dtype("<i8"),
    "[f32]": np.dtype("<f4"),
}

# One table becomes up to a kilobyte of Python objects, one number in a tuple about forty bytes. With these
# charges and this budget the worst files that tests make take 24 times their own size; real ones spend 1 to 3
# of the 16. A large file is large by its weights, which are not visited: its structure may cost no more than
# that of a small one.
_BUDGET_PER_BYTE = 16
_BUDGET_MOST = 1 << 28
_BUDGET_FREE = 1 << 20
_COST_TABLE = 256
_COST_BYTE = 4

_PLAIN = "Convert the model again with built-in operators and plain dense weights only."
_DAMAGED = "The file is damaged or was cut short, or its writer was at fault: fetch it or convert it again."


class File:
    """The bytes of one file, and what may still be visited of them."""

    __slots__ = ("_budget", "data", "name")

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self._budget = min(_BUDGET_PER_BYTE * len(data), _BUDGET_MOST) + _BUDGET_FREE

    def refuse(self, place: str, what: str, *, hint: str = _DAMAGED, code: str = "MODEL_DAMAGED") -> NoReturn:
        """Raise the ``ModelError`` that says ``what`` is wrong at ``place``."""
        where = f"{self.name}: {place}" if place else self.name
        raise ModelError(f"{where}: {what}", hint=hint, code=code)

    def spend(self, bytes_visited: int, place: str) -> None:
        """Charge ``bytes_visited``; refuse the file when it makes us visit far more than it holds."""
        self._budget -= bytes_visited
        if self._budget < 0:
            self.refuse(place, "the parts of the file overlap so much that reading them all would not end")

    def need(self, start: int, size: int, place: str) -> None:
        """Refuse unless the ``size`` bytes from ``start`` lie inside the file."""
        if start < 0 or start + size > len(self.data):
            self.refuse(place, f"points at bytes {start}..{start + size} of a file of {len(self.data)} bytes")

    def follow(self, position: int, place: str) -> int:
        """The position that the unsigned offset stored at ``position`` points at."""
        self.need(position, 4, place)
        (offset,) = _U32.unpack_from(self.data, position)
        if offset == 0:
            self.refuse(place, "a null offset")
        target: int = position + offset
        self.need(target, 4, place)
        return target

    def root(self, table: str) -> Table:
        """The table that the file's first four bytes point at."""
        return Table(self, self.follow(0, "root table"), structure()[table], "")


class Table:
    """One table of the file; its fields are read by name, with the kinds and defaults of ``schema``."""

    __slots__ = ("_offsets", "_position", "_size", "file", "place", "schema")

    def __init__(self, file: File, position: int, schema: TableSchema, place: str) -> None:
        self.file = file
        self.schema = schema
        self.place = place
        self._position = position
        file.need(position, 4, place)
        vtable = position - _I32.unpack_from(file.data, position)[0]
        file.need(vtable, 4, place)
        vtable_size, self._size = _U16_PAIR.unpack_from(file.data, vtable)
        if vtable_size < 4 or vtable_size % 2 or self._size < 4:
            file.refuse(place, "its vtable is not one")
        file.need(vtable, vtable_size, place)
        file.need(position, self._size, place)
        file.spend(_COST_TABLE + vtable_size, place)
        self._offsets = struct.unpack_from(f"<{vtable_size // 2 - 2}H", file.data, vtable + 4)

    def __contains__(self, name: str) -> bool:
        """Whether the file holds the field (and does not leave it at its default)."""
        slot = self.schema.fields[name].slot
        return slot < len(self._offsets) and self._offsets[slot] != 0

    def refuse(self, name: str, what: str, *, hint: str = _DAMAGED, code: str = "MODEL_DAMAGED") -> NoReturn:
        """Raise the ``ModelError`` that says ``what`` is wrong with field ``name``."""
        self.file.refuse(self._at(name), what, hint=hint, code=code)

    def unsupported(self, name: str, what: str, hint: str = _PLAIN) -> NoReturn:
        """Refuse a sound file that holds something tinykit does not read."""
        self.refuse(name, f"{what} are not supported", hint=hint, code="MODEL_UNSUPPORTED")

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def _inline(self, name: str, width: int) -> int:
        """Where the field's ``width`` bytes begin."""
        offset: int = self._offsets[self.schema.fields[name].slot]
        if offset < 4 or offset + width > self._size:
            self.refuse(name, "lies outside its table")
        return self._position + offset

    def _target(self, name: str) -> int:
        return self.file.follow(self._inline(name, 4), self._at(name))

    def scalar(self, name: str) -> int | float | bool:
        """A number, an enumeration's number, or a truth value."""
        field = self.schema.fields[name]
        if name not in self:
            return field.default  # type: ignore[return-value]  # scalars always have one
        codec = _SCALARS.get(field.kind, _ENUMERATION)
        value: int | float | bool = codec.unpack_from(self.file.data, self._inline(name, codec.size))[0]
        return value

    def integer(self, name: str) -> int:
        """A scalar field that holds an integer."""
        return int(self.scalar(name))

    def _vector(self, name: str, width: int) -> tuple[int, int]:
        """(first byte, number of elements) of a vector; its elements lie inside the file."""
        target = self._target(name)
        (count,) = _U32.unpack_from(self.file.data, target)
        self.file.need(target + 4, count * width, self._at(name))
        return target + 4, count

    def text(self, name: str) -> bytes | None:
        """The bytes of a string, or None where it is absent."""
        if name not in self:
            return None
        start, count = self._vector(name, 1)
        self.file.need(start, count + 1, self._at(name))
        if self.file.data[start + count] != 0:
            self.refuse(name, "a string without its closing zero byte")
        self.file.spend(_COST_BYTE * count, self._at(name))
        return self.file.data[start : start + count]

    def array(self, name: str) -> npt.NDArray[np.generic] | None:
        """A vector of numbers as a read-only 1-D view on the file, or None where it is absent."""
        if name not in self:
            return None
        dtype = _VECTORS[self.schema.fields[name].kind]
        start, count = self._vector(name, dtype.itemsize)
        self.file.spend(_COST_BYTE * count * dtype.itemsize, self._at(name))
        return np.frombuffer(self.file.data, dtype, count, start)

    def span(self, name: str) -> tuple[int, int] | None:
        """(first byte, size) of a vector of bytes that is not visited, or None where it is absent."""
        return self._vector(name, 1) if name in self else None

    def table(self, name: str) -> Table | None:
        """A table of the kind that the schema says, or None where it is absent."""
        if name not in self:
            return None
        return Table(
            self.file, self._target(name), structure()[self.schema.fields[name].kind], self._at(name)
        )

    def union(self, name: str, member: TableSchema) -> Table:
        """The union's table, read as ``member``. It must be present."""
        return Table(self.file, self._target(name), member, self._at(name))

    def count(self, name: str) -> int:
        """The number of elements of a vector of offsets, 0 where it is absent."""
        return self._vector(name, 4)[1] if name in self else 0

    def tables(self, name: str) -> Iterator[Table]:
        """The tables of a vector of tables, one after the other; none where it is absent."""
        if name not in self:
            return
        schema = structure()[self.schema.fields[name].kind[1:-1]]
        start, count = self._vector(name, 4)
        for i in range(count):
            place = f"{self._at(name)}[{i}]"
            yield Table(self.file, self.file.follow(start + 4 * i, place), schema, place)
