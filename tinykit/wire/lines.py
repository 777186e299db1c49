"""Commands as bytes, and what a board's line means: tinykit's firmware and anybody's MLPerf Tiny firmware."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tinykit.errors import UsageError
from tinykit.wire.tokens import COMMAND_BYTES, ERRORS, MESSAGES, TERMINATOR, Message

_KINDS = {"u": r"(\d+)", "d": r"(-?\d+)", "x": r"([0-9a-fA-F]{8})", "s": "(.*)", "*": "(.*)"}
_FOREIGN = re.compile(r"m-([A-Za-z][\w-]*?)-?(?:\[(.*)\])?")
_ERROR = re.compile(r"e-\[(.*)\]")


class Kind(StrEnum):
    """What a line is."""

    READY = "ready"
    MESSAGE = "message"
    ERROR = "error"
    TEXT = "text"


@dataclass(frozen=True)
class Line:
    """A line. ``name`` is a declared token's, else what stands before ``-[``; ``fields`` as they were sent.

    An undeclared error's ``fields`` are its text; an undeclared message without brackets has none.
    """

    kind: Kind
    name: str
    fields: tuple[str, ...]
    text: str


def encode(command: str, *arguments: object) -> bytes:
    """``command`` with its arguments, ended.

    Raises UsageError, code COMMAND_TOO_LONG above 80 characters (a board would cut it), or for what is not
    printable ASCII or holds the terminator.
    """
    words = " ".join([command, *map(str, arguments)])
    if TERMINATOR in words or not (words.isascii() and words.isprintable()):
        raise UsageError(
            f"A command cannot hold {words!r}.", hint="commands are printable ASCII characters without '%'."
        )
    if len(words) > COMMAND_BYTES:
        raise UsageError(
            f"A command of {len(words)} characters is longer than a board's buffer of {COMMAND_BYTES}.",
            hint="send the data in shorter pieces.",
            code="COMMAND_TOO_LONG",
        )
    return (words + TERMINATOR).encode("ascii")


def parse(line: str) -> Line:
    """Say what ``line`` (with or without its end) is; blanks around it and NULs do not matter."""
    text = line.strip(" \t\r\n\0")
    if text == "m-ready":
        return Line(Kind.READY, "ready", (), text)
    for kind, messages in ((Kind.MESSAGE, MESSAGES), (Kind.ERROR, ERRORS)):
        if text.startswith(f"{kind.value[0]}-"):
            return _declared(kind, messages, text) or _foreign(kind, text)
    return Line(Kind.TEXT, "", (), text)


def _declared(kind: Kind, messages: tuple[Message, ...], text: str) -> Line | None:
    for message in messages:
        if found := _pattern(message).fullmatch(text):
            fields = tuple(found.groups())
            if message.fields and message.fields[-1].kind == "*":
                fields = _values(fields[0])
            return Line(kind, message.name, fields, text)
    return None


def _foreign(kind: Kind, text: str) -> Line:
    if kind is Kind.ERROR:
        found = _ERROR.fullmatch(text)
        return Line(kind, "", (found[1],), text) if found else Line(Kind.TEXT, "", (), text)
    found = _FOREIGN.fullmatch(text)
    # What bears a declared name and does not fit its template is damaged, not foreign.
    if found is None or found[1] in {message.name for message in MESSAGES if message.fields}:
        return Line(Kind.TEXT, "", (), text)
    return Line(kind, found[1], _values(found[2]) if found[2] is not None else (), text)


def _values(text: str) -> tuple[str, ...]:
    """Comma-separated values; a comma behind the last one is the reference firmware's habit."""
    values = [value.strip() for value in text.split(",")]
    return tuple(values[:-1] if not values[-1] else values)


@cache
def _pattern(message: Message) -> re.Pattern[str]:
    parts = [re.escape(part) for part in message.parts]
    kinds = [_KINDS[field.kind] for field in message.fields]
    return re.compile("".join(part + kind for part, kind in zip(parts, [*kinds, ""], strict=True)))
