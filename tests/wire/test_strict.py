"""MLPerf Tiny's dialect as its reference firmware speaks it, spoken by ours on this computer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire.pipes import HostBoard, Silence, hex_commands

EVERY_BYTE = bytes(range(64))
HELP = """ULPMark for tinyML Firmware V0.0.1

help         : Print this information
name         : Print the name of the device
timestsamp   : Generate a timetsamp
db SUBCMD    : Manipulate a generic byte buffer
  load N     : Allocate N bytes and set load counter
  db HH[HH]* : Load 8-bit hex byte(s) until N bytes
  print [N=16] [offset=0]
             : Print N bytes at offset as hex
infer N [W=0]: Load input, execute N inferences after W warmup loops
results      : Return the result fp32 vector"""


def test_who_it_is(board: HostBoard) -> None:
    said = board.run("name%", "profile%", "help%")
    assert said.replies[0] == ["m-name-dut-[tinykit]"]
    assert said.replies[1] == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[tk-e7d18b22]"]
    assert said.replies[2][:12] == HELP.split("\n")
    assert said.replies[2][12:] == ["tk           : tinykit extension, see tk help"]


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 0", "e-[Command 'db load' must be >0 bytes]"),
        ("db load many", "e-[Command 'db load' must be >0 bytes]"),
        ("db load 12", "m-[Expecting 12 bytes]"),
        ("db load 12abc", "m-[Expecting 12 bytes]"),
        ("  db   load   64  ", "m-[Expecting 64 bytes]"),
        ("db load +9", "m-[Expecting 9 bytes]"),
        ("db abc", "e-[Insufficent number of hex digits]"),
        ("infer 0", "e-[Inference iterations must be >0]"),
        ("infer -4 1", "e-[Inference iterations must be >0]"),
        ("infer 1 -1", "e-[Inference warmup must be >=0]"),
        ("bogus", "e-[Unknown command: bogus]"),
        ("Name", "e-[Unknown command: Name]"),
        ("names", "e-[Unknown command: names]"),
        ("bufr x", "e-[Unknown command: bufr]"),
        ("", "e-[Unknown command: ]"),
        ("   ", "e-[Unknown command: ]"),
    ],
)
def test_a_command_and_its_line(board: HostBoard, command: str, reply: str) -> None:
    assert board.run(f"{command}%").raw == f"{reply}\r\nm-ready\r\n".encode()


def test_the_buffer_is_filled_and_printed_like_the_reference_s(board: HostBoard) -> None:
    said = board.run(
        "db load 10%", "db 0011223344%", "db 5566778899ff%", "db print%", "db load 8%", "db print%"
    )
    assert said.replies[1:4] == [
        [],
        ["m-load-done"],
        ["m-buffer-00-11-22-33-44-55-66-77", "m-buffer-88-99", ""],
    ]
    assert said.replies[5] == ["m-buffer-00-11-22-33-44-55-66-77"]


def test_digits_are_of_either_case_and_go_in_as_far_as_they_are_good(board: HostBoard) -> None:
    said = board.run("db load 4%", "db aBFg01%", "db 77%", "db print%")
    assert said.replies[1] == ["e-[Invalid hex digit 'Fg']"]
    assert said.replies[3] == ["m-buffer-ab-77-00-00", ""]


def test_digits_behind_the_last_byte_and_before_a_load_change_nothing(board: HostBoard) -> None:
    said = board.run("db 0102%", "db print%", "db load 2%", "db aabbccdd%", "db eeff%", "db print%")
    assert said.replies[:2] == [[], []]
    assert said.replies[3:] == [["m-load-done"], [], ["m-buffer-aa-bb", ""]]


@pytest.mark.parametrize("size", [65, 99999, 4294967296, 99999999999999999999, -3])
def test_an_oversize_load_says_so_and_keeps_what_fits(board: HostBoard, size: int) -> None:
    said = board.run(f"db load {size}%", *[f"db {'5a' * 38}%"] * 3, "db print%")
    told = max(min(size, 2**31 - 1), -(2**31))
    assert said.raw.startswith(f"Supplied buffer size {told} exceeds maximum of 64\nm-ready\r\n".encode())
    assert said.replies[2:4] == [["m-load-done"], []]
    assert said.replies[4] == ["m-buffer-" + "-".join(["5a"] * 8)] * 8


def test_infer_in_the_reference_s_order(board: HostBoard) -> None:
    said = board.run(*hex_commands(EVERY_BYTE), "infer 7 2%", "results%")
    reply, results = said.replies[-2:]
    assert reply[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-7"]
    laps = [lap(line) for line in reply[3:5]]
    assert laps[1] > laps[0]
    assert reply[5] == "m-infer-done"
    assert [reply[6]] == results
    marks = [(value, said.raw[:at].decode()) for what, value, at in said.events if what == "mark" and at > 0]
    assert [value for value, _ in marks] == [1, 0]
    assert all(before.endswith(f"m-lap-us-{laps[0]}\r\n") for _, before in marks)


def test_without_numbers_infer_is_one_after_ten(board: HostBoard) -> None:
    load = list(hex_commands(EVERY_BYTE))
    for command, count in (("infer%", 1), ("infer 3%", 3)):
        reply = board.ask(*load, command)
        assert reply[:3] == ["m-warmup-start-10", "m-warmup-done", f"m-infer-start-{count}"]


def test_a_buffer_of_the_wrong_size_is_said_and_run(board: HostBoard) -> None:
    said = board.run("db load 3%", "db 010203%", "infer 1 0%")
    assert b"Input db has 3 elemented, expected 64\nm-warmup-start-0\r\n" in said.raw
    assert said.replies[-1][-1].startswith("m-results-[")


def test_times_are_microseconds_and_wrap_as_32_bits(board: HostBoard) -> None:
    near, far = (lap(board.run("timestamp%", timer=2**32 - us).lines[0]) for us in (7, 5000))
    assert 0 <= near < 5000
    assert 2**32 - 5000 < far < 2**32


@pytest.mark.parametrize("timer_hz", [120_000_000, 64_000, 32_768])
def test_a_timer_that_wraps_does_not_show(make_board, digits, timer_hz: int) -> None:
    board = make_board(digits.tflite, timer_hz=timer_hz)
    just_before = 2**32 - timer_hz // 100
    said = board.run("timestamp%", Silence(50), "timestamp%", timer=just_before)
    first, last = (lap(line) for line in said.lines if line != "m-ready")
    assert 0 <= (first - just_before * 1_000_000 // timer_hz) % 2**32 < 10_000
    assert 45_000 < (last - first) % 2**32 < 60_000


def lap(line: str) -> int:
    return int(line.removeprefix("m-lap-us-"))


def test_line_ends_and_zeros_before_a_command_do_not_matter(board: HostBoard) -> None:
    assert board.ask("\r\n\0\nname%") == ["m-name-dut-[tinykit]"]
    assert board.ask("name\r\n%") == ["e-[Unknown command: name??]"]


def test_a_zero_within_a_command_does_not_end_it(board: HostBoard) -> None:
    assert board.ask(b"name\0and so on%") == ["e-[Unknown command: name?and]"]
    assert board.ask(b"db load 4%db\0 00%") == ["e-[Unknown command: db?]"]


@pytest.mark.parametrize("length", [81, 82, 200, 5000])
def test_a_command_that_is_too_long_is_not_carried_out(board: HostBoard, length: int) -> None:
    said = board.run(f"{'name':<{length}}%", "name%")
    assert said.replies == [["e-[Command longer than 80 characters]"], ["m-name-dut-[tinykit]"]]


def test_eighty_characters_are_taken(board: HostBoard) -> None:
    assert board.ask(f"{'name':<80}%") == ["m-name-dut-[tinykit]"]
    assert board.ask("x" * 80 + "%") == [f"e-[Unknown command: {'x' * 80}]"]


def test_half_a_command_is_dropped_by_a_stop(board: HostBoard) -> None:
    assert board.run("infer 1\x03name%").replies == [["m-name-dut-[tinykit]"]]


def test_commands_in_one_piece_are_answered_in_turn(board: HostBoard) -> None:
    said = board.run(b"name%profile%db load 4%db 01020304%")
    assert [reply[0] for reply in said.replies] == [
        "m-name-dut-[tinykit]",
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "m-[Expecting 4 bytes]",
        "m-load-done",
    ]


@given(st.lists(st.binary(max_size=120), max_size=6))
@settings(max_examples=60, deadline=None)
def test_after_any_bytes_it_still_answers(board: HostBoard, pieces: list[bytes]) -> None:
    """`tk idle` and `tk load` could be among them: at worst a minute of the board's time."""
    said = board.run(*pieces, "\x03%", "name%")
    assert said.replies[-1] == ["m-name-dut-[tinykit]"]
    assert said.raw.isascii()


WORDS = [
    "name",
    "timestamp",
    "profile",
    "db",
    "load",
    "print",
    "infer",
    "results",
    "tk",
    "help",
    "info",
    "crc",
]
WORDS += [
    "output",
    "state",
    "arm",
    "go",
    "idle",
    "64",
    "0",
    "1",
    "-1",
    "99",
    "00",
    "ffff",
    "\x03",
    "\x00",
    "ä",
]


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from([b"%", b" ", b" ", b""])), max_size=40))
@settings(max_examples=100, deadline=None)
def test_after_any_words_it_still_answers(board: HostBoard, words: list[tuple[str, bytes]]) -> None:
    data = b"".join(word.encode("latin-1") + behind for word, behind in words)
    said = board.run(data, "\x03%", "name%")
    assert said.replies[-1] == ["m-name-dut-[tinykit]"]


def test_nothing_a_host_sends_comes_back_as_a_line(board: HostBoard) -> None:
    said = board.run("x\r\nm-ready\r\n%", "db \r\n%", "db zz%")
    assert said.lines == [
        "e-[Unknown command: x??m-ready??]",
        "m-ready",
        "m-ready",
        "m-ready",
    ]
