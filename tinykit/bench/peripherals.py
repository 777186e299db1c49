"""The emulated board's registers: UART, timer, GPIO as Arm's CMSDK has them; the core's control space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

PAGE_BYTES = 4096
SCS_BASE = 0xE000E000

_UART_DATA, _UART_STATE, _UART_CTRL, _UART_BAUDDIV = 0x00, 0x04, 0x08, 0x10
_TIMER_CTRL, _TIMER_VALUE, _TIMER_RELOAD = 0x00, 0x04, 0x08
_GPIO_DATA, _GPIO_DATAOUT, _GPIO_OUTENSET = 0x00, 0x04, 0x10
_CPACR = 0xD88

Clock = Callable[[], int]


class Peripheral(Protocol):
    """A page of registers."""

    def read(self, offset: int) -> int:
        """The register's 32 bits."""

    def write(self, offset: int, value: int) -> None:
        """Write the register's 32 bits."""


class Uart:
    """CMSDK APB UART, transmit side. A byte takes ten bits of virtual time; nothing is ever received."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._registers = {_UART_CTRL: 0, _UART_BAUDDIV: 0}
        self._busy_until = 0
        self.sent = bytearray()

    def read(self, offset: int) -> int:
        """Bit 0 of STATE: the transmit buffer is full."""
        if offset == _UART_STATE:
            return int(self._now() < self._busy_until)
        return self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """A byte written to DATA goes out, if the transmitter is on."""
        if offset == _UART_DATA and self._registers[_UART_CTRL] & 1:
            self.sent.append(value & 0xFF)
            self._busy_until = max(self._now(), self._busy_until) + 10 * self._registers[_UART_BAUDDIV]
        elif offset in self._registers:
            self._registers[offset] = value


class Timer:
    """CMSDK APB timer: counts down from VALUE once started, and begins again at RELOAD."""

    def __init__(self, ticks: Clock) -> None:
        self._ticks = ticks
        self._registers = {_TIMER_CTRL: 0, _TIMER_RELOAD: 0}
        self._value = self._since = 0

    def read(self, offset: int) -> int:
        """VALUE as it stands now."""
        return self._current() if offset == _TIMER_VALUE else self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Set VALUE, RELOAD or CTRL (bit 0: run)."""
        current = self._current()
        if offset in self._registers:
            self._registers[offset] = value
        self._value = value if offset == _TIMER_VALUE else current
        self._since = self._ticks()

    def _current(self) -> int:
        if not self._registers[_TIMER_CTRL] & 1:
            return self._value
        gone = self._ticks() - self._since
        if gone <= self._value:
            return self._value - gone
        period = self._registers[_TIMER_RELOAD] + 1
        return self._registers[_TIMER_RELOAD] - (gone - self._value - 1) % period


class Gpio:
    """CMSDK AHB GPIO, output side; ``on_edge(high)`` is called when the marker pin changes."""

    def __init__(self, pin: int, on_edge: Callable[[bool], None]) -> None:
        self._mask = 1 << pin
        self._on_edge = on_edge
        self._registers = {_GPIO_DATAOUT: 0, _GPIO_OUTENSET: 0}

    def read(self, offset: int) -> int:
        """DATA reads back what is driven."""
        return self._registers.get(_GPIO_DATAOUT if offset == _GPIO_DATA else offset, 0)

    def write(self, offset: int, value: int) -> None:
        """The pin follows DATAOUT once OUTENSET has enabled it."""
        before = self._driven()
        if offset == _GPIO_OUTENSET:
            self._registers[offset] |= value
        elif offset == _GPIO_DATAOUT:
            self._registers[offset] = value
        if (after := self._driven()) != before:
            self._on_edge(after)

    def _driven(self) -> bool:
        return bool(self._registers[_GPIO_DATAOUT] & self._registers[_GPIO_OUTENSET] & self._mask)


class SystemControl:
    """The core's system control space: only CPACR does something, everything else keeps what is written."""

    def __init__(self) -> None:
        self._registers: dict[int, int] = {}

    @property
    def fpu_enabled(self) -> bool:
        """Coprocessors 10 and 11 have full access."""
        return (self._registers.get(_CPACR, 0) >> 20) & 0xF == 0xF

    def read(self, offset: int) -> int:
        """What was written last."""
        return self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Keep it."""
        self._registers[offset] = value
