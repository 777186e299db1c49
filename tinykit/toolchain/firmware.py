"""From an emitted model to an image: the board's firmware is laid beside it, all is compiled and linked."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinykit import __version__
from tinykit.boards import Board
from tinykit.errors import BuildError, InputError
from tinykit.progress import SILENT, Progress
from tinykit.resources import firmware_models
from tinykit.toolchain.gcc import Gcc
from tinykit.toolchain.job import CompileJob, Toolchain
from tinykit.toolchain.zig import Zig

FIRMWARE = "firmware"
IMAGE = "firmware.elf"
TOOLCHAINS: dict[str, type[Toolchain]] = {"zig": Zig, "gcc": Gcc}

_COMMON = (
    "main.c",
    "mailbox.c",
    "mailbox.h",
    "memory.c",
    "run.c",
    "run.h",
    "stack.c",
    "stack.h",
    "tk_port.h",
)


@dataclass(frozen=True)
class BuiltImage:
    """What came out of the toolchain. ``sha256`` is the file's: same inputs, same hash, wherever they lie."""

    elf: Path
    sha256: str
    size_bytes: int
    toolchain: str
    version: str
    seconds: float


def find_toolchain(name: str) -> Toolchain:
    """The toolchain ``name``. Raises InputError, code TOOLCHAIN_UNKNOWN."""
    if name not in TOOLCHAINS:
        raise InputError(
            f"There is no toolchain '{name}'.",
            hint=f"tinykit knows {', '.join(sorted(TOOLCHAINS))}.",
            code="TOOLCHAIN_UNKNOWN",
        )
    return TOOLCHAINS[name]()


def build_image(
    board: Board,
    folder: Path,
    sources: Sequence[str],
    include: Sequence[str],
    *,
    toolchain: str = "zig",
    strict: bool = False,
    progress: Progress = SILENT,
) -> BuiltImage:
    """Compile the model's ``sources`` with the firmware of ``board`` to ``folder/firmware.elf``.

    ``sources`` and ``include`` are relative to ``folder``. The firmware's own sources are copied to
    ``folder/firmware``. ``strict`` turns warnings into errors.

    Raises BuildError (the compiler's message), MissingExtraError or UsageError (no compiler).
    """
    compiler = find_toolchain(toolchain)
    version = compiler.version()
    start = time.monotonic()
    firmware = write_firmware(board, folder)
    job = CompileJob(
        folder=folder,
        core=board.core,
        sources=(*sources, *(name for name in firmware if name.endswith(".c"))),
        include=(*include, FIRMWARE, f"{FIRMWARE}/include"),
        script=f"{FIRMWARE}/link.ld",
        output=IMAGE,
        strict=strict,
    )
    compiler.compile(job, progress)
    elf = folder / IMAGE
    data = elf.read_bytes()
    return BuiltImage(
        elf,
        hashlib.sha256(data).hexdigest(),
        len(data),
        compiler.name,
        version,
        time.monotonic() - start,
    )


def write_firmware(board: Board, folder: Path) -> tuple[str, ...]:
    """Copy the firmware of ``board`` to ``folder/firmware``; return the files' names, relative to ``folder``.

    Raises InputError, code BOARD_CHIP, where no firmware for the board's chip is known.
    """
    home = firmware_models() / FIRMWARE
    chip = home / "chips" / board.chip
    if not (chip / "port.c").is_file():
        raise InputError(
            f"Board '{board.name}' asks for chip '{board.chip}', for which there is no firmware.",
            hint=f"known chips: {', '.join(sorted(path.name for path in chip.parent.iterdir()))}.",
            code="BOARD_CHIP",
        )
    if board.mailbox is None:
        raise BuildError(
            f"Board '{board.name}' has no mailbox, and the firmware knows no other way to talk yet.",
            hint="use an emulated board, or take the C with --c-only into your own project.",
            code="BOARD_TRANSPORT",
        )
    target = folder / FIRMWARE
    (target / "include").mkdir(parents=True, exist_ok=True)
    files = {f"{name}": home / name for name in _COMMON}
    files["startup.c"] = home / "cortexm" / "startup.c"
    files["include/string.h"] = home / "include" / "string.h"
    files.update({path.name: path for path in sorted(chip.iterdir()) if path.suffix in (".c", ".h")})
    for name, source in files.items():
        shutil.copyfile(source, target / name)
    (target / "board.h").write_text(board_header(board), encoding="ascii", newline="\n")
    script = linker_script(board, (home / "cortexm" / "link.ld.in").read_text(encoding="ascii"))
    (target / "link.ld").write_text(script, encoding="ascii", newline="\n")
    return tuple(f"{FIRMWARE}/{name}" for name in sorted([*files, "board.h", "link.ld"]))


def board_header(board: Board) -> str:
    """``board.h``: the board's addresses and clocks as macros."""
    facts = {
        "CLOCK_HZ": board.clock_hz,
        "UART_BASE": board.uart.base,
        "UART_BAUD": board.uart.baud,
        "TIMER_BASE": board.timer.base,
        "TIMER_HZ": board.timer.clock_hz,
        "MARKER_BASE": board.marker.base,
        "MARKER_PIN": board.marker.pin,
    }
    if board.mailbox is not None:
        facts["MAILBOX_BASE"] = board.mailbox.origin
    lines = [f"#define TK_{name} 0x{value:x}u" for name, value in facts.items()]
    return "\n".join(
        [
            f"/* Board {board.name}, written by tinykit {__version__}. */",
            "#ifndef TK_BOARD_H",
            "#define TK_BOARD_H",
            "",
            *lines,
            "",
            "#endif",
            "",
        ]
    )


def linker_script(board: Board, template: str) -> str:
    """``link.ld`` for the memories of ``board``."""
    facts = {
        "FLASH_ORIGIN": board.flash.origin,
        "FLASH_BYTES": board.flash.size_bytes,
        "RAM_ORIGIN": board.ram.origin,
        "RAM_BYTES": board.ram.size_bytes,
        "STACK_BYTES": board.stack_bytes,
    }
    for name, value in facts.items():
        template = template.replace(f"@{name}@", f"0x{value:x}")
    return template
