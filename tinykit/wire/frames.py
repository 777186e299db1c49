"""The frames of a binary upload, and the board's one-byte answers.

A frame is COBS(sequence u16 LE, payload, CRC-32 LE over both), ended by a zero. The answer's two high bits
say accepted or refused; its low six are the number of the accepted frame, or of the one expected instead.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tinykit.errors import InputError
from tinykit.wire import cobs
from tinykit.wire.tokens import ABORT_SEQUENCE, ACCEPTED, PAYLOAD_BYTES, REFUSED

_LOW = 0x3F


@dataclass(frozen=True)
class Frame:
    """A decoded frame."""

    sequence: int
    payload: bytes


@dataclass(frozen=True)
class Answer:
    """``sequence`` modulo 64: of the frame that was accepted, or of the one that must be sent next."""

    accepted: bool
    sequence: int


def build(sequence: int, payload: bytes) -> bytes:
    """A frame as it is sent. Raises InputError for more than 512 bytes or a sequence that is no u16."""
    if len(payload) > PAYLOAD_BYTES or not 0 <= sequence <= ABORT_SEQUENCE:
        raise InputError(
            f"A frame cannot carry {len(payload)} bytes under number {sequence}.",
            hint=f"a frame holds at most {PAYLOAD_BYTES} bytes.",
        )
    body = struct.pack("<H", sequence) + payload
    return cobs.encode(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


def abort() -> bytes:
    """The frame that ends an upload early."""
    return build(ABORT_SEQUENCE, b"")


def split(data: bytes, payload_bytes: int = PAYLOAD_BYTES) -> Iterator[bytes]:
    """The frames of ``data``, in order, numbered from 0; numbers above 0xFFFE go on at 0."""
    for k, at in enumerate(range(0, len(data), payload_bytes)):
        yield build(k % ABORT_SEQUENCE, data[at : at + payload_bytes])


def parse(frame: bytes) -> Frame:
    """Read a frame, with or without the zero behind it.

    Raises InputError: COBS, FRAME_SHORT, FRAME_CRC.
    """
    body = cobs.decode(frame.removesuffix(b"\0"))
    if len(body) < 6:
        raise InputError("A frame is too short.", hint="send it again.", code="FRAME_SHORT")
    if zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
        raise InputError("A frame's CRC is wrong.", hint="send it again.", code="FRAME_CRC")
    return Frame(int.from_bytes(body[:2], "little"), body[2:-4])


def accepted(sequence: int) -> int:
    """The byte that says: frame ``sequence`` is in."""
    return ACCEPTED | sequence & _LOW


def refused(expected: int) -> int:
    """The byte that says: send ``expected`` and all behind it again."""
    return REFUSED | expected & _LOW


def answer(byte: int) -> Answer | None:
    """Read an answer; None for a byte that is none (text, for instance)."""
    if byte & ACCEPTED == 0:
        return None
    return Answer(byte & REFUSED != REFUSED, byte & _LOW)
