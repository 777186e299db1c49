"""``--on auto``: which of the ports here is a board, and why it is taken for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tinykit.boards import Board, list_boards
from tinykit.errors import DeviceError

# Vendor and product ids of what boards carry, from their makers' documents; a board's own file adds to it
# (key usb). A product of None stands for all of the vendor's.
COMMON: tuple[tuple[int, int | None, str], ...] = (
    (0x0483, 0x374B, "ST-LINK/V2-1 (Nucleo, Discovery)"),
    (0x0483, 0x374E, "ST-LINK/V3 (Nucleo)"),
    (0x0483, 0x374F, "ST-LINK/V3 (Discovery)"),
    (0x0483, 0x3753, "ST-LINK/V3 (Nucleo, two ports)"),
    (0x0483, 0x5740, "STM32 with a USB port of its own"),
    (0x1366, None, "SEGGER J-Link (Nordic DK)"),
    (0x0D28, 0x0204, "CMSIS-DAP (micro:bit, MPS, NXP)"),
    (0x2341, None, "Arduino"),
    (0x2E8A, None, "Raspberry Pi Pico"),
    (0x239A, None, "Adafruit"),
    (0x303A, None, "Espressif with USB"),
    (0x10C4, 0xEA60, "Silicon Labs CP210x adapter"),
    (0x1A86, 0x7523, "WCH CH340 adapter"),
    (0x1A86, 0x55D4, "WCH CH9102 adapter"),
    (0x0403, None, "FTDI adapter"),
    (0x1FC9, None, "NXP MCU-Link"),
)
# Power meters show up as serial ports too, and must never be taken for a board.
METERS = frozenset({(0x1915, 0xC00A)})


@dataclass(frozen=True)
class Choice:
    """The port, and why it was chosen."""

    port: str
    reason: str


def choose_port(ports: Iterable[Any] | None = None) -> Choice:
    """The one board among ``ports`` (pyserial's list of what is here).

    Raises DeviceError: NO_BOARD_FOUND, SEVERAL_BOARDS; both say what each port is.
    """
    if ports is None:
        from serial.tools import list_ports

        ports = list_ports.comports()
    found = sorted(ports, key=lambda port: str(port.device))
    known = [(port, text) for port in found if (text := _name(port)) is not None]
    if len(known) == 1:
        port, text = known[0]
        return Choice(port.device, f"{port.device} was chosen: {_ids(port)} is {text}.")
    if not known:
        seen = "; ".join(f"{port.device}: {_ids(port)}" for port in found) or "there is no serial port"
        raise DeviceError(
            f"No board is found: {seen}.",
            hint="plug it in, or name its port with --on; emulated boards and sockets are not listed.",
            code="NO_BOARD_FOUND",
        )
    raise DeviceError(
        f"There are {len(known)} boards: {'; '.join(f'{port.device} is {text}' for port, text in known)}.",
        hint="name the ports with --on; several run at once.",
        code="SEVERAL_BOARDS",
    )


def _name(port: Any) -> str | None:
    """What the port's ids stand for: a debugger's are on many boards; a board's file adds its name."""
    ids = (port.vid, port.pid)
    if port.vid is None or ids in METERS:
        return None
    common = next((text for vid, pid, text in COMMON if vid == port.vid and pid in (None, port.pid)), "")
    boards = [board.name for board in list_boards() if ids in _usb(board)]
    carried = f"what {' and '.join(boards)} carry" if len(boards) > 1 else f"what {''.join(boards)} carries"
    return ", ".join(filter(None, (common, carried if boards else ""))) or None


def _usb(board: Board) -> list[tuple[int, int]]:
    """A board's own ids, "vid:pid" in hex each."""
    return [(int(vid, 16), int(pid, 16)) for vid, _, pid in (one.partition(":") for one in board.usb)]


def _ids(port: Any) -> str:
    return "no USB device" if port.vid is None else f"USB {port.vid:04x}:{port.pid:04x}"
