"""Boards as JSON and as rich renderables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from tinykit import __version__
from tinykit.boards import Board
from tinykit.boards.seen import Seen
from tinykit.console import key_values, table
from tinykit.pretty import format_bytes, format_si


def document(boards: Sequence[Board], seen: Sequence[Seen]) -> dict[str, object]:
    """The document ``tinykit.boards``, version 1."""
    return {
        "schema": "tinykit.boards",
        "schema_version": 1,
        "tinykit": __version__,
        "boards": [
            {**board.to_dict(), "seen": [one.to_dict() for one in seen if one.board == board.name]}
            for board in boards
        ],
    }


def view(boards: Sequence[Board], seen: Sequence[Seen]) -> RenderableType:
    """A table of all boards, or everything about a single one."""
    if len(boards) == 1:
        return Group(*_one(boards[0], seen))
    return table(
        ["board", "core", ">clock", ">flash", ">RAM", "seen to run on"],
        [
            [
                board.name,
                board.core.title,
                format_si(board.clock_hz, "Hz"),
                format_bytes(board.flash.size_bytes),
                format_bytes(board.ram.size_bytes),
                _seen(board, seen),
            ]
            for board in boards
        ],
    )


def _one(board: Board, seen: Sequence[Seen]) -> Iterator[RenderableType]:
    yield Text.assemble((board.name, "bold"), f"  {board.title}")
    yield key_values(
        [
            ("core", f"{board.core.title}, {format_si(board.clock_hz, 'Hz')}"),
            ("flash", f"{format_bytes(board.flash.size_bytes)} at 0x{board.flash.origin:08x}"),
            ("RAM", f"{format_bytes(board.ram.size_bytes)} at 0x{board.ram.origin:08x}"),
            ("stack", f"{format_bytes(board.stack_bytes)} kept free"),
            ("UART", f"0x{board.uart.base:08x}, {board.uart.baud:,} baud{_pins(board)}"),
            ("marker", f"pin {board.marker.pin} at 0x{board.marker.base:08x}"),
            ("power", f"{board.power.kind}: {board.power.source}"),
            *((f"  {state.name}", format_si(state.power_w, "W")) for state in board.power.states),
            ("flashed by", board.flash_command[0] if board.flash_command else "nothing: it is emulated"),
            ("QEMU", board.qemu.machine if board.qemu else "no machine named"),
            ("seen on", _seen(board, seen)),
        ]
    )


def _pins(board: Board) -> str:
    named = [f"{key} {pin.name}" for key, pin in (("TX", board.uart.tx), ("RX", board.uart.rx)) if pin]
    return "".join(f", {text}" for text in named)


def _seen(board: Board, seen: Sequence[Seen]) -> str:
    own = [one for one in seen if one.board == board.name]
    none = "no evidence yet" if board.is_emulated else "compiled only, no run is recorded"
    return "; ".join(map(_one_place, own)) or none


def _one_place(one: Seen) -> str:
    stamp = "SIMULATED " if one.simulated else ""
    return f"{stamp}{one.place}: {one.models} models ({one.date[:10]})"
