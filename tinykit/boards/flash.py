"""Flashing: the board file's own command, run on an image that belongs to the board."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from tinykit.boards.board import Board
from tinykit.elf import Image, read_image
from tinykit.errors import DeviceError, InputError, UsageError
from tinykit.progress import SILENT, Progress

IMAGE = "firmware.elf"
_LIMIT_S = 300.0
_TAIL_LINES = 12
_NAME = "tk_board_name"  # every image of tinykit's has it, see cortexm/startup.c

# How each tool comes to a computer; its own pages say more.
_INSTALL = {
    "openocd": "Debian and Ubuntu: apt install openocd; macOS: brew install open-ocd; else openocd.org",
    "pyocd": "pip install pyocd; then pyocd pack install TARGET where pyocd list --targets lacks the chip",
    "esptool": "pip install esptool",
    "picotool": "Debian and Ubuntu: apt install picotool; macOS: brew install picotool",
}


@dataclass(frozen=True)
class FlashPlan:
    """``command`` is run in a folder where ``image`` lies as firmware.elf. ``size_bytes`` go into flash."""

    board: str
    image: Path
    command: tuple[str, ...]
    size_bytes: int

    def to_dict(self) -> dict[str, object]:
        """The plan for JSON."""
        return {
            "board": self.board,
            "image": str(self.image),
            "command": list(self.command),
            "size_bytes": self.size_bytes,
        }


@dataclass(frozen=True)
class Flashed:
    """What the tool did: its last lines, and how long it took."""

    said: tuple[str, ...]
    seconds: float


def plan_flash(firmware: Path, board: Board, port: str | None = None) -> FlashPlan:
    """What would be run to put ``firmware``, an image or the folder of a build, on ``board``.

    The image's name never reaches the command, because some tools read theirs as a script (openocd: Tcl).

    Raises InputError (FLASH_NOTHING, FLASH_OTHER_BOARD), UsageError (FLASH_PORT), BuildError (IMAGE).
    """
    path = firmware / IMAGE if firmware.is_dir() else firmware
    if not board.flash_command:
        raise InputError(
            f"The file of board '{board.name}' names no command that flashes it.",
            hint="an emulated board is run, not flashed; else add flash_command to the file.",
            code="FLASH_NOTHING",
        )
    image = read_image(path)
    _check_home(image, path, board)
    takes_port = any("{port}" in word for word in board.flash_command)
    if takes_port != (port is not None):
        raise UsageError(
            f"The command that flashes '{board.name}' needs a port."
            if takes_port
            else f"The command that flashes '{board.name}' takes no port: it finds the debugger itself.",
            hint="give --port /dev/ttyACM0 or the like." if takes_port else "leave --port out.",
            code="FLASH_PORT",
        )
    command = tuple(
        word.replace("{image}", IMAGE).replace("{port}", port or "") for word in board.flash_command
    )
    return FlashPlan(board.name, path, command, sum(len(segment.data) for segment in image.segments))


def _check_home(image: Image, path: Path, board: Board) -> None:
    """Refuse what was built for another board: by its addresses, and by the name that our images carry."""
    for segment in image.segments:
        end = segment.load_address + len(segment.data)
        if not board.flash.origin <= segment.load_address < end <= board.flash.end:
            where = f"0x{segment.load_address:08x} to 0x{end - 1:08x}"
            raise _other(path, board, f"it loads {where}, outside its flash")
    if any(symbol.name == _NAME for symbol in image.symbols):
        name = _text_at(image, image.find(_NAME).address)
        if name != board.name:
            raise _other(path, board, f"it was built for '{name}'")


def _text_at(image: Image, address: int) -> str:
    for segment in image.segments:
        at = address - segment.load_address
        if 0 <= at < len(segment.data):
            return segment.data[at:].partition(b"\0")[0][:64].decode("ascii", "replace")
    return ""


def _other(path: Path, board: Board, why: str) -> InputError:
    return InputError(
        f"{path} is not for board '{board.name}': {why}.",
        hint=f"build it with --board {board.name}, or name the board that it was built for.",
        code="FLASH_OTHER_BOARD",
    )


def run_flash(plan: FlashPlan, progress: Progress = SILENT) -> Flashed:
    """Run the plan's command. Its last lines go into the error where it fails.

    Raises UsageError (FLASH_TOOL_MISSING), DeviceError (FLASH_FAILED, FLASH_TIMEOUT).
    """
    tool = plan.command[0]
    program = shutil.which(tool)
    if program is None:
        raise UsageError(
            f"{tool}, which flashes board '{plan.board}', is not installed.",
            hint=_INSTALL.get(tool, f"install {tool} and put it on the PATH."),
            code="FLASH_TOOL_MISSING",
        )
    progress.start(f"Flashing {plan.size_bytes:,} bytes with {tool}")
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tinykit-flash-") as scratch:
        shutil.copyfile(plan.image, Path(scratch) / IMAGE)
        said, status = _run([program, *plan.command[1:]], Path(scratch), plan)
    if status != 0:
        raise DeviceError(
            f"{tool} could not flash '{plan.board}' (exit {status}): {_telling(said)}",
            hint=f"is the board connected and its debugger free? The tool's last lines: {' | '.join(said)}",
            code="FLASH_FAILED",
        )
    progress.finish()
    return Flashed(said, time.monotonic() - start)


def _run(words: list[str], folder: Path, plan: FlashPlan) -> tuple[tuple[str, ...], int]:
    """The tool's last lines and exit status; whatever happens, it does not outlive this call."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            status = process.wait(_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise DeviceError(
                f"{plan.command[0]} has not finished flashing '{plan.board}' within {_LIMIT_S:.0f} s.",
                hint="unplug the board and its debugger, plug them in again, and retry.",
                code="FLASH_TIMEOUT",
            ) from error
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        lines = (line.decode("utf-8", "replace").strip() for line in log)
        return tuple(deque((line for line in lines if line), _TAIL_LINES)), status


def _telling(said: tuple[str, ...]) -> str:
    """The line that says most: the last that speaks of an error, else the last."""
    words = ("error", "fail", "unable", "cannot", "no such", "not found")
    errors = [line for line in said if any(word in line.lower() for word in words)]
    return (errors or list(said) or ["it said nothing"])[-1][:300]
