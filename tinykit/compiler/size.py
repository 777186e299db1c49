"""What an image is made of, read from its symbols: flash by purpose, RAM by purpose."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tinykit.boards import Board
from tinykit.toolchain import Image, Symbol

ARENA = "tk_arena"
# The firmware's buffers for what hosts send: their names begin so.
WIRE = "tk_wire_"

_MODEL = re.compile(r"tk_layer_\d+_\w*|tk_invoke|tk_step|tk_reset|tk_input|tk_output")
# A function's definition in our own C: it begins in the first column, and its body follows its parameters.
_DEFINITION = re.compile(r"^[A-Za-z_][^;{}#]*?\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)
# A table of our own C: the name before its dimensions.
_TABLE = re.compile(r"\bconst [^;={}()]*?\b(\w+)\[[^\]]*\] *=")
# GCC's marks on the copies that it makes of a function.
_COPY = re.compile(r"\.(constprop|isra|part|cold)\b.*")


@dataclass(frozen=True)
class FlashTable:
    """Bytes of flash. ``weights``: the model's own numbers as packed; ``tables``: what kernels add to them.

    ``kernels``: their code; ``glue``: the model's layers and calls; ``firmware``: start-up, transport
    with its texts, memcpy; ``runtime``: the compiler's own functions; ``other``: vectors, alignment, initial
    values.
    """

    weights: int
    tables: int
    kernels: int
    glue: int
    firmware: int
    runtime: int
    other: int

    @property
    def total(self) -> int:
        """All that is flashed."""
        return sum(asdict(self).values())


@dataclass(frozen=True)
class RamTable:
    """Bytes of RAM. ``arena`` holds the activations, which take ``activations`` of it, and ``scratch``.

    ``state`` is kept between inferences; ``wire`` are the buffers of the serial dialect, which the model does
    not need; ``statics`` is everything else; ``stack_reserved`` is what the board's file sets aside: how much
    of it is used shows when the image runs.
    """

    activations: int
    scratch: int
    state: int
    wire: int
    statics: int
    stack_reserved: int

    @property
    def arena(self) -> int:
        """The model's arena."""
        return self.activations + self.scratch

    @property
    def total(self) -> int:
        """All RAM, the stack's reserve included."""
        return sum(asdict(self).values())


@dataclass(frozen=True)
class SizeTable:
    """An image's sizes in bytes. ``source_weights`` is what the constants take in the model's file."""

    flash: FlashTable
    ram: RamTable
    source_weights: int

    @property
    def flash_beside_weights(self) -> int:
        """What the image takes beyond the model's own constants."""
        return self.flash.total - self.source_weights

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "flash": {**asdict(self.flash), "total": self.flash.total},
            "ram": {**asdict(self.ram), "arena": self.ram.arena, "total": self.ram.total},
            "source_weights": self.source_weights,
            "flash_beside_weights": self.flash_beside_weights,
        }


@dataclass(frozen=True)
class Emission:
    """What the compiler knows of the image's names: tables by C name, state variables; the arena's use."""

    weights: frozenset[str]
    tables: frozenset[str]
    states: frozenset[str]
    activation_bytes: int
    source_weights: int


def measure(image: Image, board: Board, folder: Path, emission: Emission) -> SizeTable:
    """The sizes of ``image``, whose sources lie in ``folder`` (``kernels/``, ``firmware/``)."""
    homes = _Homes(folder, emission)
    flash = dict.fromkeys(("weights", "tables", "kernels", "glue", "firmware", "runtime"), 0)
    for symbol in _distinct(s for s in image.symbols if _within(s, board.flash.origin, board.flash.end)):
        home = homes.of(symbol)
        if home in flash:
            flash[home] += symbol.size_bytes
    flash["firmware"] += _texts_bytes(image)
    flashed = sum(len(segment.data) for segment in image.segments)
    ram = [s for s in image.symbols if _within(s, board.ram.origin, board.ram.end) and s.size_bytes]
    arena = sum(s.size_bytes for s in ram if s.name == ARENA)
    state = sum(s.size_bytes for s in ram if s.name in emission.states)
    wire = sum(s.size_bytes for s in ram if s.name.startswith(WIRE))
    used = sum(
        section.size_bytes
        for section in image.sections
        if section.is_loaded and board.ram.origin <= section.address < board.ram.end
    )
    stack = image.find("tk_stack_top").address - image.find("tk_stack_limit").address
    return SizeTable(
        FlashTable(**flash, other=flashed - sum(flash.values())),
        RamTable(
            activations=min(emission.activation_bytes, arena),
            scratch=max(arena - emission.activation_bytes, 0),
            state=state,
            wire=wire,
            statics=used - stack - arena - state - wire,
            stack_reserved=stack,
        ),
        emission.source_weights,
    )


def _texts_bytes(image: Image) -> int:
    """Constants without a name: only the firmware's texts have none."""
    named = sum(s.size_bytes for s in _distinct(s for s in image.symbols if s.section == ".rodata"))
    return sum(s.size_bytes for s in image.sections if s.name == ".rodata") - named


def _within(symbol: Symbol, start: int, end: int) -> bool:
    return bool(symbol.section) and symbol.section != "ABS" and start <= symbol.address < end


def _distinct(symbols: Iterable[Symbol]) -> list[Symbol]:
    """The outermost symbols: aliases share their bytes, and assembly has labels inside its functions."""
    found: list[Symbol] = []
    end = 0
    for symbol in sorted(symbols, key=lambda s: (s.address, -s.size_bytes)):
        if symbol.size_bytes and symbol.address >= end:
            found.append(symbol)
            end = symbol.address + symbol.size_bytes
    return found


class _Homes:
    """Which part of the emitted folder a symbol comes from."""

    def __init__(self, folder: Path, emission: Emission) -> None:
        self._emission = emission
        self._firmware = _definitions(folder / "firmware")
        self._firmware_tables = {
            name for text in _texts(folder / "firmware") for name in _TABLE.findall(text)
        }
        self._kernels = _words(folder / "kernels")

    def of(self, symbol: Symbol) -> str:
        name = _COPY.sub("", symbol.name)
        if name in self._emission.weights:
            return "weights"
        if name in self._emission.tables:
            return "tables"
        if _MODEL.fullmatch(name):
            return "glue"
        if not symbol.is_function:
            # Parameter blocks stand inside the layers' functions; other tables are the kernels' own.
            return "firmware" if self._firmware_tables & set(symbol.name.split(".")) else "tables"
        if name in self._firmware:
            return "firmware"
        return "kernels" if name in self._kernels else "runtime"


def _definitions(folder: Path) -> set[str]:
    return {name for text in _texts(folder) for name in _DEFINITION.findall(text)}


def _words(folder: Path) -> set[str]:
    return {word for text in _texts(folder) for word in re.findall(r"\w+", text)}


def _texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.[ch]"))]
