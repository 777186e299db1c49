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
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.resources import firmware_models
from tinykit.toolchain.chips import chip_files
from tinykit.toolchain.gcc import Gcc
from tinykit.toolchain.job import CompileJob, Toolchain
from tinykit.toolchain.zig import Zig
from tinykit.wire import header

FIRMWARE = "firmware"
IMAGE = "firmware.elf"
TOOLCHAINS: dict[str, type[Toolchain]] = {"zig": Zig, "gcc": Gcc}

_COMMON = (
    "main.c",
    "mailbox.h",
    "memory.c",
    "stack.h",
    "tk_port.h",
)
_MAILBOX = ("mailbox.c", "run.c", "run.h", "stack.c")
WIRE = "wire"
BUILD_ID = "build_id.h"


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
    energy: bool = False,
    progress: Progress = SILENT,
) -> BuiltImage:
    """Compile the model's ``sources`` with the firmware of ``board`` to ``folder/firmware.elf``.

    ``sources`` and ``include`` are relative to ``folder``. The firmware's own sources are copied to
    ``folder/firmware``. ``strict`` turns warnings into errors. ``energy`` makes the energy build: pulses of
    the marker in place of times, and no transport while inferences run.

    Raises BuildError (the compiler's message), MissingExtraError or UsageError (no compiler).
    """
    compiler = find_toolchain(toolchain)
    version = compiler.version()
    start = time.monotonic()
    firmware = write_firmware(board, folder, energy=energy)
    job = CompileJob(
        folder=folder,
        core=board.core,
        sources=(*sources, *(name for name in firmware if name.endswith(".c"))),
        include=(*include, FIRMWARE, f"{FIRMWARE}/{WIRE}", f"{FIRMWARE}/include"),
        script=f"{FIRMWARE}/link.ld",
        output=IMAGE,
        strict=strict,
    )
    identity = _build_id(job, firmware, f"{compiler.name} {version} {board.core.name}")
    (folder / FIRMWARE / BUILD_ID).write_text(identity, encoding="ascii", newline="\n")
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


def write_firmware(board: Board, folder: Path, *, energy: bool = False) -> tuple[str, ...]:
    """Copy the firmware of ``board`` to ``folder/firmware``; return the files' names, relative to ``folder``.

    ``build_id.h``, which names all the rest, is not among them.

    Raises InputError, code BOARD_CHIP, where no firmware for the board's chip is known.
    """
    home = firmware_models() / FIRMWARE
    chip = chip_files(board, home)
    target = folder / FIRMWARE
    for name in ("include", WIRE):
        (target / name).mkdir(parents=True, exist_ok=True)
    files = {name: home / name for name in _COMMON}
    if board.mailbox is not None:
        files |= {name: home / name for name in _MAILBOX}
    files |= {f"{WIRE}/{path.name}": path for path in sorted((home / WIRE).glob("*.[ch]"))}
    files |= {name: home / "cortexm" / name for name in ("core.h", "startup.c")}
    files["include/string.h"] = home / "include" / "string.h"
    files |= {path.name: path for path in chip}
    for name, source in files.items():
        shutil.copyfile(source, target / name)
    written = {
        "board.h": board_header(board, energy=energy),
        "link.ld": linker_script(board, (home / "cortexm" / "link.ld.in").read_text(encoding="ascii")),
        f"{WIRE}/{header.NAME}": header.c_header(),
    }
    for name, text in written.items():
        (target / name).write_text(text, encoding="ascii", newline="\n")
    return tuple(f"{FIRMWARE}/{name}" for name in sorted([*files, *written]))


def _build_id(job: CompileJob, firmware: Sequence[str], compiler: str) -> str:
    """``build_id.h``: the hash of everything that goes into an image, by which a host knows it again."""
    headers = [f"{place}/{path.name}" for place in job.include for path in (job.folder / place).glob("*.h")]
    names = {Path(name).as_posix() for name in (*job.sources, *headers, *firmware)}
    total = hashlib.sha256(compiler.encode())
    for name in sorted(names - {f"{FIRMWARE}/{BUILD_ID}"}):
        content = (job.folder / name).read_bytes()
        total.update(f"\n{name} {len(content)}\n".encode() + content)
    return f'#define TK_FIRMWARE_SHA256 "{total.hexdigest()}"\n'


def board_header(board: Board, *, energy: bool = False) -> str:
    """``board.h``: the board's addresses and clocks as macros, and which build it is."""
    facts = {
        "CLOCK_HZ": board.clock_hz,
        "UART_BASE": board.uart.base,
        "UART_BAUD": board.uart.energy_baud if energy else board.uart.baud,
        "TIMER_BASE": board.timer.base,
        "TIMER_HZ": board.timer.clock_hz,
        "MARKER_BASE": board.marker.base,
        "MARKER_PIN": board.marker.pin,
        "MARKER_ACTIVE_HIGH": int(board.marker.is_active_high),
        "OSCILLATOR_HZ": board.oscillator_hz,
        "LOW_SPEED_CRYSTAL": int(board.has_low_speed_crystal),
        "FLASH_WAIT_STATES": board.flash_wait_states,
    }
    if board.mailbox is not None:
        facts["MAILBOX_BASE"] = board.mailbox.origin
    facts.update(_routing(board))
    lines = [f"#define TK_{name} 0x{value:x}u" for name, value in facts.items()]
    lines.append(f"#define TK_ENERGY {int(energy)}")
    texts = {"BUILD": "energy" if energy else "performance", "BOARD_NAME": board.name}
    lines += [f'#define TK_{name} "{text}"' for name, text in texts.items()]
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


def _routing(board: Board) -> dict[str, int]:
    """What only some chips need to know: interrupts, pins and their alternate function."""
    told = {
        "UART_IRQ": board.uart.irq,
        "TIMER_IRQ": board.timer.irq,
        "UART_PIN_FUNCTION": board.uart.pin_function,
    }
    for name, pin in (("TX", board.uart.tx), ("RX", board.uart.rx)):
        if pin is not None:
            told |= {f"UART_{name}_PORT": pin.port, f"UART_{name}_PIN": pin.number}
    return {name: value for name, value in told.items() if value is not None}


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
