"""Upload frames and their answers."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import InputError
from tinykit.wire import cobs, frames


@given(st.integers(0, 0xFFFF), st.binary(max_size=512))
def test_a_frame_is_what_the_contract_says(sequence: int, payload: bytes) -> None:
    frame = frames.build(sequence, payload)
    assert frame.endswith(b"\0")
    assert frame.count(0) == 1
    body = cobs.decode(frame[:-1])
    assert body[:2] == sequence.to_bytes(2, "little")
    assert body[-4:] == zlib.crc32(body[:-4]).to_bytes(4, "little")
    assert frames.parse(frame) == frames.Frame(sequence, payload)


@given(st.binary(min_size=1, max_size=64), st.integers(0, 600), st.integers(0, 7))
def test_one_flipped_bit_is_always_seen(payload: bytes, at: int, bit: int) -> None:
    frame = bytearray(frames.build(3, payload)[:-1])
    frame[at % len(frame)] ^= 1 << bit
    with pytest.raises(InputError):
        frames.parse(bytes(frame))


def test_a_frame_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError):
        frames.build(0, bytes(513))
    with pytest.raises(InputError):
        frames.build(0x10000, b"")
    with pytest.raises(InputError) as short:
        frames.parse(cobs.encode(b"\1\2\3"))
    assert short.value.code == "FRAME_SHORT"


@given(st.binary(max_size=3000), st.integers(1, 512))
def test_pieces_come_in_order_and_whole(data: bytes, size: int) -> None:
    pieces = [frames.parse(frame) for frame in frames.split(data, size)]
    assert b"".join(piece.payload for piece in pieces) == data
    assert [piece.sequence for piece in pieces] == list(range(len(pieces)))


def test_numbers_never_reach_the_one_that_ends_an_upload() -> None:
    numbers = [frames.parse(frame).sequence for frame in frames.split(bytes(0x10001), 1)]
    assert numbers[-2:] == [0, 1]
    assert max(numbers) == 0xFFFE
    assert frames.parse(frames.abort()) == frames.Frame(0xFFFF, b"")


@given(st.integers(0, 0xFFFF))
def test_answers(sequence: int) -> None:
    assert frames.answer(frames.accepted(sequence)) == frames.Answer(True, sequence % 64)
    assert frames.answer(frames.refused(sequence)) == frames.Answer(False, sequence % 64)


def test_text_is_no_answer() -> None:
    assert all(frames.answer(byte) is None for byte in range(128))
