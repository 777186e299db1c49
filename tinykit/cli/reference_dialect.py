"""The page of the serial dialect, from its table of words: for `reference`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinykit.wire import COMMANDS, ERRORS, MESSAGES, TEXTS, Command, Message, tokens

_INTRODUCTION = f"""\
What firmware built by tinykit says and hears on its serial port. The first part is the dialect of MLPerf
Tiny's reference firmware, odd spelling included, so that its official runners drive our boards; the second
part, whose commands all begin with `tk`, is tinykit's own.

- The port is 8N1, without flow control, at the board's baud (`tinykit boards`); the energy build uses the
  board's `energy_baud`.
- A command is ASCII, its words separated by one blank, ended by `{tokens.TERMINATOR}` alone; at most
  {tokens.COMMAND_BYTES} characters come before that. A longer one is refused whole. Line ends and zeros
  before a command do not matter: type into any terminal.
- A reply's lines end with CR LF, and its last one is `m-ready`. Errors too are followed by `m-ready`.
- Send nothing before `m-ready`: a board listens only between commands. The one exception is the byte
  0x{tokens.STOP:02x} (Ctrl-C): it breaks off inferences that run, with `e-[stopped]`, and drops half a
  command that has come. While the energy build has its UART off it is not heard.
- At start a board says `m-timestamp-mode-…`, its time (or one pulse), `m-init-done` and `m-ready`.
"""

_RULES = """\
- `infer` says `m-warmup-start`, `m-warmup-done`, `m-infer-start`, a time, a time, `m-infer-done` and the
  results, in this order. Times are read before they are sent.
- The energy build sends no times: the marker idles high and goes low for 0.1 ms at boot, at `timestamp`, and
  at both ends of the N inferences of `infer`, between which the UART is off. In the performance build the
  marker is high during those inferences.
- Times of one reply are of one clock. Between replies, after a long silence, the clock may have missed whole
  turns of the board's 32-bit timer.
- `results` are output 0 as real numbers with 3 decimals, rounded half to even (`--mlperf kws01`: cut off;
  `--mlperf ad01`: the mean squared error between input and output). From 2^45 on they say `inf`; raw bytes
  come with `tk output`.
- The buffer is the firmware's own memory and keeps its content: an inference does not change it. Nothing is
  ever written behind its end. `db print` takes no arguments, whatever `help` says.
"""

_WINDOW = f"""\
`tk arm N W` runs W inferences and puts the marker low. `tk go` answers `m-tk-go`, and when that has left:
UART off (energy build), {tokens.GUARD_MS} ms idle, marker high, N inferences, marker low,
{tokens.GUARD_MS} ms idle, UART on, `m-tk-done` and the CRC-32 of N (u32 LE) and ticks (u64 LE).
`tk idle` and `tk sleep` hold their state between the same guards, marker high. The marker stays low until the
next `infer` or `timestamp`.
"""

_UPLOAD = f"""\
`tk load BYTES` answers `m-tk-load-[BYTES]` and `m-ready`. Then the host sends frames, each COBS(number u16
LE, at most {tokens.PAYLOAD_BYTES} bytes of data, CRC-32 LE over both) and a zero; at most
{tokens.WINDOW_FRAMES} may be unanswered. Numbers begin at 0 and go on at 0 behind 0xFFFE. The board answers
each frame with one byte:

| byte | meaning |
| --- | --- |
| 0x{tokens.ACCEPTED:02x} + (number mod 64) | accepted, now or before |
| 0x{tokens.REFUSED:02x} + (expected mod 64) | not accepted: send the expected one, and all behind it, again |

Behind the last byte's frame come `m-load-done` and `m-ready`. A second without a byte, or a frame with
number 0x{tokens.ABORT_SEQUENCE:04X}, ends it early: `e-[upload ended]`, `m-ready`. `tk crc` is the CRC-32
(zlib's) of the whole buffer.
"""


def dialect_page(note: str) -> str:
    """The page; ``note`` is what stands above every generated one."""
    strict = [command for command in COMMANDS if not command.extension]
    own = [command for command in COMMANDS if command.extension]
    return "\n".join(
        [
            note,
            "# The serial dialect\n",
            _INTRODUCTION,
            "## MLPerf Tiny's commands\n",
            _commands(strict),
            _RULES,
            "## tinykit's commands\n",
            _commands(own),
            "### A window\n",
            _WINDOW,
            "### An upload\n",
            _UPLOAD,
            "## Messages\n",
            _messages(message for message in MESSAGES),
            "## Errors\n",
            _messages(ERRORS),
            "## Lines without a prefix\n",
            _messages(message for message in TEXTS if "help" not in message.name),
        ]
    )


def _commands(commands: Sequence[Command]) -> str:
    templates = {message.name: message for message in (*MESSAGES, *TEXTS)}
    rows = []
    for command in commands:
        names = [name for name in dict.fromkeys(command.replies) if not name.startswith(("help-", "tk-help"))]
        replies = ", ".join(_code(_shown(templates[name])) for name in names)
        words = " ".join(filter(None, (command.name, command.arguments)))
        rows.append((_code(words), command.summary, replies or "text"))
    return _table(("command", "what it does", "replies"), rows)


def _messages(messages: Iterable[Message]) -> str:
    rows = ((_code(_shown(message)), message.summary) for message in messages)
    return _table(("line", "meaning"), rows)


def _shown(message: Message) -> str:
    names = [field.name.upper() for field in message.fields]
    return "".join(part + name for part, name in zip(message.parts, [*names, ""], strict=True))


def _code(text: str) -> str:
    return f"`{text}`"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
        + "\n"
    )
