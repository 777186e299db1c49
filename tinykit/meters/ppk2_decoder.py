"""PPK2 words into amperes, logic levels, ranges, flags and gaps: any chunking gives the same samples.

A word is 32 bits, little-endian: ADC 0-13, range 14-16, one bit unused here, counter 18-23, logic 24-31.
Bits 0-16 determine the current, so that one table look-up replaces the arithmetic.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinykit.meters import ppk2_counter as counter
from tinykit.meters.ppk2_calibration import RANGES, SATURATION, TABLE_SIZE, Calibration
from tinykit.meters.trace import (
    INVALID,
    RANGE_SWITCH,
    SATURATED,
    Block,
    ByteArray,
    Gap,
    TraceWarning,
)

SETTLING = 3
"""Samples after a change of range that Nordic's filter replaces: one or two of them are known to be wrong."""
_TEXT = {
    "STRAY_BYTES": "{} bytes in the stream are no samples.",
    "COUNTER_GLITCH": "{} samples had an odd counter, and nothing was lost.",
    "SATURATED": "{} samples are at the converter's end: the current was larger.",
    "NO_VALUE": "{} samples have a range that does not exist or is not calibrated.",
}


class Ppk2Decoder:
    """See :class:`tinykit.meters.meter.Decoder`. Samples are numbered from the first whole word."""

    def __init__(self, calibration: Calibration, voltage_v: float) -> None:
        self._table = calibration.table(voltage_v)
        self._bad_ranges = np.array([n >= RANGES or n in calibration.unusable for n in range(8)])
        self._user_gains = calibration.ug
        self._held = b""
        self._synced = False
        self._skipped = 0
        self._expected: int | None = None
        self._range: int | None = None
        self._unsettled = 0
        self._next = 0
        self._gaps: list[Gap] = []
        self._counts = dict.fromkeys(_TEXT, 0)

    @property
    def length(self) -> int:
        """Sample periods so far, lost ones included."""
        return self._next

    @property
    def gaps(self) -> Sequence[Gap]:
        """What was lost so far; counts are modulo 64, as the counter has six bits."""
        return tuple(self._gaps)

    @property
    def warnings(self) -> Sequence[TraceWarning]:
        """STRAY_BYTES, COUNTER_GLITCH, SATURATED, NO_VALUE with how often, USER_GAIN with the gains."""
        counted = tuple(TraceWarning(code, _TEXT[code].format(n)) for code, n in self._counts.items() if n)
        if all(gain == 1 or math.isnan(gain) for gain in self._user_gains):
            return counted
        gains = ", ".join(f"{gain:g}" for gain in self._user_gains)
        return (*counted, TraceWarning("USER_GAIN", f"The meter holds user gains by range: {gains}."))

    def fork(self) -> Ppk2Decoder:
        """A decoder that goes on from here; the table is shared."""
        other = copy.copy(self)
        other._gaps, other._counts = [], dict.fromkeys(_TEXT, 0)
        return other

    def feed(self, data: bytes | memoryview) -> list[Block]:
        """The blocks that these bytes complete, of 131,072 samples at most and free of gaps."""
        return self._decode(b"".join((self._held, data)) if self._held else data, last=False)

    def finish(self) -> list[Block]:
        """What was held back for a decision; a broken word at the end is dropped."""
        blocks = self._decode(self._held, last=True)
        self._counts["STRAY_BYTES"] += self._skipped
        return blocks

    def _decode(self, data: bytes | memoryview, *, last: bool) -> list[Block]:
        blocks: list[Block] = []
        at, waiting = 0, False
        while not waiting and len(data) - at >= 4:
            if self._synced:
                at, waiting = self._run(data, at, blocks, last=last)
            else:
                at = self._sync(data, at, last=last)
                waiting = not self._synced
        self._held = b"" if last else bytes(data[at:])
        return blocks

    def _sync(self, data: bytes | memoryview, at: int, *, last: bool) -> int:
        """Find where words begin; what is skipped counts as lost, as far as the counter tells."""
        run = min(counter.SYNC_WORDS, (len(data) - at) // 4) if last else counter.SYNC_WORDS
        found = counter.find_words(data[at:], run)
        # Without a run, the last bytes may still be the beginning of one.
        skipped = found if found >= 0 else max(len(data) - at - 4 * run + 1, 0)
        self._skipped += skipped
        at += skipped
        if found >= 0:
            first = data[at + 2] >> 2
            if self._expected is not None:
                lost = _nearest(first - self._expected, self._skipped // 4)
                self._lose(lost, f"{self._skipped} stray bytes")
            self._counts["STRAY_BYTES"] += self._skipped
            self._expected, self._skipped, self._synced = first, 0, True
        return at

    def _run(self, data: bytes | memoryview, at: int, blocks: list[Block], *, last: bool) -> tuple[int, bool]:
        """Decode some words in order; where that ends, and whether more data must come first."""
        words = np.frombuffer(data, "<u4", min((len(data) - at) // 4, counter.MAX_WORDS), at)
        counters = counter.counters_of(words)
        assert self._expected is not None
        start = done = 0
        while True:
            good = counter.first_odd(counters[done:], self._expected)
            done, self._expected = done + good, (self._expected + good) % counter.MODULUS
            judged = counters[done : done + counter.LOOKAHEAD]
            if len(judged) < counter.LOOKAHEAD and (done or not last):
                # Nothing odd, or too near the end of these words; the next ones begin with what is odd.
                self._emit(words[start:done], blocks)
                return at + 4 * done, not done
            verdict = counter.judge(judged, self._expected)
            if verdict.kind == "glitch":
                self._counts["COUNTER_GLITCH"] += verdict.words
            else:
                self._emit(words[start:done], blocks)
                start = done
            if verdict.kind == "loss":
                self._lose(verdict.lost, "the sample counter jumps")
            if verdict.kind == "disorder":
                self._synced = False
                return at + 4 * done, False
            done += verdict.words
            self._expected = (self._expected + verdict.lost + verdict.words) % counter.MODULUS

    def _lose(self, count: int, reason: str) -> None:
        self._gaps.append(Gap(self._next, count, reason))
        self._next += count

    def _emit(self, words: NDArray[np.uint32], blocks: list[Block]) -> None:
        if not len(words):
            return
        code = words & np.uint32(TABLE_SIZE - 1)
        ranges = (code >> 14).astype(np.uint8)
        block = Block(
            first_index=self._next,
            current_a=self._table.take(code),
            digital=(words >> 24).astype(np.uint8),
            range_=ranges,
            flags=self._flags(code, ranges),
        )
        self._next += len(words)
        blocks.append(block)

    def _flags(self, code: NDArray[np.uint32], ranges: ByteArray) -> ByteArray | None:
        """SATURATED, INVALID, RANGE_SWITCH by sample; None, as nearly always, where none is set."""
        saturated = (code & SATURATION) == SATURATION
        bad = self._bad_ranges.take(ranges) if self._has_bad(ranges) else np.zeros(0, bool)
        switching = self._switching(ranges)
        if not (saturated.any() or bad.any() or len(switching)):
            return None
        flags = np.zeros(len(code), np.uint8)
        flags[saturated] = SATURATED
        flags[switching] |= RANGE_SWITCH
        if len(bad):
            flags[bad] |= INVALID
        self._counts["SATURATED"] += int(np.count_nonzero(saturated))
        self._counts["NO_VALUE"] += int(np.count_nonzero(bad))
        return flags

    def _has_bad(self, ranges: ByteArray) -> bool:
        return bool(self._bad_ranges[: int(ranges.max()) + 1].any())

    def _switching(self, ranges: ByteArray) -> NDArray[np.int64]:
        """Where the meter had just changed its range, in this block or at the end of the one before."""
        before = ranges[0] if self._range is None else self._range
        first = [0] if before != ranges[0] else []
        changes = np.concatenate((first, np.flatnonzero(ranges[1:] != ranges[:-1]) + 1)).astype(np.int64)
        settling = (changes[:, np.newaxis] + np.arange(SETTLING)).reshape(-1)
        switching = np.concatenate((np.arange(self._unsettled), settling))
        self._range = int(ranges[-1])
        self._unsettled = max(0, int(switching.max(initial=-1)) + 1 - len(ranges))
        return switching[switching < len(ranges)]


def _nearest(residue: int, guess: int) -> int:
    """The number from 0 on that is ``residue`` modulo 64, and nearest to ``guess``."""
    residue %= counter.MODULUS
    return residue + counter.MODULUS * max(round((guess - residue) / counter.MODULUS), 0)
