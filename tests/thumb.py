"""Programs for the emulated core, out of halfwords."""

from __future__ import annotations

import struct

from tinykit.bench.machine import Machine
from tinykit.boards import load_board
from tinykit.toolchain import Image, Segment, Symbol

WFI = 0xBF30
START = 8
RAM = 0x20000000
SP = RAM + 0x1000


def image(*halfwords: int) -> Image:
    """An image with only a stack pointer, a start address and this code, as one function ``start``."""
    code = struct.pack(f"<{len(halfwords)}H", *halfwords)
    data = struct.pack("<II", SP, START | 1) + code
    start = Symbol("start", START, len(code), True, False, ".text")
    return Image(START | 1, (), (Segment(0, data),), (start,))


def machine(*halfwords: int, board: str = "virtual-m4", hook: str = "python") -> Machine:
    return Machine(load_board(board), image(*halfwords), {}, 1, hook)


def run(*halfwords: int, board: str = "virtual-m4", hook: str = "python", limit: int = 10_000) -> Machine:
    made = machine(*halfwords, board=board, hook=hook)
    made.run(limit)
    return made


def register(made: Machine, name: str) -> int:
    return made._uc.reg_read(made._register(name))
