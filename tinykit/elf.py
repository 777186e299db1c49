"""Reading the images that our toolchains write: 32-bit little-endian Arm executables (System V ABI, ELF)."""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tinykit.errors import BuildError

_SYMTAB = 2
_NOBITS = 8
_PT_LOAD = 1
_STT_OBJECT = 1
_STT_FUNC = 2
_SHF_ALLOC = 2
_SHN_ABS = 0xFFF1


@dataclass(frozen=True)
class Section:
    """A part of the image. ``has_bytes`` is False for what is only reserved in RAM."""

    name: str
    address: int
    size_bytes: int
    has_bytes: bool
    is_loaded: bool


@dataclass(frozen=True)
class Segment:
    """Bytes to be put at ``load_address`` before the program starts."""

    load_address: int
    data: bytes


@dataclass(frozen=True)
class Symbol:
    """A name. ``address`` has Thumb's lowest bit removed for functions."""

    name: str
    address: int
    size_bytes: int
    is_function: bool
    is_object: bool
    section: str


@dataclass(frozen=True)
class Image:
    """An executable: entry point, sections, loadable segments, symbols by ascending address."""

    entry: int
    sections: tuple[Section, ...]
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...]

    @cached_property
    def _by_name(self) -> dict[str, Symbol]:
        return {symbol.name: symbol for symbol in self.symbols}

    @cached_property
    def _functions(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in self.symbols if symbol.is_function)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return tuple(symbol.address for symbol in self._functions)

    def find(self, name: str) -> Symbol:
        """The symbol called ``name``. Raises BuildError, code IMAGE, where there is none."""
        if name not in self._by_name:
            raise _refuse(f"it has no symbol '{name}'")
        return self._by_name[name]

    def function_at(self, address: int) -> Symbol | None:
        """The function whose code holds ``address``."""
        i = bisect_right(self._starts, address) - 1
        if i < 0 or address >= self._functions[i].address + max(self._functions[i].size_bytes, 2):
            return None
        return self._functions[i]

    def locate(self, address: int) -> str:
        """``address`` as "symbol+0x12", or as a bare address outside every function."""
        function = self.function_at(address)
        if function is None:
            return f"0x{address:08x}"
        return f"{function.name}+0x{address - function.address:x}"


def read_image(path: Path) -> Image:
    """Read an executable. Raises BuildError, code IMAGE, for anything else."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refuse(f"{path} cannot be read: {error.strerror}") from error
    return parse_image(data)


def parse_image(data: bytes) -> Image:
    """Parse an executable's bytes. Raises BuildError, code IMAGE, where they are not sound."""
    try:
        return _parse(data)
    except (struct.error, IndexError, ValueError) as error:
        raise _refuse(f"its tables point outside the file ({error})") from error


def _refuse(what: str) -> BuildError:
    return BuildError(f"The image is refused: {what}.", hint="build it again with tinykit.", code="IMAGE")


def _parse(data: bytes) -> Image:
    if data[:6] != b"\x7fELF\x01\x01":
        raise _refuse("it is not a 32-bit little-endian ELF file")
    kind, machine = struct.unpack_from("<HH", data, 16)
    if (kind, machine) != (2, 40):
        raise _refuse("it is not an Arm executable")
    entry, program_at, section_at = struct.unpack_from("<III", data, 24)
    program_size, programs, section_size, sections, names_index = struct.unpack_from("<HHHHH", data, 42)
    headers = [struct.unpack_from("<10I", data, section_at + i * section_size) for i in range(sections)]
    names = _body(data, headers[names_index])
    titled = [(_text(names, header[0]), header) for header in headers]
    symbols = [_symbols(data, headers, titled, header) for _, header in titled if header[1] == _SYMTAB]
    programs_read = [struct.unpack_from("<8I", data, program_at + i * program_size) for i in range(programs)]
    return Image(
        entry,
        tuple(_section(name, header) for name, header in titled if header[1] != 0),
        tuple(
            Segment(p[3], _slice(data, p[1], p[4])) for p in programs_read if p[0] == _PT_LOAD and p[4] > 0
        ),
        tuple(sorted((s for table in symbols for s in table), key=lambda s: (s.address, s.name))),
    )


Header = tuple[int, ...]


def _section(name: str, header: Header) -> Section:
    return Section(name, header[3], header[5], header[1] != _NOBITS, bool(header[2] & _SHF_ALLOC))


def _body(data: bytes, header: Header) -> bytes:
    return _slice(data, header[4], header[5])


def _slice(data: bytes, start: int, size: int) -> bytes:
    if start + size > len(data):
        raise ValueError(f"{size} bytes at {start} of {len(data)}")
    return data[start : start + size]


def _text(names: bytes, at: int) -> str:
    return names[at : names.index(0, at)].decode("utf-8", "replace")


def _symbols(
    data: bytes, headers: list[Header], titled: list[tuple[str, Header]], table: Header
) -> list[Symbol]:
    names, body = _body(data, headers[table[6]]), _body(data, table)
    found = []
    for name_at, value, size, info, _, section in struct.iter_unpack("<IIIBBH", body):
        name, kind = _text(names, name_at), info & 15
        # "$t" and "$d" mark code and data for disassemblers; sections and files have kinds of their own.
        if not name or name.startswith("$") or kind > _STT_FUNC:
            continue
        home = titled[section][0] if 0 < section < len(titled) else "ABS" if section == _SHN_ABS else ""
        address = value & ~1 if kind == _STT_FUNC else value
        found.append(Symbol(name, address, size, kind == _STT_FUNC, kind == _STT_OBJECT, home))
    return found
