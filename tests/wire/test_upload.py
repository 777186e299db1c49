"""The binary upload: whatever happens to frames, the buffer holds what was accepted and nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire.pipes import HostBoard, Silence, hex_commands

from tinykit.wire import frames, parse

DATA = np.random.default_rng(11).integers(0, 256, 64, np.uint8).tobytes()
BEFORE = bytes([0xEE] * 64)
BEGUN = b"m-tk-load-[64]\r\nm-ready\r\n"
DONE = b"m-load-done\r\nm-ready\r\n"
ENDED = b"e-[upload ended]\r\nm-ready\r\n"


@dataclass(frozen=True)
class Upload:
    """The board's answers to the frames, how it ended, and the buffer's bytes."""

    answers: bytes
    end: bytes
    buffer: bytes


def upload(board: HostBoard, *sent: bytes | Silence) -> Upload:
    said = board.run(*hex_commands(BEFORE), "tk load 64%", *sent, "\x03%", "db print%", "tk crc%")
    text = said.raw.partition(BEGUN)[2]
    tail = text.index(b"-[" if b"e-[upload" in text else b"-load-done") - 1
    answers, rest = text[:tail], text[tail:]
    end = next(end for end in (DONE, ENDED) if rest.startswith(end))
    rows = [
        line.removeprefix("m-buffer-") for line in rest.decode().split("\r\n") if line.startswith("m-buffer-")
    ]
    buffer = bytes.fromhex("".join(rows).replace("-", ""))
    crc = parse(rest.decode().split("\r\n")[-3])
    if len(buffer) == 64:
        assert int(crc.fields[0], 16) == zlib.crc32(buffer)
    return Upload(answers, end, buffer)


def pieces(size: int) -> list[bytes]:
    return list(frames.split(DATA, size))


@pytest.mark.parametrize("size", [1, 7, 8, 63, 64])
def test_frames_fill_the_buffer(board: HostBoard, size: int) -> None:
    sent = pieces(size)
    done = upload(board, *sent)
    assert done == Upload(bytes(frames.accepted(k) for k in range(len(sent))), DONE, DATA)


def test_data_of_zeros_and_of_ff_too(board: HostBoard) -> None:
    for value in (0, 1, 0xFF):
        sent = list(frames.split(bytes([value] * 64), 64))
        assert upload(board, *sent).buffer == bytes([value] * 64)


def test_long_frames_of_every_cobs_block(make_board: Callable[..., HostBoard], checkout) -> None:
    board = make_board(checkout / "firmware_models" / "models" / "kws" / "kws.tflite")
    rng = np.random.default_rng(2)
    for data in (
        rng.integers(0, 256, 490, np.uint8).tobytes(),
        bytes([7] * 490),
        bytes(245) + bytes([9] * 245),
    ):
        said = board.run("tk load 490%", *frames.split(data), "tk crc%")
        crc = f"m-tk-crc-[{zlib.crc32(data):08x}]".encode()
        assert said.raw == BEGUN.replace(b"64", b"490") + b"\x80" + DONE + crc + b"\r\nm-ready\r\n"


def test_a_bad_crc_is_refused_and_sent_again(board: HostBoard) -> None:
    first, second, third = pieces(22)
    broken = bytearray(second)
    broken[10] ^= 0x10
    done = upload(board, first, bytes(broken), third, second, third)
    answers = [
        frames.accepted(0),
        frames.refused(1),
        frames.refused(1),
        frames.accepted(1),
        frames.accepted(2),
    ]
    assert done == Upload(bytes(answers), DONE, DATA)


def test_a_lost_frame_holds_back_those_behind_it(board: HostBoard) -> None:
    first, second, third = pieces(22)
    done = upload(board, first, third, second, third)
    assert done.answers == bytes([0x80, 0xC1, 0x81, 0x82])
    assert done.buffer == DATA


def test_a_frame_that_comes_twice_is_acknowledged_twice_and_written_once(board: HostBoard) -> None:
    sent = pieces(4)
    twice = [frame for frame in sent[:-1] for _ in range(2)] + sent[-1:]
    done = upload(board, *twice)
    assert done.answers == bytes(0x80 | k for k in range(15) for _ in range(2)) + bytes([0x8F])
    assert done.buffer == DATA


def test_only_the_last_eight_are_known_again(board: HostBoard) -> None:
    sent = pieces(4)
    other = frames.build(1, b"evil")
    done = upload(board, *sent[:10], sent[2], sent[1], other, *sent[10:])
    assert done.answers[10:13] == bytes([0x82, 0xC0 | 10, 0xC0 | 10])
    assert done.buffer == DATA


def test_an_old_number_with_other_bytes_is_not_written(board: HostBoard) -> None:
    first, second, third = pieces(22)
    done = upload(board, first, second, frames.build(0, b"other bytes"), third)
    assert done == Upload(bytes([0x80, 0x81, 0x80, 0x82]), DONE, DATA)


def test_a_frame_beyond_what_was_announced_is_refused(board: HostBoard) -> None:
    done = upload(board, frames.build(0, bytes(65)), frames.build(0, bytes(512)), frames.build(0, DATA))
    assert done == Upload(bytes([0xC0, 0xC0, 0x80]), DONE, DATA)


def test_a_frame_that_is_too_long_is_refused(board: HostBoard) -> None:
    from tinykit.wire import cobs

    body = bytes(2) + bytes(600)
    long = cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"
    assert upload(board, long, frames.build(0, DATA)).answers == bytes([0xC0, 0x80])


def test_a_frame_without_payload_does_no_harm(board: HostBoard) -> None:
    done = upload(board, frames.build(0, b""), frames.build(1, DATA))
    assert done == Upload(bytes([0x80, 0x81]), DONE, DATA)


def test_zeros_between_frames_are_not_frames(board: HostBoard) -> None:
    first, *others = pieces(22)
    assert upload(board, b"\0\0\0", first, b"\0", *others, b"").answers == bytes([0x80, 0x81, 0x82])


def test_a_second_of_silence_ends_it(board: HostBoard) -> None:
    first, second, _ = pieces(22)
    done = upload(board, first, Silence(900), second[:5], Silence(900), second[5:], Silence(1100))
    assert done.answers == bytes([0x80, 0x81])
    assert done.end == ENDED
    assert done.buffer == DATA[:44]


def test_the_host_can_end_it(board: HostBoard) -> None:
    done = upload(board, frames.build(0, DATA[:10]), frames.abort())
    assert (done.answers, done.end, done.buffer) == (b"\x80", ENDED, DATA[:10])


def test_what_was_not_accepted_is_not_input(board: HostBoard) -> None:
    said = board.run("tk load 64%", frames.build(0, DATA[:10]), frames.abort(), "infer 1 0%")
    assert b"Input db has 10 elemented, expected 64\n" in said.raw


def test_numbers_go_on_at_zero_behind_the_last(make_board: Callable[..., HostBoard], checkout) -> None:
    """Frames without payload count too: that is the quick way to 0xFFFF."""
    board = make_board(checkout / "firmware_models" / "models" / "digits" / "digits.tflite")
    empty = b"".join(frames.build(k % 0xFFFF, b"") for k in range(0xFFFF + 3))
    said = board.run("tk load 64%", empty, frames.build(3, DATA), "tk crc%")
    answers = said.raw.removeprefix(BEGUN)[: 0xFFFF + 4]
    assert answers == bytes(0x80 | k % 0xFFFF & 0x3F for k in range(0xFFFF + 4))
    assert f"m-tk-crc-[{zlib.crc32(DATA):08x}]".encode() in said.raw[-60:]


OFFERS = st.sampled_from(["lose", "twice", "flip", "garbage", "good", "good", "good", "swap", "cut"])


@given(st.lists(OFFERS, min_size=1, max_size=30), st.integers(1, 64), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_a_bad_line_gives_the_data_or_an_end(board: HostBoard, offers: list[str], size: int, random) -> None:
    """All frames go through a bad line; then good ones, from where the board says it is, finish it."""
    sent: list[bytes] = []
    good = pieces(size)
    for k, offer in enumerate(offers):
        frame = good[k % len(good)]
        spoiled = bytearray(frame)
        spoiled[random.randrange(len(frame))] ^= 1 << random.randrange(8)
        sent += {
            "lose": [],
            "twice": [frame, frame],
            "flip": [bytes(spoiled)],
            "garbage": [random.randbytes(20)],
            "good": [frame],
            "swap": [good[(k + 1) % len(good)], frame],
            "cut": [frame[: random.randrange(len(frame))]],
        }[offer]
    # Without knowing what was accepted: each frame in order, as often as it takes, is what a host comes to.
    done = upload(board, *sent, b"\0", *good)
    assert done.end == DONE
    assert done.buffer == DATA


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_garbage_writes_nothing_that_stays(board: HostBoard, garbage: bytes) -> None:
    done = upload(board, garbage, b"\0", frames.build(0, DATA))
    assert (done.end, done.buffer) == (DONE, DATA)


def test_a_split_between_any_two_bytes_does_not_matter(board: HostBoard) -> None:
    stream = b"".join(pieces(22))
    sent = [item for byte in stream for item in (bytes([byte]), Silence(3))]
    assert upload(board, *sent) == Upload(bytes([0x80, 0x81, 0x82]), DONE, DATA)
