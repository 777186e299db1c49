"""The folders ``chips/NAME/``: a chip's part of the firmware.

What relatives share lies in a folder whose name begins theirs: ``stm32/`` belongs to ``stm32f4``.
"""

from __future__ import annotations

from pathlib import Path

from tinykit.boards import Board
from tinykit.errors import InputError


def chip_files(board: Board, firmware: Path) -> tuple[Path, ...]:
    """The C files and headers for the chip of ``board``, out of the folder ``firmware``.

    Raises InputError, code BOARD_CHIP, where there is no folder for it.
    """
    folders = {path.name: path for path in sorted((firmware / "chips").iterdir()) if path.is_dir()}
    known = [
        name for name in folders if not any(name != other and other.startswith(name) for other in folders)
    ]
    if board.chip not in known:
        raise InputError(
            f"Board '{board.name}' asks for chip '{board.chip}', for which there is no firmware.",
            hint=f"known chips: {', '.join(known)}.",
            code="BOARD_CHIP",
        )
    shared = (path for name, path in folders.items() if board.chip.startswith(name))
    return tuple(
        file for folder in shared for file in sorted(folder.iterdir()) if file.suffix in (".c", ".h")
    )
