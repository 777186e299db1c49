"""PowerShield's ``ascii_dec`` stream into blocks: ``6409-07`` CR LF is 6409 × 10^-7 A, or J a sample.

Sources: ST UM2269 and the mlcommons/tiny runner's behaviour. A sample begins with a digit; other lines with a
letter: ``TimeStamp: 012s 345ms, buff 03%``, ``event 07 ris``, ``error…``, ``end``. After a stamp comes a NUL.
What follows ``end`` is a summary whose two numbers only look like samples.
"""

from __future__ import annotations

import re
from typing import Self

import numpy as np

from tinykit.meters.powershield_clock import SampleClock, StampedDecoder
from tinykit.meters.trace import INVALID, Block, ByteArray, FloatArray, Quantity

_ROW = 9  # dddd±ee CR LF
_ROWS = 1024  # a stamp every 1000 lines ends a run anyway
_LONGEST_LINE = 4096
# 10^0 to 10^22 are exact, so one rounding is left: the value is the float that the digits mean.
_POWERS = 10.0 ** np.arange(100)
_SAMPLE = re.compile(rb"(\d{4})([+-])(\d\d)")
_STAMP = re.compile(rb"TimeStamp:[ <>]*(\d+)s +(\d+)ms, +buff +(\d+)%")
_EVENT = re.compile(rb"event +(\d+) +(?:ris|fal)")
_WRAP_MS = 1_000_000  # three digits of seconds


class AsciiDecoder(StampedDecoder):
    """Sans-I/O. D7 is line 0: high, and low for the one sample after each ``event`` line."""

    def __init__(self, rate_hz: float, quantity: Quantity) -> None:
        super().__init__(SampleClock(rate_hz, _WRAP_MS), quantity)
        self._event_due = False
        self._last_event_index = -2
        self._event_number: int | None = None
        self._first_index = 0
        self._values: list[FloatArray] = []
        self._events: list[int] = []
        self._invalid: list[int] = []

    def fork(self) -> Self:
        """A decoder that goes on from here."""
        other = super().fork()
        other._values, other._events, other._invalid = [], [], []
        return other

    def feed(self, data: bytes | memoryview) -> list[Block]:
        """The blocks that these bytes complete; whole lines only."""
        if self._ended:
            return []
        buffer = self._rest + bytes(data)
        blocks: list[Block] = []
        at = 0
        while not self._ended:
            values = _sample_rows(buffer, at)
            self._take(values)
            at += _ROW * len(values)
            line_end = buffer.find(b"\n", at)
            if line_end < 0:
                break
            self._line(buffer[at:line_end].strip(b"\0 \r\t"), blocks)
            at = line_end + 1
        self._rest = buffer[at:]
        if len(self._rest) > _LONGEST_LINE:
            self._clock.warn("SHIELD_DAMAGED", f"no end of line in {_LONGEST_LINE} bytes.")
            self._rest = self._rest[-_ROW:]
        self._flush(blocks)
        return blocks

    def finish(self) -> list[Block]:
        """The end of the recording. A line without its end may be cut, and is dropped."""
        if not self._ended:
            self._clock.warn("SHIELD_NO_END", "the recording stops without the shield's end mark.")
        self._rest = b""
        return []

    def _take(self, values: FloatArray) -> None:
        if not len(values):
            return
        if not self._values:
            self._first_index = self._clock.index
        if self._event_due:
            self._events.append(self._clock.index - self._first_index)
            self._event_due = False
        self._values.append(values)
        self._clock.count(len(values))

    def _line(self, line: bytes, blocks: list[Block]) -> None:
        if not line:
            return
        if sample := _SAMPLE.fullmatch(line):
            self._take(np.array([float(b"%be%b%b" % sample.groups())]))
        elif stamp := _STAMP.fullmatch(line):
            before = self._clock.index
            self._clock.stamp(1000 * int(stamp[1]) + int(stamp[2]))
            if self._clock.index != before:
                self._flush(blocks)
        elif event := _EVENT.fullmatch(line):
            self._event(int(event[1]))
        elif line == b"end":
            self._ended = True
        elif line.lower().startswith(b"err"):
            self._error(line.decode("ascii", "replace"))
        elif not line[:1].isalpha():
            if not self._values:
                self._first_index = self._clock.index
            self._invalid.append(self._clock.index - self._first_index)
            self._take(np.array([np.nan]))
            self._clock.warn("SHIELD_DAMAGED", f"line '{line[:20]!r}' is no sample; it is left out.")

    def _event(self, number: int) -> None:
        expected = None if self._event_number is None else (self._event_number + 1) % 100
        if expected is not None and number % 100 != expected:
            self._clock.warn("EVENT_LOST", f"event {number:02d} came where {expected:02d} was due.")
        self._event_number = number
        if self._clock.index - self._last_event_index < 2:
            self._clock.warn(
                "EVENTS_MERGED", f"two events within a sample period of sample {self._clock.index}."
            )
        self._last_event_index = self._clock.index
        self._event_due = True

    def _error(self, text: str) -> None:
        if "current" in text.lower() and "over" in text.lower():
            self._clock.warn("SHIELD_OVERCURRENT", f"before sample {self._clock.index}: {text}")
        else:
            self._clock.warn("SHIELD_ERROR", f"before sample {self._clock.index}: {text}")

    def _flush(self, blocks: list[Block]) -> None:
        if not self._values:
            return
        values = np.concatenate(self._values)
        blocks.append(
            self._block(
                self._first_index,
                values,
                digital=_marked(len(values), self._events, 1, 0),
                flags=_marked(len(values), self._invalid, 0, INVALID) if self._invalid else None,
            )
        )
        self._values, self._events, self._invalid = [], [], []


def _marked(length: int, places: list[int], usual: int, there: int) -> ByteArray:
    marks = np.full(length, usual, np.uint8)
    marks[places] = there
    return marks


def _sample_rows(buffer: bytes, at: int) -> FloatArray:
    """The values of the plain sample lines that begin at ``at``, as many as there are in a row."""
    count = min((len(buffer) - at) // _ROW, _ROWS)
    rows = np.frombuffer(buffer, np.uint8, _ROW * count, at).reshape(count, _ROW)
    digits = rows[:, [0, 1, 2, 3, 5, 6]] - 48  # uint8: what is below '0' becomes large
    minus = rows[:, 4] == ord("-")
    plain = (digits < 10).all(axis=1) & (minus | (rows[:, 4] == ord("+")))
    plain &= (rows[:, 7] == 13) & (rows[:, 8] == 10)
    good = count if plain.all() else int(plain.argmin())
    digits, minus = digits[:good], minus[:good]
    mantissa = digits[:, :4] @ np.array([1000.0, 100.0, 10.0, 1.0])
    power = _POWERS[10 * digits[:, 4] + digits[:, 5]]
    values: FloatArray = np.where(minus, mantissa / power, mantissa * power)
    return values
