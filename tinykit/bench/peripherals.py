"""The emulated board's registers: timer and GPIO as Arm's CMSDK has them; the core's control space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

PAGE_BYTES = 4096
SCS_BASE = 0xE000E000

_TIMER_CTRL, _TIMER_VALUE, _TIMER_RELOAD, _TIMER_INTSTATUS = 0x00, 0x04, 0x08, 0x0C
_TIMER_RUN_AND_INTERRUPT = 9
_GPIO_DATA, _GPIO_DATAOUT, _GPIO_OUTENSET = 0x00, 0x04, 0x10
_ISER, _ICER, _ISPR, _ICPR = 0x100, 0x180, 0x200, 0x280
_CPUID, _AIRCR, _SCR, _CPACR = 0xD00, 0xD0C, 0xD10, 0xD88
_AIRCR_KEY, _SYSRESETREQ, _SLEEPDEEP = 0x05FA, 4, 4

Clock = Callable[[], int]


class Peripheral(Protocol):
    """A page of registers."""

    def read(self, offset: int) -> int:
        """The register's 32 bits."""

    def write(self, offset: int, value: int) -> None:
        """Write the register's 32 bits."""


class Timer:
    """CMSDK APB timer: counts down from VALUE once started, and begins again at RELOAD; 0 there ends it.

    ``pend`` is called when the count has reached zero with the interrupt on.
    """

    def __init__(self, ticks: Clock, pend: Callable[[], None] = lambda: None) -> None:
        self._ticks = ticks
        self._pend = pend
        self._registers = {_TIMER_CTRL: 0, _TIMER_RELOAD: 0}
        self._value = self._since = self._seen = 0
        self._status = False

    def read(self, offset: int) -> int:
        """VALUE as it stands now."""
        if offset == _TIMER_VALUE:
            return self._current()
        if offset == _TIMER_INTSTATUS:
            return int(self.interrupt())
        return self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Set VALUE, RELOAD or CTRL (bit 0: run, bit 3: interrupt); a 1 to INTSTATUS clears it."""
        self._settle()
        if offset == _TIMER_INTSTATUS:
            self._status = self._status and not value & 1
            return
        current = self._current()
        if offset in self._registers:
            self._registers[offset] = value
        self._value = value if offset == _TIMER_VALUE else current
        self._since = self._ticks()

    def interrupt(self) -> bool:
        """Tell whether the interrupt is asserted."""
        self._settle()
        return self._status

    def next_interrupt(self) -> int | None:
        """The tick at which the count next reaches zero, if that will interrupt."""
        if self._registers[_TIMER_CTRL] & _TIMER_RUN_AND_INTERRUPT != _TIMER_RUN_AND_INTERRUPT:
            return None
        return self._next_zero(self._ticks())

    def _next_zero(self, after: int) -> int | None:
        reload = self._registers[_TIMER_RELOAD]
        first = self._since + (self._value or reload + 1)
        if after < first:
            return first
        return first + ((after - first) // (reload + 1) + 1) * (reload + 1) if reload else None

    def _settle(self) -> None:
        now, seen = self._ticks(), self._seen
        self._seen = now
        if self._registers[_TIMER_CTRL] & _TIMER_RUN_AND_INTERRUPT == _TIMER_RUN_AND_INTERRUPT:
            zero = self._next_zero(max(seen, self._since))
            if zero is not None and zero <= now:
                self._status = True
                self._pend()

    def _current(self) -> int:
        if not self._registers[_TIMER_CTRL] & 1:
            return self._value
        gone = self._ticks() - self._since
        if gone <= self._value:
            return self._value - gone
        period = self._registers[_TIMER_RELOAD] + 1
        return self._registers[_TIMER_RELOAD] - (gone - self._value - 1) % period


class Gpio:
    """CMSDK AHB GPIO, output side; ``on_edge(high)`` is called when the marker pin changes.

    ``on_pins(levels)`` hears of all its pins (bit n is pin n), ahead of that.
    """

    def __init__(
        self, pin: int, on_edge: Callable[[bool], None], on_pins: Callable[[int], None] = lambda levels: None
    ) -> None:
        self._mask = 1 << pin
        self._on_edge = on_edge
        self._on_pins = on_pins
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
        after = self._driven()
        if after != before:
            self._on_pins(after)
        if (after ^ before) & self._mask:
            self._on_edge(bool(after & self._mask))

    def _driven(self) -> int:
        return self._registers[_GPIO_DATAOUT] & self._registers[_GPIO_OUTENSET]


class SystemControl:
    """The core's system control space: the FPU's switch, sleep, reset, and which interrupts are pending.

    Interrupts only wake the core: none is ever taken, as with PRIMASK set. Everything else keeps what is
    written.
    """

    def __init__(self, cpuid: int = 0) -> None:
        self._registers: dict[int, int] = {_CPUID: cpuid}
        self._lines: dict[int, Callable[[], bool]] = {}
        self._pending = self._enabled = 0
        self.is_reset_asked = False

    def connect(self, interrupt: int, is_asserted: Callable[[], bool]) -> None:
        """Wire a peripheral's line to ``interrupt`` (0 to 31)."""
        self._lines[interrupt] = is_asserted

    def pend(self, interrupt: int) -> None:
        """A line has risen: stays pending until it is cleared."""
        self._pending |= 1 << interrupt

    def wakes(self) -> bool:
        """Tell whether an enabled interrupt is pending."""
        for interrupt, is_asserted in self._lines.items():
            if self._enabled >> interrupt & 1 and is_asserted():
                self._pending |= 1 << interrupt
        return bool(self._pending & self._enabled)

    def is_enabled(self, interrupt: int) -> bool:
        """Tell whether ``interrupt`` would wake the core."""
        return bool(self._enabled >> interrupt & 1)

    @property
    def sleeps_deeply(self) -> bool:
        """WFI goes to the deepest state."""
        return bool(self._registers.get(_SCR, 0) & _SLEEPDEEP)

    @property
    def fpu_enabled(self) -> bool:
        """Coprocessors 10 and 11 have full access."""
        return (self._registers.get(_CPACR, 0) >> 20) & 0xF == 0xF

    def read(self, offset: int) -> int:
        """What was written last."""
        if offset in (_ISER, _ICER):
            return self._enabled
        if offset in (_ISPR, _ICPR):
            self.wakes()
            return self._pending
        return self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Keep it."""
        if offset == _ISER:
            self._enabled |= value
        elif offset == _ICER:
            self._enabled &= ~value
        elif offset == _ISPR:
            self._pending |= value
        elif offset == _ICPR:
            self._pending &= ~value  # a line that is asserted still makes it pending again
        elif offset == _AIRCR:
            self.is_reset_asked = value >> 16 == _AIRCR_KEY and bool(value & _SYSRESETREQ)
        else:
            self._registers[offset] = value
