"""Every word of the serial dialect, declared once: the firmware's header and the client both come from here.

The strict part is MLPerf Tiny's, as its reference firmware speaks it, odd spelling included. All of tinykit's
own begins with ``tk``: no official tool sends it.

A template's fields are ``{name:KIND}``: ``u`` an unsigned number, ``d`` a signed one, ``x`` eight hex digits,
``s`` text, ``*`` comma-separated values. A template with ``*`` has no other field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMAND_BYTES = 80
TERMINATOR = "%"
# Breaks off `infer`, `tk arm` and `tk go` between two inferences; otherwise it drops half a command.
STOP = 0x03

PAYLOAD_BYTES = 512
WINDOW_FRAMES = 8
UPLOAD_SILENCE_MS = 1000
ACCEPTED, REFUSED = 0x80, 0xC0
ABORT_SEQUENCE = 0xFFFF
DATA_BYTES = 32
LONGEST_PAUSE_MS = 60_000
# Before and after every marked phase the core idles so long: a meter then sees idle power around its edges.
GUARD_MS = 5

EXTENSION_VERSION = 1
VENDOR = "tinykit"
PROFILE = "ULPMark for tinyML Firmware V0.0.1"

_FIELD = re.compile(r"\{([\w,.-]+):([udxs*])\}")


@dataclass(frozen=True)
class Field:
    """A field of a template; ``kind`` is one of ``u d x s *``."""

    name: str
    kind: str


@dataclass(frozen=True)
class Message:
    """A line that the board sends: ``template`` without its end."""

    name: str
    template: str
    summary: str = ""
    end: str = "\r\n"

    @property
    def fields(self) -> tuple[Field, ...]:
        """The template's fields, in order."""
        return tuple(Field(*found) for found in _FIELD.findall(self.template))

    @property
    def parts(self) -> tuple[str, ...]:
        """The literal text before, between and behind the fields: one part more than there are fields."""
        return tuple(_FIELD.split(self.template)[::3])


@dataclass(frozen=True)
class Command:
    """What a host sends: words separated by one blank. ``replies`` name messages, before ``ready``."""

    name: str
    arguments: str
    replies: tuple[str, ...]
    extension: bool
    summary: str


COMMANDS: tuple[Command, ...] = (
    Command("name", "", ("name",), False, "Who it is."),
    Command("timestamp", "", ("lap-us",), False, "The time; the energy build pulses the marker instead."),
    Command("profile", "", ("profile", "model"), False, "The benchmark's version and the model's id."),
    Command(
        "help",
        "",
        (
            "help-title",
            "help-blank",
            "help-help",
            "help-name",
            "help-timestamp",
            "help-db",
            "help-load",
            "help-hex",
            "help-print",
            "help-print-2",
            "help-infer",
            "help-results",
            "help-tk",
        ),
        False,
        "The commands.",
    ),
    Command(
        "db load", "N", ("expecting", "oversize"), False, "The next hex digits are N bytes of input, from 0."
    ),
    Command("db", "HH..", ("load-done",), False, "Hex digits, two a byte; silent until the last byte."),
    Command("db print", "", ("buffer", "help-blank"), False, "The buffer in hex, 8 bytes a line."),
    Command(
        "infer",
        "[N] [W]",
        (
            "mismatch",
            "warmup-start",
            "warmup-done",
            "infer-start",
            "lap-us",
            "lap-us",
            "infer-done",
            "results",
        ),
        False,
        "W inferences (10 if left out), then N (1) between two times or pulses.",
    ),
    Command("results", "", ("results",), False, "The last output again."),
    Command("tk help", "", ("tk-help",), True, "These commands."),
    Command(
        "tk info",
        "",
        (
            "tk-version",
            "tk-model",
            "tk-firmware",
            "tk-board",
            "tk-build",
            "tk-clock",
            "tk-timer",
            "tk-input",
            "tk-output",
            "tk-layers",
            "tk-upload",
            "tk-debugger",
        ),
        True,
        "What this firmware is made of.",
    ),
    Command("tk state", "", ("tk-state",), True, "Put a streaming model's state back to its start."),
    Command(
        "tk output",
        "INDEX",
        ("tk-data", "tk-crc"),
        True,
        "The raw bytes of that output of the last inference.",
    ),
    Command("tk crc", "", ("tk-crc",), True, "CRC-32 of the whole input buffer."),
    Command(
        "tk profile", "", ("tk-layer", "tk-ticks"), True, "One inference, layer by layer, in timer ticks."
    ),
    Command("tk idle", "MS", ("tk-idle",), True, "The core idles for 1 to 60000 ms, marker high."),
    Command("tk sleep", "MS", ("tk-sleep",), True, "The same in the deepest sleep that a timer ends."),
    Command("tk load", "BYTES", ("tk-load", "load-done"), True, "The input as frames, see below."),
    Command(
        "tk arm", "N [W]", ("tk-armed",), True, "W inferences (0 if left out); marker low; N for `tk go`."
    ),
    Command("tk go", "", ("tk-go", "tk-done", "tk-crc"), True, "The N inferences, marker high around them."),
)

MESSAGES: tuple[Message, ...] = (
    Message("ready", "m-ready", "The last line of every reply."),
    Message("timestamp-mode", "m-timestamp-mode-{mode:s}", "At start: performance or energy."),
    Message("init-done", "m-init-done", "At start, before the first `m-ready`."),
    Message("name", "m-name-dut-[{vendor:s}]", "The device is always `dut`; ours says `tinykit`."),
    Message("lap-us", "m-lap-us-{us:u}", "Microseconds from any origin; 32 bits, wraps."),
    Message("profile", "m-profile-[{version:s}]", "The reference firmware's version, whoever speaks."),
    Message("model", "m-model-[{id:s}]", "MLPerf Tiny's id, or `tk-` and the start of the model's hash."),
    Message("expecting", "m-[Expecting {n:d} bytes]"),
    Message("load-done", "m-load-done", "All bytes of the input have come."),
    Message("buffer", "m-buffer-{xx-xx..:*}", "Up to 8 bytes in hex."),
    Message("warmup-start", "m-warmup-start-{n:u}"),
    Message("warmup-done", "m-warmup-done"),
    Message("infer-start", "m-infer-start-{n:u}"),
    Message("infer-done", "m-infer-done"),
    Message("results", "m-results-[{value,..:*}]", "Output 0 as real numbers with 3 decimals."),
    Message("tk-version", "m-tk-version-[{version:u}]", "The extension's version."),
    Message("tk-model", "m-tk-model-[{sha256:s}]", "The hash of the model's file."),
    Message("tk-firmware", "m-tk-firmware-[{sha256:s}]", "The hash of the build's sources and options."),
    Message("tk-board", "m-tk-board-[{name:s}]"),
    Message("tk-build", "m-tk-build-[{kind:s}]", "performance or energy."),
    Message("tk-clock", "m-tk-clock-[{hz:u}]"),
    Message("tk-timer", "m-tk-timer-[{hz:u}]", "How fast ticks count."),
    Message(
        "tk-input",
        "m-tk-input-[{index,dtype,bytes,scale,zero_point,shape:*}]",
        "What a host sends: bytes in the buffer, scale as the 8 hex digits of a float32, shape as"
        " 1x2x3. The buffer holds all inputs one after the other.",
    ),
    Message(
        "tk-output", "m-tk-output-[{index,dtype,bytes,scale,zero_point,shape:*}]", "The same of an output."
    ),
    Message("tk-layers", "m-tk-layers-[{n:u}]"),
    Message(
        "tk-upload", "m-tk-upload-[{payload_bytes:u},{frames:u}]", "Most bytes a frame, and frames in flight."
    ),
    Message("tk-debugger", "m-tk-debugger-[{attached:d}]", "1 attached, 0 not, -1 cannot be known."),
    Message("tk-state", "m-tk-state-[reset]"),
    Message("tk-data", "m-tk-data-[{offset,hex:*}]", "Up to 32 bytes in hex."),
    Message("tk-crc", "m-tk-crc-[{crc32:x}]"),
    Message("tk-layer", "m-tk-layer-[{k:u},{ticks:u}]"),
    Message("tk-ticks", "m-tk-ticks-[{ticks:u}]", "The whole inference, as the sum of its layers."),
    Message("tk-idle", "m-tk-idle-[{ms:u}]"),
    Message("tk-sleep", "m-tk-sleep-[{ms:u}]"),
    Message("tk-load", "m-tk-load-[{n:u}]"),
    Message("tk-armed", "m-tk-armed-[{n:u}]"),
    Message("tk-go", "m-tk-go", "The window begins when this line has left."),
    Message("tk-done", "m-tk-done-[{n,ticks:*}]", "N, the window's timer ticks; their CRC-32 follows."),
)

ERRORS: tuple[Message, ...] = (
    Message("unknown-command", "e-[Unknown command: {token:s}]"),
    Message("db-subcommand", "e-[Command 'db' requires a subcommand]"),
    Message("load-number", "e-[Command 'db load' requires the # of bytes]"),
    Message("load-zero", "e-[Command 'db load' must be >0 bytes]"),
    Message("hex-odd", "e-[Insufficent number of hex digits]"),
    Message("hex-digit", "e-[Invalid hex digit '{pair:s}']"),
    Message("infer-count", "e-[Inference iterations must be >0]"),
    Message("infer-warmup", "e-[Inference warmup must be >=0]"),
    Message("too-long", "e-[Command longer than 80 characters]", "Not carried out, not even in part."),
    Message("stopped", "e-[stopped]", "Byte 0x03 came while inferences ran: they are broken off."),
    Message("tk-unknown", "e-[unknown, see tk help]"),
    Message("tk-argument", "e-[argument out of range]"),
    Message("not-armed", "e-[not armed]", "`tk go` without `tk arm`."),
    Message("upload-ended", "e-[upload ended]", "A second without a byte, or the host gave up."),
    Message(
        "fault",
        "e-[fault {pc:x} {lr:x} {cfsr:x} {bfar:x}]",
        "The program failed. No `m-ready` follows: reset the board.",
    ),
)

# What has neither prefix.
TEXTS: tuple[Message, ...] = (
    Message("help-title", PROFILE),
    Message("help-blank", ""),
    Message("help-help", "help         : Print this information"),
    Message("help-name", "name         : Print the name of the device"),
    Message("help-timestamp", "timestsamp   : Generate a timetsamp"),
    Message("help-db", "db SUBCMD    : Manipulate a generic byte buffer"),
    Message("help-load", "  load N     : Allocate N bytes and set load counter"),
    Message("help-hex", "  db HH[HH]* : Load 8-bit hex byte(s) until N bytes"),
    Message("help-print", "  print [N=16] [offset=0]"),
    Message("help-print-2", "             : Print N bytes at offset as hex"),
    Message("help-infer", "infer N [W=0]: Load input, execute N inferences after W warmup loops"),
    Message("help-results", "results      : Return the result fp32 vector"),
    Message("help-tk", "tk           : tinykit extension, see tk help"),
    Message("tk-help", "{command:s}"),
    Message(
        "oversize",
        "Supplied buffer size {n:d} exceeds maximum of {most:d}",
        "What fits is kept, further digits are ignored.",
        end="\n",
    ),
    Message(
        "mismatch",
        "Input db has {n:d} elemented, expected {expected:d}",
        "The inference runs all the same, with what the buffer holds.",
        end="\n",
    ),
)
