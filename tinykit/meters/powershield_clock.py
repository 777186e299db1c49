"""The number of the next sample, and what is missing: from the time stamp that comes every 1000 samples.

A PowerShield counts 1000 samples, then says what its clock shows, in milliseconds. Both must agree with what
arrived: a count short of 1000 was lost on the way, a clock that went on was lost in the shield.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Self

from tinykit.meters.trace import Block, ByteArray, FloatArray, Gap, Quantity, TraceWarning

STAMP_EVERY = 1000
# A stamp is cut to whole milliseconds, so a difference of two is out by less than one. The rest is for
# stamps and samples that may come from two oscillators: 200 ppm for the time that one comparison spans.
TOLERANCE_MS = 2.0
_SPAN_S = 5.0


class SampleClock:
    """Counts samples and compares the count with stamps; at ``wrap_ms`` the shield's clock goes to 0."""

    def __init__(self, rate_hz: float, wrap_ms: int) -> None:
        self.index = 0
        self.gaps: list[Gap] = []
        self.warnings: list[TraceWarning] = []
        self._per_ms = rate_hz / 1000
        self._wrap_ms = wrap_ms
        self._since = 0
        self._anchor: tuple[int, int] | None = None
        self._span = STAMP_EVERY * math.ceil(_SPAN_S * rate_hz / STAMP_EVERY)

    def fork(self) -> Self:
        """The same count, with nothing lost yet."""
        other = copy.copy(self)
        other.gaps, other.warnings = [], []
        return other

    def warn(self, code: str, text: str) -> None:
        """Remember a warning, the first of each code."""
        if all(known.code != code for known in self.warnings):
            self.warnings.append(TraceWarning(code, text))

    def count(self, samples: int) -> None:
        """``samples`` more have arrived."""
        self.index += samples
        self._since += samples

    @property
    def room(self) -> int:
        """How many more stamps are compared with :meth:`expected_ms` as it is."""
        return 0 if self._anchor is None else (self._anchor[1] + self._span - self.index) // STAMP_EVERY

    def count_stamped(self, stamps: int, last_ms: int) -> None:
        """1000 samples for each of ``stamps``, at most ``room``, that agree with :meth:`expected_ms`."""
        self.index += STAMP_EVERY * stamps
        self._since = 0
        self._move_anchor(last_ms)

    def _move_anchor(self, ms: int) -> None:
        if self._anchor is None or self.index - self._anchor[1] >= self._span:
            self._anchor = (ms, self.index)

    def expected_ms(self) -> float | None:
        """What a stamp of a shield without trouble says after 1000 samples from the last; None before one."""
        if self._anchor is None:
            return None
        at_ms, at_index = self._anchor
        return at_ms + (self.index - self._since + STAMP_EVERY - at_index) / self._per_ms

    def stamp(self, ms: int, *, overflow: bool = False, damaged: bool = False) -> None:
        """A stamp of ``ms`` came before the next sample. ``damaged``: bytes before it could not be read."""
        if self._anchor is None:
            # Sample 0 comes with a stamp. Samples before the first one mean that it was lost itself.
            if self._since:
                self._lost(-self._since % STAMP_EVERY, "before the first time stamp")
        else:
            self._compare(ms, "damaged bytes" if damaged else "")
        if overflow:
            self.gaps.append(Gap(self.index, 0, "the shield says that its buffer overflowed"))
            self.warn("SHIELD_OVERFLOW", f"the shield reports an overflow before sample {self.index}.")
        self._since = 0
        self._move_anchor(ms)

    def _compare(self, ms: int, reason: str) -> None:
        assert self._anchor is not None
        at_ms, at_index = self._anchor
        counted_ms = (self.index - at_index) / self._per_ms
        # The clock shown wraps; the residual is taken as the smallest that fits.
        late_ms = (ms - at_ms - counted_ms + self._wrap_ms / 2) % self._wrap_ms - self._wrap_ms / 2
        late = late_ms * self._per_ms
        short = -self._since % STAMP_EVERY
        lost = short + STAMP_EVERY * round((late - short) / STAMP_EVERY)
        if abs(late - lost) <= TOLERANCE_MS * self._per_ms and lost >= 0:
            # Where it happened among the samples since the last stamp, nobody can say.
            self._lost(lost, reason or f"lost on the way, among the {self._since} samples before")
            return
        if late_ms > TOLERANCE_MS:
            self._lost(round(late), reason or "the shield's clock went on without samples")
        else:
            self.gaps.append(Gap(self.index, 0, "more samples than the shield's clock has time for"))
            self.warn(
                "SHIELD_CLOCK", f"before sample {self.index} the shield's clock is {-late_ms:.1f} ms behind."
            )
        self._anchor = (ms, self.index)

    def _lost(self, samples: int, reason: str) -> None:
        if samples:
            self.gaps.append(Gap(self.index, samples, reason))
            self.index += samples


class StampedDecoder:
    """What both streams' decoders have in common: one clock, and what it knows."""

    def __init__(self, clock: SampleClock, quantity: Quantity) -> None:
        self._clock = clock
        self._quantity = quantity
        self._rest = b""
        self._ended = False

    @property
    def length(self) -> int:
        """Sample periods so far, lost ones included."""
        return self._clock.index

    @property
    def gaps(self) -> Sequence[Gap]:
        """What was lost so far, in order."""
        return self._clock.gaps

    @property
    def warnings(self) -> Sequence[TraceWarning]:
        """What a verdict must know, one a code."""
        return self._clock.warnings

    def fork(self) -> Self:
        """A decoder that goes on from here."""
        other = copy.copy(self)
        other._clock = self._clock.fork()
        return other

    def _block(
        self,
        first_index: int,
        values: FloatArray,
        digital: ByteArray | None = None,
        flags: ByteArray | None = None,
    ) -> Block:
        """A block of what the shield measures: current in A, or energy in J per sample."""
        if self._quantity == "energy":
            return Block(first_index, energy_j=values, digital=digital, flags=flags)
        return Block(first_index, current_a=values, digital=digital, flags=flags)
