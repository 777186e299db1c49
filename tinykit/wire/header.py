"""``wire_tokens.h``: the table of words as C, from which the firmware takes all that it says or hears."""

from __future__ import annotations

from tinykit.errors import TinykitError
from tinykit.wire import tokens
from tinykit.wire.tokens import COMMANDS, ERRORS, MESSAGES, TEXTS, Message

NAME = "wire_tokens.h"
_EOL = "\r\n"

_NUMBERS = {
    "COMMAND_BYTES": tokens.COMMAND_BYTES,
    "STOP": tokens.STOP,
    "PAYLOAD_BYTES": tokens.PAYLOAD_BYTES,
    "WINDOW_FRAMES": tokens.WINDOW_FRAMES,
    "UPLOAD_SILENCE_MS": tokens.UPLOAD_SILENCE_MS,
    "ACCEPTED": tokens.ACCEPTED,
    "REFUSED": tokens.REFUSED,
    "ABORT_SEQUENCE": tokens.ABORT_SEQUENCE,
    "DATA_BYTES": tokens.DATA_BYTES,
    "LONGEST_PAUSE_MS": tokens.LONGEST_PAUSE_MS,
    "GUARD_MS": tokens.GUARD_MS,
    "EXTENSION_VERSION": tokens.EXTENSION_VERSION,
}


def c_header() -> str:
    """The header's text.

    A message is a text for `tk_say`, fields as ``%u %d %x %s``; one with a list is two texts, before and
    behind the list (``_END``). A command's macro is its last word.
    """
    lines = [f"#define TK_{name} {value}u" for name, value in _NUMBERS.items()]
    lines.append(f"#define TK_TERMINATOR '{tokens.TERMINATOR}'")
    lines += [_text("VENDOR", tokens.VENDOR), _text("PROFILE", tokens.PROFILE), ""]
    lines += [_text(f"C_{_macro(name)}", name.split()[-1]) for name in [c.name for c in COMMANDS] + ["tk"]]
    lines.append("")
    for prefix, messages in (("M", MESSAGES), ("E", ERRORS)):
        lines += [line for message in messages for line in _message(prefix, message)]
    lines += [line for message in TEXTS if "help" not in message.name for line in _message("T", message)]
    lines += ["", *_block("T_HELP", help_lines()), *_block("T_TK_HELP", extension_help())]
    return "\n".join(
        [
            "/* The words of the serial dialect, written by tinykit from tinykit/wire/tokens.py. */",
            "#ifndef TK_WIRE_TOKENS_H",
            "#define TK_WIRE_TOKENS_H",
            "",
            *lines,
            "",
            "#endif",
            "",
        ]
    )


def help_lines() -> tuple[str, ...]:
    """What ``help`` says."""
    return tuple(message.template for message in TEXTS if message.name.startswith("help-"))


def extension_help() -> tuple[str, ...]:
    """What ``tk help`` says: a line a command."""
    own = [command for command in COMMANDS if command.extension]
    return tuple(" ".join(filter(None, (c.name, c.arguments))) for c in own)


def _message(prefix: str, message: Message) -> list[str]:
    name, fields = f"{prefix}_{_macro(message.name)}", message.fields
    if not any(field.kind == "*" for field in fields):
        kinds = [f"%{field.kind}" for field in fields]
        text = "".join(part + kind for part, kind in zip(message.parts, [*kinds, ""], strict=True))
        return [_text(name, text, message.end)]
    if len(fields) > 1:
        raise TinykitError(
            f"The message '{message.name}' has a list beside other fields.", hint="make all of it the list."
        )
    before, behind = message.parts
    return [_text(name, before), _text(f"{name}_END", behind, message.end)]


def _macro(name: str) -> str:
    return name.upper().replace("-", "_").replace(" ", "_")


def _text(name: str, text: str, end: str = "") -> str:
    return f"#define TK_{name} {_quoted(text + end)}"


def _block(name: str, lines: tuple[str, ...]) -> list[str]:
    *first, last = [f"    {_quoted(line + _EOL)}" for line in lines]
    return [f"#define TK_{name} \\", *(f"{line} \\" for line in first), last]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'
