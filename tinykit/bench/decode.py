"""What a block of Thumb code costs and asks for, decoded once, when it first runs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from tinykit.bench.cycles import CycleModel, Instruction, is_load, is_many, is_store


@dataclass(frozen=True)
class BlockCost:
    """A block's instructions and cycles; ``uses_fpu`` where one of its instructions does."""

    instructions: int
    cycles: int
    spread: int
    uses_fpu: bool


class Decoder:
    """Decodes blocks for one cycle model."""

    def __init__(self, model: CycleModel) -> None:
        capstone = importlib.import_module("capstone")  # it has no types
        self._model = model
        self._capstone: Any = capstone.Cs(
            capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
        )
        self._capstone.detail = True

    def block(self, code: bytes, address: int) -> BlockCost | None:
        """The cost of the block ``code``, or None where it holds what is no instruction."""
        found = list(self._capstone.disasm(code, address))
        if sum(one.size for one in found) != len(code):
            return None
        instructions = []
        before = None
        for one in found:
            instructions.append(_instruction(one, before))
            before = one
        cycles, spread = self._model.block(instructions)
        return BlockCost(len(found), cycles, spread, any(i.mnemonic.startswith("v") for i in instructions))


def _instruction(one: Any, before: Any) -> Instruction:
    name = one.insn_name()
    reads = _address_registers(one, name)
    written: set[int] = set() if before is None else set(before.regs_access()[1])
    previous = "" if before is None else before.insn_name()
    from_memory = is_load(previous) or is_many(previous)
    depends = bool(reads & written)
    return Instruction(
        mnemonic=name,
        registers=_list_length(one, name),
        base_ready=not depends or from_memory or is_store(previous),
        chained=is_load(previous) and not depends,
        writes_pc=_PC in one.regs_access()[1],
    )


_PC = 11  # capstone's ARM_REG_PC, tested against capstone
_OP_REG = 1
_OP_MEM = 3
_DOUBLES = range(14, 46)  # ARM_REG_D0 to ARM_REG_D31


def _address_registers(one: Any, name: str) -> set[int]:
    registers = {op.mem.base for op in one.operands if op.type == _OP_MEM}
    registers |= {op.mem.index for op in one.operands if op.type == _OP_MEM}
    if name.startswith(("ldm", "stm", "vldm", "vstm")) and one.operands:
        registers.add(one.operands[0].reg)
    return registers - {0}


def _list_length(one: Any, name: str) -> int:
    """How many words a load or store of several registers moves."""
    if name in ("ldrd", "strd"):
        return 2
    if not is_many(name):
        return 0
    registers = [op.reg for op in one.operands if op.type == _OP_REG]
    if name.startswith(("ldm", "stm", "vldm", "vstm")):
        registers = registers[1:]  # the first is the address
    return sum(2 if register in _DOUBLES else 1 for register in registers)
