"""The table and the firmware, held against each other in both directions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from wire.pipes import HostBoard, Silence, hex_commands

from tinykit.wire import COMMANDS, ERRORS, MESSAGES, TEXTS, Message, frames
from tinykit.wire.header import c_header, extension_help, help_lines
from tinykit.wire.tokens import COMMAND_BYTES

INPUT = list(hex_commands(bytes(range(64))))
DECLARED = (*MESSAGES, *ERRORS, *TEXTS)
_FIELDS = {"u": r"\d+", "d": r"-?\d+", "x": "[0-9a-f]{8}", "s": "[ -~]+", "*": "[ -~]*"}

# Every command, every error. Fault apart: it ends the program (tests/bench has it).
EXCHANGES: list[list[str | bytes | Silence]] = [
    ["name%", "timestamp%", "profile%", "help%", "results%", "tk help%", "tk info%", "tk crc%", "bogus%"],
    [*INPUT, "infer 2 1%", "tk state%", "tk output 0%", "tk profile%", "tk arm 1%", "tk go%", "tk go%"],
    ["db%", "db load%", "db load 0%", "db load 65%", "db abc%", "db zz%", "db load 3%", "db print%"],
    ["infer 0%", "infer 1 -1%", "infer 1 0%", "x" * 81 + "%", "infer 1 1000000000%", b"\x03"],
    ["tk bogus%", "tk idle 0%", "tk idle 1%", "tk sleep 1%", "tk load 64%", Silence(1100)],
    ["tk load 64%", frames.build(0, bytes(64))],
]


def pattern(message: Message) -> re.Pattern[bytes]:
    kinds = [_FIELDS[field.kind] for field in message.fields]
    text = "".join(re.escape(part) + kind for part, kind in zip(message.parts, [*kinds, ""], strict=True))
    return re.compile((text + re.escape(message.end)).encode())


@pytest.fixture(scope="module")
def printed(board: HostBoard, energy_board: HostBoard) -> bytes:
    said = [one.run(*sent).raw for one in (board, energy_board) for sent in EXCHANGES]
    banner = b"m-timestamp-mode-performance\r\nm-init-done\r\n"
    return banner + b"".join(said).replace(bytes([frames.accepted(0)]), b"")


def test_all_that_the_firmware_prints_is_declared(printed: bytes) -> None:
    # tk-help fits any line: its lines are known word for word.
    free = {"tk-help"}
    patterns = [pattern(message) for message in DECLARED if message.name not in free]
    exact = {f"{line}\r\n".encode() for line in extension_help()}
    lines = re.findall(rb"[^\n]*\n", printed)
    assert len(lines) > 100
    for line in lines:
        assert line in exact or any(one.fullmatch(line) for one in patterns), line
    assert printed.endswith(b"m-ready\r\n")


@pytest.mark.parametrize("message", [m for m in DECLARED if m.name != "fault"], ids=lambda m: m.name)
def test_all_that_is_declared_is_printed(printed: bytes, message: Message) -> None:
    assert any(pattern(message).fullmatch(line) for line in re.findall(rb"[^\n]*\n", printed))


def test_the_sources_hold_no_word_of_their_own(checkout: Path) -> None:
    firmware = checkout / "firmware_models" / "firmware"
    files = [*sorted((firmware / "wire").glob("*.[ch]")), firmware / "main.c"]
    assert len(files) > 10
    short = re.compile(r"(%[usxd],?|-|,|inf|nan|0123456789abcdef|\w+\.h|clang attribute .*|GCC .*|)")
    for file in files:
        text = re.sub(r"/\*.*?\*/|#error.*?\n", "", file.read_text(), flags=re.DOTALL)
        for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text):
            assert short.fullmatch(literal), f"{file.name}: {literal!r}"


def test_the_sources_use_every_word_of_the_header(checkout: Path) -> None:
    firmware = checkout / "firmware_models" / "firmware"
    text = "".join(f.read_text() for f in [*(firmware / "wire").glob("*.c"), firmware / "main.c"])
    for name in re.findall(r"^#define (TK_[A-Z]\w+)", c_header(), re.MULTILINE):
        assert name == "TK_WIRE_TOKENS_H" or re.search(
            rf"\b{name}\b", text + (firmware / "wire" / "wire.h").read_text()
        ), name


def test_names_are_declared_once() -> None:
    names = [message.name for message in DECLARED]
    assert len(names) == len(set(names))
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)
    replies = {reply for command in COMMANDS for reply in command.replies}
    assert replies <= set(names)
    unasked = {m.name for m in (*MESSAGES, *TEXTS)} - replies
    assert unasked == {"ready", "timestamp-mode", "init-done"}


def test_the_extension_keeps_to_itself() -> None:
    for command in COMMANDS:
        assert command.extension == command.name.startswith("tk ")
    assert [line for line in help_lines() if "tk" in line.split(" ")] == [help_lines()[-1]]
    assert len(extension_help()) == sum(command.extension for command in COMMANDS)
    assert all(message.template.isascii() for message in DECLARED)
    assert f"longer than {COMMAND_BYTES} " in next(m.template for m in ERRORS if m.name == "too-long")


def test_the_header_is_c(checkout: Path) -> None:
    header = c_header()
    assert header.isascii()
    assert '#define TK_M_LAP_US "m-lap-us-%u\\r\\n"' in header
    assert '#define TK_M_RESULTS "m-results-["' in header
    assert '#define TK_M_RESULTS_END "]\\r\\n"' in header
    assert '#define TK_E_FAULT "e-[fault %x %x %x %x]\\r\\n"' in header
    assert "#define TK_TERMINATOR '%'" in header
