"""What an emulated PowerShield sends while it samples: samples, time stamps, events, losses, the end.

Formats as ST UM2269 and drivers of real boards have them; written for the bench alone, so that a reader's
mistake cannot be ours as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BASE_HZ = 100_000
"""The rate of the true currents that are fed in, in Hz: every rate of the shield divides it."""
STAMP_EVERY = 1000

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Losses:
    """(sample, count) pairs: ``on_the_way`` after the shield counted them, ``in_shield`` before.

    Of every ``every[0]`` samples the last ``every[1]`` are lost on the way.
    """

    on_the_way: tuple[tuple[int, int], ...] = ()
    in_shield: tuple[tuple[int, int], ...] = ()
    every: tuple[int, int] = (0, 0)


@dataclass
class Sampler:
    """Averages a fed current over the shield's own sample periods, which need not be whole.

    ``base_per_sample`` is their length in fed samples; a shield whose clock is fast has shorter ones.
    """

    base_per_sample: float
    _at: int = 0
    _done: int = 0
    _open_charge: float = 0.0
    _level: int = 1
    _edges: list[int] = field(default_factory=list)

    def feed(self, current_a: Floats, level: Bytes) -> tuple[Floats, list[int]]:
        """Mean currents of the samples that end in here, and for each falling edge in them, its sample.

        ``current_a`` and ``level`` (0 or 1) are (n,), BASE_HZ. An edge in sample k stands before sample k.
        """
        count = len(current_a)
        charge = np.concatenate(([0.0], np.cumsum(current_a))) + self._open_charge
        last = int((self._at + count) / self.base_per_sample + 1e-9)
        ends = np.arange(self._done + 1, last + 1) * self.base_per_sample
        at_ends = np.interp(ends - self._at, np.arange(count + 1), charge)
        means = np.diff(at_ends, prepend=0.0) / self.base_per_sample
        falls = np.flatnonzero(np.diff(level.astype(np.int8), prepend=self._level) < 0) + self._at
        self._edges += (falls / self.base_per_sample + 1e-9).astype(int).tolist()
        due = [edge - self._done for edge in self._edges if edge < last]
        self._edges = [edge for edge in self._edges if edge >= last]
        self._open_charge = charge[-1] - (at_ends[-1] if len(at_ends) else 0.0)
        self._level = int(level[-1]) if count else self._level
        self._at, self._done = self._at + count, last
        return means, due


@dataclass
class Stream:
    """One acquisition's text or bytes. ``sent`` counts samples that the shield had, lost ones included."""

    rate_hz: float
    is_binary: bool
    losses: Losses
    sent: int = 0
    _counted: int = 0
    _events: int = 0
    _overflowed: bool = False
    _low: float = np.inf
    _high: float = 0.0

    def begin(self) -> bytes:
        """The first thing of all: a time stamp of zero."""
        return self._stamp(0, False)

    def samples(self, values: Floats, event_before: Iterable[int], *, dropping: bool = False) -> bytes:
        """``values`` in A or J, (n,); an event stands before each of the given ones of them.

        ``dropping``: the shield's buffer is full, and these are lost in it.
        """
        rows = encode_binary(values) if self.is_binary else encode_ascii(values)
        if len(values):
            self._low, self._high = min(self._low, values.min()), max(self._high, values.max())
        numbers = np.arange(self.sent, self.sent + len(values))
        stalled = _within(numbers, self.losses.in_shield) | dropping
        kept = ~(stalled | _within(numbers, self.losses.on_the_way))
        if (period := self.losses.every[0]) > 0:
            kept &= numbers % period < period - self.losses.every[1]
        counted = self._counted + np.cumsum(~stalled) - ~stalled
        inserted: dict[int, bytes] = {}
        overflow = self._overflowed
        for place in np.flatnonzero((counted % STAMP_EVERY == 0) & (counted > 0) & ~stalled).tolist():
            overflow |= bool(stalled[:place].any())
            inserted[place] = self._stamp(int(numbers[place]), overflow)
            overflow = False
        for place in [] if self.is_binary else event_before:
            inserted[place] = inserted.get(place, b"") + b"event %02d ris\r\n" % self._events
            self._events += 1
        stamped = max((place for place in inserted), default=0)
        self._overflowed = overflow or bool(stalled[stamped:].any())
        self.sent += len(values)
        self._counted += int((~stalled).sum())
        return _spliced(rows, kept, inserted)

    def _stamp(self, number: int, overflow: bool) -> bytes:
        ms = int(number * 1000 / self.rate_hz + 1e-6)
        if self.is_binary:
            return b"\xf0\xf3" + (ms | overflow << 31).to_bytes(4, "big") + b"\x03\xff\xff"
        seconds, ms = divmod(ms, 1000)
        mark = b">" if overflow or seconds > 999 else b" "
        return b"\r\nTimeStamp:%b%03ds %03dms, buff 03%%\r\n\0" % (mark, seconds % 1000, ms)

    def text(self, line: str, code: int) -> bytes:
        """A line of text in the stream: an error (code 0xF1) or information (0xF2)."""
        raw = line.encode("ascii") + b"\r\n"
        return bytes([0xF0, code]) + raw + b"\xff\xff" if self.is_binary else raw

    def end(self) -> bytes:
        """What follows the last sample."""
        low, high = encode_ascii(np.array([self._low if self.sent else 0.0, self._high]))
        summary = b"\r\nsummary beg\r\n%b%bsummary end\r\n" % (low.tobytes(), high.tobytes())
        mark = b"\xf0\xf4\xff\xff" if self.is_binary else b"\r\nend\r\n"
        return mark + summary + b"PowerShield > Acquisition completed\r\n"


def _within(numbers: NDArray[np.int64], spans: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    inside = np.zeros(len(numbers), bool)
    for start, count in spans:
        inside |= (numbers >= start) & (numbers < start + count)
    return inside


def _spliced(rows: Bytes, kept: NDArray[np.bool_], inserted: dict[int, bytes]) -> bytes:
    parts, before = [], 0
    for place in sorted(inserted):
        parts += [rows[before:place][kept[before:place]].tobytes(), inserted[place]]
        before = place
    return b"".join([*parts, rows[before:][kept[before:]].tobytes()])


def encode_ascii(values: Floats) -> Bytes:
    """Rows ``dddd±ee`` CR LF, uint8 (n, 9). What is not above zero has no such form and becomes 0."""
    texts = []
    for value in values.tolist():
        digits, _, exponent = f"{max(value, 0.0):.3e}".partition("e")
        power = int(exponent) - 3 if value > 0 else 0
        texts.append(f"{digits.replace('.', '')}{power:+03d}\r\n")
    return np.frombuffer("".join(texts).encode("ascii"), np.uint8).reshape(-1, 9)


def encode_binary(values: Floats) -> Bytes:
    """Pairs of big-endian bytes, uint8 (n, 2): the largest p up to 14 for which value × 16^p has 12 bits."""
    positive = np.clip(values, 0.0, 4095.0)
    power = np.floor(np.log(4095.49 / np.maximum(positive, 1e-30)) / np.log(16.0)).clip(0, 14).astype(int)
    mantissa = np.rint(positive * 16.0**power).astype(int)
    words = (power << 12 | mantissa).astype(">u2")
    return np.frombuffer(words.tobytes(), np.uint8).reshape(-1, 2)
