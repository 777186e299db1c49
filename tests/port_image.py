"""An image of a chip's port and ``port_echo.c``: the functions of ``tk_port.h`` and nothing else of ours."""

from __future__ import annotations

import shutil
from pathlib import Path

from tinykit.boards import Board
from tinykit.resources import firmware_models
from tinykit.toolchain.chips import chip_files
from tinykit.toolchain.firmware import board_header, find_toolchain, linker_script
from tinykit.toolchain.job import CompileJob

HERE = Path(__file__).resolve().parent


def build(board: Board, folder: Path, toolchain: str = "zig") -> Path:
    """Compile for ``board``, warnings being errors; the executable."""
    home = firmware_models() / "firmware"
    core = home / "cortexm"
    files = [HERE / "port_echo.c", home / "tk_port.h", home / "stack.h", core / "core.h", core / "startup.c"]
    files += chip_files(board, home)
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, folder / path.name)
    (folder / "board.h").write_text(board_header(board))
    (folder / "link.ld").write_text(linker_script(board, (core / "link.ld.in").read_text()))
    sources = tuple(sorted(path.name for path in folder.glob("*.c")))
    job = CompileJob(folder, board.core, sources, (".",), "link.ld", "firmware.elf", strict=True)
    find_toolchain(toolchain).compile(job)
    return folder / "firmware.elf"
