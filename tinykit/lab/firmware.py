"""Whether a board carries the firmware that was built: by the hash that it announces and its image holds."""

from __future__ import annotations

import re
from pathlib import Path

from tinykit.errors import InputError

_MAX_BYTES = 64 * 1024 * 1024
_ELF = b"\x7fELF"
# As text between zeros, as a C string lies in an image.
_SHA256 = re.compile(rb"(?<=\0)[0-9a-f]{64}(?=\0)")


def announced_hashes(elf: Path) -> frozenset[str]:
    """The SHA-256 that the image in ``elf`` can announce: of its model, and of its sources and options.

    Raises InputError, code FIRMWARE_FILE, for a file that is no image of tinykit's.
    """
    try:
        if elf.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        content = elf.read_bytes()
        if not content.startswith(_ELF):
            raise ValueError("it is no ELF file")
        found = frozenset(one.decode("ascii") for one in _SHA256.findall(content))
        if not found:
            raise ValueError("it carries no hash: it is not a firmware that tinykit built")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{elf} is refused: {error}.",
            hint="give the firmware.elf that tinykit build wrote and that was flashed.",
            code="FIRMWARE_FILE",
        ) from error
    return found


def firmware_matches(announced: str, hashes: frozenset[str]) -> bool | None:
    """Whether the hash ``announced`` by the board is one of ``hashes``; None where either is not known."""
    return announced in hashes if announced and hashes else None
