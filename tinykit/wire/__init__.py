"""The serial dialect: its table of words, lines, frames. No input or output happens here."""

from __future__ import annotations

from tinykit.wire.lines import Kind, Line, encode, parse
from tinykit.wire.tokens import COMMANDS, ERRORS, MESSAGES, TEXTS, Command, Message

__all__ = ["COMMANDS", "ERRORS", "MESSAGES", "TEXTS", "Command", "Kind", "Line", "Message", "encode", "parse"]
