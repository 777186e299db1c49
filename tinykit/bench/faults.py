"""Naming what went wrong on the emulated board."""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.boards import Board
from tinykit.errors import DeviceError
from tinykit.toolchain import Image

# Running over the stack faults in the first frame below it; no frame of ours is larger.
_STACK_GUARD_BYTES = 64 * 1024

_MEANING = {
    "STACK_OVERFLOW": "runs over its stack's reserve",
    "READ_UNMAPPED": "reads where there is no memory",
    "WRITE_UNMAPPED": "writes where there is no memory",
    "FETCH_UNMAPPED": "runs code where there is no memory",
    "FETCH_OUTSIDE_FLASH": "runs code that is not in flash",
    "FLASH_WRITE": "writes to flash",
    "INVALID_INSTRUCTION": "holds an instruction that this core does not have",
    "FPU_DISABLED": "uses the FPU before it was enabled",
    "UNALIGNED": "loads or stores at an address that this core does not take",
    "EXCEPTION": "raises an exception",
    "STALLED": "waits for an interrupt that cannot come",
    "HUNG": "does not end within its limit of instructions",
    "HANDLED": "ends in its own fault handler",
    "REFUSED": "refuses the mailbox",
    "EMULATOR": "makes the emulator fail",
}

_HINT = {
    "STACK_OVERFLOW": "raise stack_bytes in the board's file; every run that ends prints the stack's use.",
    "FPU_DISABLED": "write CPACR before the first floating-point instruction, as firmware/startup.c does.",
    "INVALID_INSTRUCTION": "the image was built for another core; build it for this board.",
    "HUNG": "the model may be too large for the limit, or the code loops.",
}


@dataclass(frozen=True)
class Fault:
    """A fault at ``pc``: ``code`` as in ``_MEANING``; ``address`` is what was accessed, if that is known."""

    code: str
    pc: int
    address: int | None = None
    detail: str = ""

    def message(self, image: Image, board: Board) -> str:
        """One line: where, by symbol and offset, and what."""
        where = f"{image.locate(self.pc)} (0x{self.pc:08x})"
        at = "" if self.address is None else f", address 0x{self.address:08x}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"The firmware stopped on {board.name} at {where}: it {_MEANING[self.code]}{at}{detail}."

    @property
    def hint(self) -> str:
        """The way out."""
        return _HINT.get(
            self.code, "this is a defect of the firmware or of tinykit: please report it with the model."
        )

    def error(self, image: Image, board: Board) -> DeviceError:
        """The fault as an error, code FIRMWARE_... ."""
        return DeviceError(self.message(image, board), hint=self.hint, code=f"FIRMWARE_{self.code}")


def name_access(board: Board, kind: str, address: int) -> str:
    """The code of a refused access of ``kind`` (READ, WRITE, FETCH) to ``address``."""
    below = board.ram.origin - address
    if kind != "FETCH" and 0 < below <= _STACK_GUARD_BYTES:
        return "STACK_OVERFLOW"
    return f"{kind}_UNMAPPED"
