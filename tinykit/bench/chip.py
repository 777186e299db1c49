"""The peripherals of the emulated chip, wired as on Arm's MPS2 (AN385, AN386)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tinykit.bench.peripherals import PAGE_BYTES, SCS_BASE, Gpio, Peripheral, SystemControl, Timer
from tinykit.bench.uart import Uart
from tinykit.boards import Board

_RX, _TX, _TIMER, _WAKE = 0, 1, 8, 9
_CPUID = {"cortex-m0": 0x410CC200, "cortex-m4f": 0x410FC241}


class Time(Protocol):
    """The machine's clock, as its peripherals see it."""

    def cycles(self) -> int:
        """The virtual clock."""

    def skip_to(self, cycle: int) -> None:
        """Let the time pass until then."""

    def stop_polling(self) -> None:
        """Hold the firmware until something arrives."""


class Chip:
    """UART, two timers side by side, a GPIO, the core's control space: as after a reset."""

    def __init__(
        self,
        board: Board,
        time: Time,
        on_edge: Callable[[bool], None],
        on_sending: Callable[[int, int], None],
        on_pins: Callable[[int], None] = lambda levels: None,
    ) -> None:
        self._board = board
        self._time = time
        self.sending = on_sending
        self.cycles, self.skip_to, self.stop_polling = time.cycles, time.skip_to, time.stop_polling
        self.control = SystemControl(_CPUID[board.core.name])
        self.uart = Uart(self, _TX, _RX)
        timer = Timer(self._ticks, lambda: self.pend(_TIMER))
        wake = Timer(self._ticks, lambda: self.pend(_WAKE))
        self._timers = {_TIMER: timer, _WAKE: wake}
        for interrupt in (_RX, _TX):
            self.control.connect(interrupt, lambda number=interrupt: self.uart.interrupt(number))  # type: ignore[misc]
        for interrupt, one in self._timers.items():
            self.control.connect(interrupt, one.interrupt)
        self.pages: dict[int, Peripheral] = {
            board.uart.base: self.uart,
            board.timer.base: timer,
            board.timer.base + PAGE_BYTES: wake,
            board.marker.base: Gpio(board.marker.pin, on_edge, on_pins),
            SCS_BASE: self.control,
        }

    def pend(self, interrupt: int) -> None:
        """See `tinykit.bench.uart.Surroundings`."""
        self.control.pend(interrupt)

    def _ticks(self) -> int:
        return self.cycles() * self._board.timer.clock_hz // self._board.clock_hz

    def next_wake(self) -> int | None:
        """The cycle at which something will wake the core, or None where only the host can do it."""
        times = []
        if self.control.is_enabled(_RX) or self.control.is_enabled(_TX):
            times.append(self.uart.next_interrupt())
        for interrupt, timer in self._timers.items():
            tick = timer.next_interrupt() if self.control.is_enabled(interrupt) else None
            # The first cycle at which that many ticks have gone by.
            times.append(
                None if tick is None else -(-tick * self._board.clock_hz // self._board.timer.clock_hz)
            )
        return min((time for time in times if time is not None), default=None)
