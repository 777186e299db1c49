"""Commands as bytes, and what a board's line is taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import UsageError
from tinykit.wire import ERRORS, MESSAGES, Kind, Message, encode, parse

SAMPLES = {"u": "17", "d": "-1", "x": "0badcafe", "s": "word", "*": "0.125,7"}


def filled(message: Message) -> tuple[str, list[str]]:
    values = [SAMPLES[field.kind] for field in message.fields]
    text = "".join(a + b for a, b in zip(message.parts, [*values, ""], strict=True))
    return text, values


@pytest.mark.parametrize("message", [*MESSAGES, *ERRORS], ids=lambda m: m.name)
def test_every_declared_line_is_recognised_with_its_fields(message: Message) -> None:
    text, values = filled(message)
    line = parse(f"{text}\r\n")
    assert (line.name, line.text) == (message.name, text)
    expected = {"ready": Kind.READY}.get(message.name, Kind.ERROR if message in ERRORS else Kind.MESSAGE)
    assert line.kind is expected
    assert list(line.fields) == [part for value in values for part in value.split(",")]


@pytest.mark.parametrize(
    ("text", "name", "fields"),
    [
        ("m-results-[0.1,0.9,]", "results", ("0.1", "0.9")),
        ("m-results-[ 0.1, 0.9 ]", "results", ("0.1", "0.9")),
        ("m-results-[]", "results", ()),
        ("m-lap-us-160573425916", "lap-us", ("160573425916",)),
        ("\0m-lap-us-5 \r", "lap-us", ("5",)),
        ("m-name-dut-[other vendor]", "name", ("other vendor",)),
        ("m-name-ebaz-4205-[x]", "name-ebaz-4205", ("x",)),
        ("m-profile-[EEMBC V9]", "profile", ("EEMBC V9",)),
        ("m-timer-enabled", "timer-enabled", ()),
    ],
)
def test_foreign_firmware_is_understood(text: str, name: str, fields: tuple[str, ...]) -> None:
    line = parse(text)
    assert (line.kind, line.name, line.fields) == (Kind.MESSAGE, name, fields)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("m-ready", Kind.READY),
        ("m-ready\r", Kind.READY),
        ("xm-ready", Kind.TEXT),
        ("m-readym-ready", Kind.MESSAGE),
        ("e-[something else]", Kind.ERROR),
        ("e-mail", Kind.TEXT),
        ("m-lap-us-12x", Kind.MESSAGE),
        ("Initialized", Kind.TEXT),
        ("", Kind.TEXT),
    ],
)
def test_kinds(text: str, kind: Kind) -> None:
    assert parse(text).kind is kind


def test_a_damaged_number_is_no_declared_message() -> None:
    assert parse("m-lap-us-12x").name != "lap-us"
    assert parse("m-tk-crc-[12345]").kind is Kind.TEXT
    assert parse("m-infer-donem-results-[1.0]").name != "results"


@given(st.text())
def test_no_line_is_too_strange(text: str) -> None:
    parse(text)


def test_commands_are_ended_and_never_too_long() -> None:
    assert encode("name") == b"name%"
    assert encode("infer", 10, 0) == b"infer 10 0%"
    assert encode("db", "ab" * 38) == b"db " + b"ab" * 38 + b"%"
    assert len(encode("x" * 80)) == 81
    with pytest.raises(UsageError) as long:
        encode("db", "ab" * 39)
    assert long.value.code == "COMMAND_TOO_LONG"
    for words in ("a%b", "a\n", "ä"):
        with pytest.raises(UsageError):
            encode(words)
