"""The emulated board's UART: Arm's CMSDK APB UART (DDI 0479), on virtual time.

A byte takes ten bits in either direction. Each direction holds one byte beside the one on the line: the
transmitter a buffer before its shift register, the receiver the register that DATA reads. What completes
while that register is full takes its place, and the overrun bit tells.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

BITS_PER_BYTE = 10

_DATA, _STATE, _CTRL, _INTSTATUS, _BAUDDIV = 0x00, 0x04, 0x08, 0x0C, 0x10
_TX_FULL, _RX_FULL, _TX_OVERRUN, _RX_OVERRUN = 1, 2, 4, 8
# CTRL's enables, and INTSTATUS's bits.
_TX_ON, _RX_ON, _TX_INTERRUPT_ON, _RX_INTERRUPT_ON = 1, 2, 4, 8
_TX_INTERRUPT, _RX_INTERRUPT = 1, 2
# So many reads of STATE that find nothing to do, each so soon after the last, are a firmware that waits by
# polling: every turn of its loop would cost a callback. After the first number of them, time is passed over
# to the byte that is known to come; after the second, the firmware is held until the host does something.
_POLLS_TO_SKIP = 8
_POLLS_TO_HOLD = 16
_POLL_CYCLES = 500


class Surroundings(Protocol):
    """What the UART needs of the machine around it."""

    def cycles(self) -> int:
        """The virtual clock."""

    def pend(self, interrupt: int) -> None:
        """An interrupt's line has risen."""

    def skip_to(self, cycle: int) -> None:
        """The firmware spins until then: let the time pass."""

    def stop_polling(self) -> None:
        """The firmware spins until something arrives."""

    def sending(self, start: int, end: int) -> None:
        """The transmitter drives the line in between (cycles)."""


class Uart:
    """The registers, and the line behind them."""

    def __init__(self, around: Surroundings, tx_interrupt: int, rx_interrupt: int) -> None:
        self._around = around
        self._tx_interrupt, self._rx_interrupt = tx_interrupt, rx_interrupt
        self._ctrl = self._bauddiv = self._state = self._interrupts = self._data = 0
        self._buffer_free_at = self._shifter_free_at = self._line_free_at = 0
        self._outgoing: deque[tuple[int, int]] = deque()
        self._incoming: deque[tuple[int, int]] = deque()
        self._polls = self._polled_at = 0
        self.lost = 0

    def _settle(self) -> int:
        """Let what has happened until now show in the registers; return now."""
        now = self._around.cycles()
        incoming = self._incoming
        if self._state & _TX_FULL and self._buffer_free_at <= now:
            self._state &= ~_TX_FULL
            if self._ctrl & _TX_INTERRUPT_ON:
                self._interrupts |= _TX_INTERRUPT
                self._around.pend(self._tx_interrupt)
        while incoming and incoming[0][0] <= now:
            self._arrive(incoming.popleft()[1])
        return now

    def _arrive(self, byte: int) -> None:
        if not self._ctrl & _RX_ON:
            self.lost += 1
            return
        if self._state & _RX_FULL:
            self._state |= _RX_OVERRUN
            self.lost += 1
        self._data = byte
        self._state |= _RX_FULL
        if self._ctrl & _RX_INTERRUPT_ON:
            self._interrupts |= _RX_INTERRUPT
            self._around.pend(self._rx_interrupt)

    def read(self, offset: int) -> int:
        """Reading DATA empties the receive register."""
        now = self._settle()
        if offset == _STATE:
            if self._is_waited_for():
                self._poll(now)
            return self._state
        if offset == _DATA:
            self._polls = min(self._polls, _POLLS_TO_SKIP)
            self._state &= ~_RX_FULL
            return self._data
        return {_CTRL: self._ctrl, _INTSTATUS: self._interrupts, _BAUDDIV: self._bauddiv}.get(offset, 0)

    def _is_waited_for(self) -> bool:
        """Tell whether a firmware that reads STATE now may be waiting for it to change."""
        return bool(self._state & _TX_FULL or (not self._state & _RX_FULL and self._ctrl & _RX_ON))

    def _poll(self, now: int) -> None:
        """Pass over a wait, if this is one."""
        self._polls = self._polls + 1 if now - self._polled_at < _POLL_CYCLES else 1
        self._polled_at = now
        if self._polls < _POLLS_TO_SKIP:
            return
        if self._state & _TX_FULL:
            self._around.skip_to(self._buffer_free_at)
        elif self._incoming:
            self._around.skip_to(self._incoming[0][0])
        elif self._polls >= _POLLS_TO_HOLD:
            self._around.stop_polling()
        self._polled_at = self._settle()

    def write(self, offset: int, value: int) -> None:
        """A 1 written to STATE's overrun bits, or to INTSTATUS, clears it."""
        now = self._settle()
        self._polls = 0
        if offset == _DATA:
            self._send(now, value & 0xFF)
        elif offset == _STATE:
            self._state &= ~(value & (_TX_OVERRUN | _RX_OVERRUN))
        elif offset == _CTRL:
            self._ctrl = value & 0x7F
        elif offset == _INTSTATUS:
            self._interrupts &= ~value
        elif offset == _BAUDDIV:
            self._bauddiv = value & 0xFFFFF

    def _send(self, now: int, byte: int) -> None:
        if not self._ctrl & _TX_ON:
            return
        if self._state & _TX_FULL:
            self._state |= _TX_OVERRUN
            self._outgoing[-1] = (self._outgoing[-1][0], byte)
            return
        start = max(now, self._shifter_free_at)
        self._shifter_free_at = start + self.byte_cycles
        self._outgoing.append((self._shifter_free_at, byte))
        self._around.sending(start, self._shifter_free_at)
        # An idle shift register takes the byte at once, and the buffer is never seen full.
        self._buffer_free_at = start
        if start > now:
            self._state |= _TX_FULL
        elif self._ctrl & _TX_INTERRUPT_ON:
            self._interrupts |= _TX_INTERRUPT
            self._around.pend(self._tx_interrupt)

    @property
    def byte_cycles(self) -> int:
        """How long a byte is on the line, in cycles; 0 before the firmware has set its speed."""
        return BITS_PER_BYTE * self._bauddiv

    def interrupt(self, number: int) -> bool:
        """Tell whether interrupt ``number`` is asserted."""
        self._settle()
        mask = {self._tx_interrupt: _TX_INTERRUPT, self._rx_interrupt: _RX_INTERRUPT}.get(number, 0)
        return bool(self._interrupts & mask)

    def next_interrupt(self) -> int | None:
        """The cycle at which it will next interrupt, by what is known now."""
        times = []
        if self._incoming and self._ctrl & _RX_INTERRUPT_ON and self._ctrl & _RX_ON:
            times.append(self._incoming[0][0])
        if self._state & _TX_FULL and self._ctrl & _TX_INTERRUPT_ON:
            times.append(self._buffer_free_at)
        return min(times, default=None)

    def next_arrival(self) -> int | None:
        """The cycle at which the next byte has come in."""
        return self._incoming[0][0] if self._incoming else None

    def receive(self, data: bytes) -> None:
        """Put bytes on the line now, behind those that are on their way."""
        self._settle()
        start = max(self._around.cycles(), self._line_free_at)
        for byte in data:
            start += self.byte_cycles
            self._incoming.append((start, byte))
        self._line_free_at = start

    @property
    def on_the_line(self) -> int:
        """Bytes that are still to arrive."""
        return len(self._incoming)

    def next_sent(self) -> int | None:
        """The cycle at which the first byte not yet taken has left."""
        return self._outgoing[0][0] if self._outgoing else None

    def last_sent(self) -> int | None:
        """The cycle at which the last byte not yet taken has left."""
        return self._outgoing[-1][0] if self._outgoing else None

    @property
    def quiet_since(self) -> int:
        """The cycle at which the last byte that was written leaves, or has left."""
        return self._shifter_free_at

    def take(self, until: int | None = None) -> bytes:
        """The bytes that have left by cycle ``until``; without it all that were written."""
        taken = bytearray()
        while self._outgoing and (until is None or self._outgoing[0][0] <= until):
            taken.append(self._outgoing.popleft()[1])
        return bytes(taken)
