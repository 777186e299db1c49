"""Boards as data: one TOML file a board, checked when it is read."""

from tinykit.boards.board import Board, Marker, Memory, Pin, Power, PowerState, Qemu, Timer, Uart
from tinykit.boards.cores import CORES, Core
from tinykit.boards.load import list_boards, load_board

__all__ = [
    "CORES",
    "Board",
    "Core",
    "Marker",
    "Memory",
    "Pin",
    "Power",
    "PowerState",
    "Qemu",
    "Timer",
    "Uart",
    "list_boards",
    "load_board",
]
