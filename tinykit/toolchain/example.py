"""Whole small applications that come with tinykit: each a main program, laid beside a board's firmware."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

from tinykit.boards import Board
from tinykit.errors import BuildError, UsageError
from tinykit.progress import SILENT, Progress
from tinykit.resources import firmware_models
from tinykit.toolchain.firmware import FIRMWARE, IMAGE, find_toolchain, write_firmware
from tinykit.toolchain.job import CompileJob

_OWN = ("port.c", "startup.c", "memory.c")


def examples() -> tuple[str, ...]:
    """Their names."""
    return tuple(sorted(path.stem for path in (firmware_models() / FIRMWARE / "examples").glob("*.c")))


def build_example(
    name: str, board: Board, folder: Path, *, toolchain: str = "zig", progress: Progress = SILENT
) -> Path:
    """Compile the example ``name`` for ``board`` in ``folder``; returns the image.

    Raises UsageError, code EXAMPLE_UNKNOWN; BuildError, code EXAMPLE_BOARD, for a board it is not written
    for, and what `build_image` raises.
    """
    if name not in examples():
        near = difflib.get_close_matches(name, examples(), n=1)
        said = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"There is no example '{name}'.",
            hint=f"{said}There are: {', '.join(examples())}.",
            code="EXAMPLE_UNKNOWN",
        )
    if board.chip != "mps2":
        raise BuildError(
            f"The example '{name}' is not written for board '{board.name}'.",
            hint="take virtual-m4 or virtual-m0: it uses their GPIO.",
            code="EXAMPLE_BOARD",
        )
    folder.mkdir(parents=True, exist_ok=True)
    names = write_firmware(board, folder)
    home = firmware_models() / FIRMWARE
    shutil.copyfile(home / "examples" / f"{name}.c", folder / FIRMWARE / "main.c")
    shutil.copyfile(home / "tk_mark.h", folder / FIRMWARE / "tk_mark.h")
    sources = tuple(one for one in names if Path(one).name in _OWN)
    job = CompileJob(
        folder=folder,
        core=board.core,
        sources=(f"{FIRMWARE}/main.c", *sources),
        include=(FIRMWARE, f"{FIRMWARE}/include"),
        script=f"{FIRMWARE}/link.ld",
        output=IMAGE,
        strict=True,
    )
    find_toolchain(toolchain).compile(job, progress)
    return folder / IMAGE
