"""Entering the firmware's fault handler as the core would (Armv7-M ARM, B1.5.6 and B3.2.15).

Unicorn takes no exceptions, so the frame is laid by hand. What escalates does so at once: nobody enables the
finer handlers, and the firmware's vectors lead to the same one.
"""

from __future__ import annotations

from typing import Protocol

from tinykit.bench.faults import Fault

CFSR, HFSR, BFAR = 0xD28, 0xD2C, 0xD38
VECTOR = 3
_FORCED = 1 << 30
_FROM_THREAD = 0xFFFFFFF9
_STATUS = {
    "FETCH_UNMAPPED": 1 << 8,  # IBUSERR
    "FETCH_OUTSIDE_FLASH": 1 << 8,
    "READ_UNMAPPED": 1 << 9 | 1 << 15,  # PRECISERR, BFARVALID
    "WRITE_UNMAPPED": 1 << 9 | 1 << 15,
    "FLASH_WRITE": 1 << 9 | 1 << 15,
    "STACK_OVERFLOW": 1 << 12,  # STKERR
    "INVALID_INSTRUCTION": 1 << 16,  # UNDEFINSTR
    "FPU_DISABLED": 1 << 19,  # NOCP
    "UNALIGNED": 1 << 24,
}
_FRAME = ("R0", "R1", "R2", "R3", "R12", "LR")


class Core(Protocol):
    """A stopped core."""

    def get(self, register: str) -> int:
        """A register."""

    def put(self, register: str, value: int) -> None:
        """Write a register."""

    def push(self, address: int, words: tuple[int, ...]) -> None:
        """Write words to memory; those that fall outside of it are gone."""

    def note(self, offset: int, value: int) -> None:
        """Write a register of the system control space."""


def enter(core: Core, fault: Fault) -> bool:
    """Prepare ``core`` to run its handler; False where no core would raise ``fault``."""
    if fault.code not in _STATUS:
        return False
    core.note(CFSR, _STATUS[fault.code])
    core.note(HFSR, _FORCED)
    if fault.address is not None:
        core.note(BFAR, fault.address)
    status = core.get("XPSR")
    frame = (*(core.get(name) for name in _FRAME), fault.pc, status)
    # An odd word of alignment is noted in the stacked status, and nobody returns.
    stack = (core.get("SP") - 4 * len(frame)) & ~7
    core.push(stack, frame)
    core.put("XPSR", 1 << 24)  # the handler begins outside of any IT block
    core.put("SP", stack & 0xFFFFFFFF)
    core.put("LR", _FROM_THREAD)
    return True
