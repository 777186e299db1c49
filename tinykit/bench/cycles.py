"""Cycle models: how many cycles an instruction takes where memory never makes it wait.

Cortex-M4: Arm 100166 (Cortex-M4 Technical Reference Manual, r0p1), tables 3-1 and 3-2, and section 3.3.3
on load and store timings. Cortex-M0: Arm DDI 0432 (r0p0), table 3-1, the one-cycle multiplier assumed.

What the models leave out: flash wait states, bus contention, unaligned accesses, the fetch unit's own
stalls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    """What a model looks at; `tinykit.bench.decode` makes them from capstone's.

    ``mnemonic`` is the plain name, without condition and width. ``registers`` is the length of a load's
    or store's register list; ``base_ready`` is False where the address comes out of the data-processing
    instruction just before; ``chained`` where a single load comes before.
    """

    mnemonic: str
    registers: int
    base_ready: bool
    chained: bool
    writes_pc: bool


@dataclass(frozen=True)
class CycleModel:
    """Cycles of a core.

    ``error_relative`` is how far off a part may be that never waits for memory, to either side (0.1: ±10 %),
    an estimate; ``remark`` is what else there is to know about it. ``taken`` is what a taken branch adds, at
    least and at most (the pipeline's refill).
    """

    name: str
    error_relative: float
    remark: str
    taken: tuple[int, int]
    family: str

    @property
    def error(self) -> str:
        """The error in words."""
        return f"about ±{self.error_relative * 100:.0f} % {self.remark}"

    def block(self, instructions: Sequence[Instruction]) -> tuple[int, int]:
        """The fewest cycles of a block, and how many more it may take; refills are counted apart."""
        cost = _cortex_m4 if self.family == "m4" else _cortex_m0
        costs = [cost(instruction) for instruction in instructions]
        return sum(low for low, _ in costs), sum(high - low for low, high in costs)


_LOADS = ("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "ldrbt", "ldrht", "ldrt", "ldrex", "ldrexb", "ldrexh")
_STORES = ("str", "strb", "strh", "strbt", "strht", "strt", "strex", "strexb", "strexh")
_MANY = ("ldm", "stm", "push", "pop", "ldrd", "strd", "vldm", "vstm", "vldr", "vstr", "vpush", "vpop")


def is_load(mnemonic: str) -> bool:
    """Tell whether it loads one register."""
    return mnemonic in _LOADS


def is_store(mnemonic: str) -> bool:
    """Tell whether it stores one register."""
    return mnemonic in _STORES


def is_many(mnemonic: str) -> bool:
    """Tell whether it moves a list of registers, of one or more."""
    return mnemonic.startswith(_MANY)


_M4_FLOAT = {
    **dict.fromkeys(("vdiv", "vsqrt"), 14),
    **dict.fromkeys(("vmla", "vmls", "vfma", "vfms", "vnmla", "vnmls", "vfnma", "vfnms"), 3),
}
# A range where the manual gives one: division ends early, IT may be folded, barriers and system registers.
_M4_RANGES = {
    "sdiv": (2, 12),
    "udiv": (2, 12),
    "it": (0, 1),
    "mrs": (1, 2),
    "msr": (1, 2),
    "cpsid": (1, 2),
    "cpsie": (1, 2),
    "dsb": (1, 4),
    "dmb": (1, 4),
    "isb": (1, 4),
    "tbb": (3, 3),
    "tbh": (3, 3),
}


def _cortex_m4(instruction: Instruction) -> tuple[int, int]:
    name = instruction.mnemonic
    wait = 0 if instruction.base_ready else 1
    if is_many(name):
        return 1 + instruction.registers + wait, 1 + instruction.registers + wait
    if is_load(name):
        # Neighbouring loads overlap their address and data phases; a load to PC never does.
        low = 1 if instruction.chained and not instruction.writes_pc else 2
        return low + wait, low + wait
    if is_store(name):
        return 1 + wait, 2 + wait  # 1 through the write buffer
    if name in _M4_RANGES:
        return _M4_RANGES[name]
    cycles = _M4_FLOAT.get(name, 1)
    return cycles, cycles


def _cortex_m0(instruction: Instruction) -> tuple[int, int]:
    name = instruction.mnemonic
    if is_many(name):
        # POP with PC: 4 + N altogether, of which the refill is counted as a taken branch.
        extra = 2 if instruction.writes_pc else 1
        return extra + instruction.registers, extra + instruction.registers
    if is_load(name) or is_store(name):
        return 2, 2
    if name in ("mrs", "msr", "dsb", "dmb", "isb"):
        return 4, 4
    if name == "bl":
        return 2, 2  # 4 with the refill
    return 1, 1


_M4 = CycleModel(
    "Cortex-M4 from Arm 100166, zero wait states",
    0.10,
    "against a part that runs from zero-wait memory (an estimate: no board was compared); with"
    " flash wait states the part is slower, by up to 30 %",
    (1, 3),
    "m4",
)
_M0 = CycleModel(
    "Cortex-M0 from Arm DDI 0432, zero wait states, one-cycle multiplier",
    0.25,
    "(an estimate: no board was compared)",
    (2, 2),
    "m0",
)
CYCLE_MODELS = {"cortex-m4f": _M4, "cortex-m0": _M0}
