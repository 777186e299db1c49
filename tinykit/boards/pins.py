"""What a board file says of its pins and peripherals: UART, timer, marker, reset and USB."""

from __future__ import annotations

import re

from tinykit.boards.board import RESETS, Marker, Pin, Timer, Uart
from tinykit.boards.table import Table

_BAUD = (300, 20_000_000)
_IRQS = 240  # what an ARMv7-M NVIC can have


def read_address(table: Table) -> int:
    """The base address of a peripheral."""
    return table.integer("base", 0, 2**32 - 4096)


def read_uart(table: Table) -> Uart:
    """The table ``[uart]``."""
    return Uart(
        base=read_address(table),
        baud=table.integer("baud", *_BAUD),
        energy_baud=table.integer("energy_baud", *_BAUD, default=9_600),
        irq=table.optional_integer("irq", 0, _IRQS - 1),
        tx=_pin(table, "tx"),
        rx=_pin(table, "rx"),
        pin_function=table.optional_integer("pin_function", 0, 15),
    )


def read_timer(table: Table, clock_hz: int) -> Timer:
    """The table ``[timer]``; without a ``clock_hz`` of its own it counts the core's."""
    return Timer(
        read_address(table),
        table.integer("clock_hz", 1, default=clock_hz),
        table.optional_integer("irq", 0, _IRQS - 1),
    )


def read_marker(table: Table) -> Marker:
    """The table ``[marker]``; ``active`` is "high" unless the board inverts the pin."""
    base, pin = read_address(table), table.integer("pin", 0, 31)
    return Marker(base, pin, table.choice("active", ("high", "low"), "high") == "high")


def read_reset(table: Table) -> str:
    """The key ``reset``."""
    return table.choice("reset", RESETS, "plain")


def read_usb(table: Table) -> tuple[str, ...]:
    """The key ``usb``: a list of "VID:PID"."""
    words = table.words("usb")
    for word in words:
        if not re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{4}", word):
            raise table.error("usb", f"holds '{word}', which is no VID:PID such as 0483:374b")
    return words


def _pin(table: Table, key: str) -> Pin | None:
    """A pin's name as its maker writes it: PA9 (ST), P0.06 (Nordic)."""
    name = table.text(key, default="-")
    if name == "-":
        return None
    if found := re.fullmatch(r"P([A-K])([0-9]|1[0-5])", name):
        return Pin(name, ord(found[1]) - ord("A"), int(found[2]))
    if found := re.fullmatch(r"P([0-9])\.([0-9]{1,2})", name):
        return Pin(name, int(found[1]), int(found[2]))
    raise table.error(key, "must be a pin such as PA9 or P0.06")
