"""The firmware's dialect as a target of libFuzzer, and its corpus."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from compiler.batch import WARNINGS
from compiler.host import ADDRESSES, host_compiler
from compiler.writer import Writer

from tinykit.boards import Timer, load_board
from tinykit.compiler.build import compile_graph, write_c
from tinykit.graph.reader import parse_model
from tinykit.toolchain import write_firmware
from tinykit.wire.header import extension_help
from tinykit.wire.tokens import COMMANDS, ERRORS, MESSAGES, TEXTS, Message

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
GUARD_BYTES = 4096
MOST_INPUT_BYTES = 1200
_OURS = ("target.c", "judge.c", "guard.c", "replay.c")
_KINDS = {kind: rf"\{1 + i}" for i, kind in enumerate("udxs*")}
_SANITIZERS = "address,undefined"
# The firmware's variables in one section, to put them back before each input.
_STATE = '#pragma clang section bss="tk_state"\n'


@dataclass(frozen=True)
class Variant:
    """A build of the firmware: which of its files' branches are compiled."""

    name: str
    energy: bool = False
    mlperf: str | None = None


VARIANTS = (
    Variant("performance"),
    Variant("energy", energy=True),
    Variant("floats", mlperf="ic01"),
    Variant("error", mlperf="ad01"),
)


def write(variant: Variant, folder: Path) -> tuple[str, ...]:
    """The firmware of ``variant`` with a target's files in ``folder``; returns the firmware's sources."""
    board = replace(load_board("virtual-m4"), mailbox=None, timer=Timer(0, 1_000_000))
    write_c(compile_graph(parse_model(_model(variant)), mlperf=variant.mlperf), folder)
    names = write_firmware(board, folder, energy=variant.energy)
    (folder / "firmware" / "build_id.h").write_text(f'#define TK_FIRMWARE_SHA256 "{"c" * 64}"\n')
    for name in (*_OURS, "judge.h"):
        shutil.copyfile(HERE / "fuzz" / name, folder / name)
    (folder / "words.h").write_text(words_h(), encoding="ascii")
    (folder / "state.h").write_text(_STATE)
    kernels = sorted(f"kernels/{path.name}" for path in (folder / "kernels").glob("*.c"))
    wire = sorted(name for name in names if "/wire/" in name and name.endswith(".c"))
    return ("model.c", "weights.c", *kernels, *wire)


def _model(variant: Variant) -> bytes:
    """Small, so that an inference costs nothing: two inputs and two layers, a float out, or out as in."""
    w = Writer()
    x = w.tensor([1, 9], scale=0.5, zero_point=-3)
    if variant.name == "floats":
        y = w.tensor([1, 9], "float32")
        w.op("DEQUANTIZE", [x], [y])
        return w.finish([x], [y])
    y = w.tensor([1, 9], scale=0.25, zero_point=7)
    if variant.name == "error":
        w.op("ADD", [x, x], [y])
        return w.finish([x], [y])
    other = w.tensor([1, 9], scale=0.5, zero_point=5)
    between = w.tensor([1, 9], scale=0.25, zero_point=7)
    w.op("ADD", [x, other], [between])
    w.op("RELU", [between], [y])
    return w.finish([x, other], [y])


def words_h() -> str:
    """The table of tokens as the judge reads it."""
    texts = [one for one in TEXTS if one.name != "tk-help"]
    texts += [Message("tk-help", line) for line in extension_help()]
    errors = [one for one in ERRORS if one.name != "fault"]
    messages = [*MESSAGES, *errors, *texts]
    rows = [f"    {{{_c(m.name)}, {_c(_pattern(m))}, {_c(m.end)}}}," for m in messages]
    commands = [f"    {{{_c(one.name)}, {_c(_mask(messages, one.replies))}}}," for one in COMMANDS]
    too_long = next(one for one in ERRORS if one.name == "too-long")
    upload = next(i for i, one in enumerate(COMMANDS) if one.name == "tk load")
    return "\n".join(
        [
            '#include "wire_tokens.h"',
            '#include "wire_model.h"',
            f"#define TK_GUARD_BYTES {GUARD_BYTES}u",
            f"#define UPLOAD {upload}",
            f"#define TOO_LONG {_c(too_long.template)}",
            "static const struct { const char *name, *pattern, *end; } messages[] = {",
            *rows,
            "};",
            "static const struct { const char *words, *replies; } commands[] = {",
            *commands,
            "};",
            f"static const char errors[] = {_c(_mask(messages, [one.name for one in errors]))};",
            "",
        ]
    )


def _pattern(message: Message) -> str:
    kinds = [_KINDS[field.kind] for field in message.fields]
    return "".join(part + kind for part, kind in zip(message.parts, [*kinds, ""], strict=True))


def _mask(messages: Sequence[Message], names: Iterable[str]) -> str:
    held = {*names, "ready"}
    return "".join(str(int(one.name in held)) for one in messages)


def _c(text: str) -> str:
    """A C literal; the pattern's own escapes stay."""
    return '"' + text.replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n") + '"'


def build_replay(folder: Path, sources: Sequence[str]) -> Path:
    """The target with gcc's sanitizers, which takes names of inputs. Raises AssertionError."""
    flags = [*WARNINGS, *ADDRESSES, *_INCLUDE]
    _run([*host_compiler(), *flags, "-c", "guard.c", "-DTK_GUARD=tk_guard_before", "-o", "before.o"], folder)
    _run([*host_compiler(), *flags, "-c", "guard.c", "-DTK_GUARD=tk_guard_behind", "-o", "behind.o"], folder)
    ours = ["target.c", "judge.c", "replay.c"]
    _run([*host_compiler(), *flags, *ours, *_guarded(sources), "-o", "replay"], folder)
    return folder / "replay"


def build_fuzzer(folder: Path, sources: Sequence[str], clang: Path) -> Path:
    """The target with libFuzzer; only the dialect's own files count as coverage. Raises AssertionError."""
    common = [str(clang), *WARNINGS, "-g", "-O1", "-fno-sanitize-recover=all", *_INCLUDE, "-c"]
    sanitized = [*common, f"-fsanitize={_SANITIZERS}", "-DTK_STATE_SECTION"]
    kept = [*sanitized, "-include", "state.h"]
    wire = [name for name in sources if "/wire/" in name]
    _run([*kept, "-fsanitize=fuzzer-no-link", *wire], folder)
    _run([*kept, *(name for name in sources if name not in wire)], folder)
    _run([*sanitized, "target.c", "judge.c"], folder)
    for side in ("before", "behind"):
        _run([*kept, "guard.c", f"-DTK_GUARD=tk_guard_{side}", "-o", f"{side}.o"], folder)
    objects = [Path(name).with_suffix(".o").name for name in ("target.c", "judge.c", *_guarded(sources))]
    _run([str(clang), f"-fsanitize=fuzzer,{_SANITIZERS}", *objects, "-o", "fuzzer"], folder)
    return folder / "fuzzer"


_INCLUDE = ("-I.", "-Ikernels", "-Ifirmware", "-Ifirmware/wire")


def _guarded(sources: Sequence[str]) -> list[str]:
    """The linker keeps this order: the buffer's file stands between the guards."""
    rest = [name for name in sources if not name.endswith("/wire/buffer.c")]
    return ["before.o", "firmware/wire/buffer.c", "behind.o", *rest]


def _run(words: Sequence[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def dictionary() -> str:
    """Words that libFuzzer may put together."""
    words = {word for one in COMMANDS for word in one.name.split()}
    words |= {f"{one.name}%" for one in COMMANDS}
    words |= {"%", " ", "0", "1", "-1", "9", "18", "36", "2147483648", "00ff", "db 00112233445566778899%"}
    rows = [f'"{word}"' for word in sorted(words)]
    rows += [r'"\x03"', r'"\xfd\x20"', r'"\xfc\x00\x09"', r'"\xfc\x00\x12"', r'"\xfc\x80\x01"', r'"\x00"']
    return "\n".join(rows) + "\n"
