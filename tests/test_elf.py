"""Reading images: right for real ones, a calm refusal for everything else."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.errors import BuildError
from tinykit.toolchain import parse_image


def image(kind: int = 2, machine: int = 40) -> bytes:
    """The smallest image: one function of 4 bytes at 0x100, as a linker would write it."""
    names = b"\0.text\0.symtab\0.strtab\0"
    strings = b"\0work\0$t\0"
    code = b"\x70\x47\x00\xbf"
    symbols = bytes(16)
    symbols += struct.pack("<IIIBBH", 1, 0x101, 4, 0x12, 0, 1)
    symbols += struct.pack("<IIIBBH", 6, 0x100, 0, 0x00, 0, 1)
    at, parts = 52 + 32, b""
    places = []
    for part in (code, symbols, strings, names):
        places.append(at + len(parts))
        parts += part
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH", kind, machine, 1, 0x101, 52, at + len(parts), 0, 52, 32, 1, 40, 5, 4
    )
    program = struct.pack("<8I", 1, places[0], 0x100, 0x100, 4, 4, 5, 4)
    sections = bytes(40)
    sections += struct.pack("<10I", 1, 1, 6, 0x100, places[0], 4, 0, 0, 4, 0)
    sections += struct.pack("<10I", 7, 2, 0, 0, places[1], len(symbols), 3, 1, 4, 16)
    sections += struct.pack("<10I", 15, 3, 0, 0, places[2], len(strings), 0, 0, 1, 0)
    sections += struct.pack("<10I", 15, 3, 0, 0, places[3], len(names), 0, 0, 1, 0)
    return header + program + parts + sections


def test_reads_segments_sections_and_symbols() -> None:
    found = parse_image(image())
    assert found.entry == 0x101
    assert [(s.load_address, s.data) for s in found.segments] == [(0x100, b"\x70\x47\x00\xbf")]
    assert [symbol.name for symbol in found.symbols] == ["work"]
    work = found.find("work")
    assert (work.address, work.size_bytes, work.is_function, work.section) == (0x100, 4, True, ".text")
    assert found.locate(0x102) == "work+0x2"
    assert found.locate(0x104) == "0x00000104"
    assert found.function_at(0xFF) is None


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", image(kind=1), image(machine=62), image()[:80], b"MZ" + image()[2:]]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BuildError) as caught:
        parse_image(data)
    assert caught.value.code == "IMAGE"


def test_a_missing_symbol_is_named() -> None:
    with pytest.raises(BuildError, match="tk_invoke"):
        parse_image(image()).find("tk_invoke")


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(image()) - 1), st.binary(min_size=1, max_size=8))
def test_damage_never_crashes(at: int, patch: bytes) -> None:
    data = bytearray(image())
    data[at : at + len(patch)] = patch
    try:
        parse_image(bytes(data))
    except BuildError as error:
        assert error.code == "IMAGE"
