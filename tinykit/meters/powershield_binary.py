"""PowerShield's ``bin_hexa`` stream into blocks: two bytes a sample, frames ``F0 Fx … FF FF`` between them.

A sample is big-endian: the high nibble p of its first byte and 12 bits m mean m / 16^p (ST UM2269). p = 15
is never a sample, so no sample begins with Fx, but its second byte may be anything: hence pairs, in order.
A frame may have an odd length. Samples are handed out when the stamp that closes their 1000 has come: only
that shows whether pairs were still pairs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinykit.meters.powershield_clock import STAMP_EVERY, TOLERANCE_MS, SampleClock, StampedDecoder
from tinykit.meters.trace import Block, ByteArray, FloatArray, Quantity

_STAMP_SIZE = 9
_DATA_SIZE = 2 * STAMP_EVERY
_SEGMENT = _DATA_SIZE + _STAMP_SIZE
_STAMP = re.compile(rb"\xf0\xf3(.{4}).\xff\xff", re.DOTALL)
_WRAP_MS = 1 << 31
_LONGEST_TEXT = 512
_TEXT, _STAMP_CODE, _END, _OVERCURRENT = (0xF1, 0xF2), 0xF3, 0xF4, 0xF5
LPM01A_FRAMES: Mapping[int, int] = {0xF3: 9, 0xF4: 4, 0xF5: 4, 0xF6: 4, 0xF7: 6, 0xF8: 6, 0xF9: 5}
V3PWR_FRAMES: Mapping[int, int] = {**LPM01A_FRAMES, 0xF5: 8, 0xFA: 4, 0xFB: 4}


@dataclass(frozen=True)
class _Segment:
    """Samples up to and including a frame that ends them: a stamp, the end of the stream, or damage."""

    pairs: tuple[ByteArray, ...]
    size: int
    stamp: bytes | None = None
    ended: bool = False
    damaged: bool = False


class BinaryDecoder(StampedDecoder):
    """Sans-I/O. ``frames`` are the sizes in bytes of the dialect's fixed frames, by code."""

    def __init__(self, rate_hz: float, quantity: Quantity, frames: Mapping[int, int] = LPM01A_FRAMES) -> None:
        super().__init__(SampleClock(rate_hz, _WRAP_MS), quantity)
        self._rate_hz = rate_hz
        self._frames = frames
        self._lost_step = False

    def feed(self, data: bytes | memoryview) -> list[Block]:
        """The blocks that these bytes complete."""
        if self._ended:
            return []
        buffer = b"".join((self._rest, data))
        blocks: list[Block] = []
        at = 0
        while not self._ended:
            if self._lost_step:
                at = self._resume(buffer, at)
                if self._lost_step:
                    break
            plain = self._plain_segments(buffer, at)
            if plain:
                blocks.append(self._emit_plain(buffer, at, plain))
                at += plain * _SEGMENT
            segment = self._segment(buffer, at)
            if segment is None:
                break
            at += self._close(segment, blocks)
        self._rest = buffer[at:]
        return blocks

    def finish(self) -> list[Block]:
        """The samples since the last stamp, which no stamp has checked."""
        blocks: list[Block] = []
        if not self._ended:
            self._clock.warn("SHIELD_NO_END", "the recording stops without the shield's end mark.")
            if not self._lost_step:
                bytes_ = np.frombuffer(self._rest, np.uint8, len(self._rest) // 2 * 2)
                sample = bytes_[::2] < 0xF0
                count = len(sample) if sample.all() else int(sample.argmin())
                self._emit((bytes_[: 2 * count],), blocks)
        self._rest, self._ended = b"", True
        return blocks

    def _plain_segments(self, buffer: bytes, at: int) -> int:
        """How many times 1000 samples and an unremarkable stamp follow each other at ``at``."""
        count = min((len(buffer) - at) // _SEGMENT, self._clock.room)
        expected_ms = self._clock.expected_ms()
        if count < 1 or expected_ms is None:
            return 0
        rows = np.frombuffer(buffer, np.uint8, count * _SEGMENT, at).reshape(count, _SEGMENT)
        stamps = rows[:, _DATA_SIZE:]
        ms = np.ascontiguousarray(stamps[:, 2:6]).view(">u4")[:, 0]
        due_ms = expected_ms + np.arange(count) * (1000 * STAMP_EVERY / self._rate_hz)
        plain = (stamps[:, 0] == 0xF0) & (stamps[:, 1] == _STAMP_CODE)
        plain &= (stamps[:, 7:] == 0xFF).all(axis=1) & (np.abs(ms - due_ms) <= TOLERANCE_MS)
        plain &= rows[:, :_DATA_SIZE:2].max(axis=1) < 0xF0
        return count if plain.all() else int(plain.argmin())

    def _emit_plain(self, buffer: bytes, at: int, count: int) -> Block:
        rows = np.frombuffer(buffer, np.uint8, count * _SEGMENT, at).reshape(count, _SEGMENT)
        first_index = self._clock.index
        self._clock.count_stamped(
            count, int.from_bytes(rows[-1, _DATA_SIZE + 2 : _DATA_SIZE + 6].tobytes(), "big")
        )
        return self._block(first_index, _decode(rows[:, :_DATA_SIZE]))

    def _segment(self, buffer: bytes, at: int) -> _Segment | None:
        """What ``buffer`` holds from ``at`` to the next stamp; None where more bytes are needed."""
        pairs: list[ByteArray] = []
        start, count = at, 0
        while True:
            room = min((len(buffer) - at) // 2, STAMP_EVERY + 1 - count)
            bytes_ = np.frombuffer(buffer, np.uint8, 2 * room, at)
            sample = bytes_[::2] < 0xF0
            run = room if sample.all() else int(sample.argmin())
            pairs.append(bytes_[: 2 * run])
            at, count = at + 2 * run, count + run
            if count > STAMP_EVERY:
                return _Segment((), 0, damaged=True)
            if run == room:
                return None
            size = self._frame_size(buffer, at)
            if size is None:
                return None
            if size == 0:
                return _Segment((), 0, damaged=True)
            code, body = buffer[at + 1], buffer[at + 2 : at + size - 2]
            at += size
            if code == _STAMP_CODE:
                return _Segment(tuple(pairs), at - start, stamp=body)
            if code == _END:
                return _Segment(tuple(pairs), at - start, ended=True)
            self._remark(code, body)

    def _frame_size(self, buffer: bytes, at: int) -> int | None:
        """Bytes of the frame at ``at``; 0 where there is none, None where it is not complete yet."""
        code = buffer[at + 1]
        if buffer[at] != 0xF0 or not (code in self._frames or code in _TEXT):
            return 0
        if code in _TEXT:
            end = buffer.find(b"\xff\xff", at + 2, at + 2 + _LONGEST_TEXT)
            size = end + 2 - at if end >= 0 else _LONGEST_TEXT
        else:
            size = self._frames[code]
        if len(buffer) < at + size:
            return None
        return size if buffer[at + size - 2 : at + size] == b"\xff\xff" else 0

    def _remark(self, code: int, body: bytes) -> None:
        text = body.decode("ascii", "replace").strip()
        if code == _TEXT[0]:
            self._clock.warn("SHIELD_ERROR", f"after sample {self._clock.index}: {text}")
        elif code == _OVERCURRENT and self._frames[code] == 4:
            self._clock.warn("SHIELD_OVERCURRENT", f"the current was too large after {self._clock.index}.")

    def _close(self, segment: _Segment, blocks: list[Block]) -> int:
        self._emit(segment.pairs, blocks)
        if segment.damaged:
            self._lost_step = True
            self._clock.warn("SHIELD_DAMAGED", f"unreadable bytes after sample {self._clock.index}.")
        if segment.stamp is not None:
            self._stamp(segment.stamp[:4])
        self._ended = segment.ended
        return segment.size

    def _emit(self, pairs: tuple[ByteArray, ...], blocks: list[Block]) -> None:
        whole = np.concatenate(pairs) if pairs else np.empty(0, np.uint8)
        if len(whole):
            blocks.append(self._block(self._clock.index, _decode(whole)))
            self._clock.count(len(whole) // 2)

    def _stamp(self, raw: bytes, *, damaged: bool = False) -> None:
        word = int.from_bytes(raw, "big")
        self._clock.stamp(word & 0x7FFFFFFF, overflow=bool(word >> 31), damaged=damaged)

    def _resume(self, buffer: bytes, at: int) -> int:
        """Go on behind the next stamp. ``F0 F3`` cannot be part of samples, whichever way they are paired."""
        found = _STAMP.search(buffer, at)
        if found is None:
            return max(at, len(buffer) - _STAMP_SIZE + 1)
        self._lost_step = False
        self._stamp(found[1], damaged=True)
        return found.end()


def _values_by_pair() -> FloatArray:
    # By the pair as a little-endian number, so that the bytes need not be swapped first.
    pair = np.arange(1 << 16, dtype="<u2").view(np.uint8).reshape(-1, 2).astype(np.int64)
    return (((pair[:, 0] & 0x0F) << 8) | pair[:, 1]) / 16.0 ** (pair[:, 0] >> 4)


_VALUES = _values_by_pair()


def _decode(pairs: ByteArray) -> FloatArray:
    """Sample bytes, of any shape, into a flat array of amperes or joules."""
    return np.take(_VALUES, np.ascontiguousarray(pairs).reshape(-1).view("<u2"))
