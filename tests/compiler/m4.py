"""One layer at a time on an emulated Cortex-M4: compile a kernel's C, run it, count its instructions.

Tensors and scratch end where their page ends and the next page is not mapped, so that an access behind one is
a fault; what lies before them is checked for changes.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_MODE_THUMB, UC_PROT_READ, UC_PROT_WRITE, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M4,
)

from tinykit.compiler.kernel import Installed, Lowered, Target
from tinykit.compiler.program import Layer, Program
from tinykit.compiler.registry import kernels_folder
from tinykit.elf import read_image

M4 = Target("m4", frozenset({"dsp", "fpu"}))
_FLAGS = (
    "-O2 -std=c99 -g0 -fno-sanitize=all -Wall -Wextra -Wconversion -Werror -ffreestanding -ffunction-sections"
)
_FLAGS += " -fno-unwind-tables -fno-asynchronous-unwind-tables -nostdlib -Wl,--gc-sections -Wl,-e,tk_layer"
_ZIG = f"{sys.executable} -m ziglang cc -target thumb-freestanding-eabihf -mcpu=cortex_m4+vfp4d16sp"
_GCC = "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
_SCRIPT = """SECTIONS {
  .text 0x1000 : { *(.text*) *(.rodata*) }
  .data 0x20000000 : { *(.data*) *(.bss*) }
  /DISCARD/ : { *(.ARM.*) }
}"""
_PAGE = 4096
_STOP = 0x00F00000
_FILL = 0x5A


@dataclass(frozen=True)
class Ran:
    """Output bytes, instructions and stack used by one call."""

    output: npt.NDArray[np.int8]
    instructions: int
    stack_bytes: int


class LayerImage:
    """A layer, compiled."""

    def __init__(
        self, installed: Installed, layer: Layer, program: Program, folder: Path, compiler: str = "zig"
    ):
        self.lowered: Lowered = installed.kernel.lower(layer, program, M4)
        self.layer, self.program = layer, program
        source = folder / "layer.c"
        source.write_text(_source(self.lowered))
        script = folder / "link.ld"
        script.write_text(_SCRIPT)
        files = [installed.folder / name for name in installed.kernel.sources if name.endswith(".c")]
        files += [
            kernels_folder() / "common" / name for name in installed.kernel.shared if name.endswith(".c")
        ]
        command = [*(_ZIG if compiler == "zig" else _GCC).split(), *_FLAGS.split(), f"-I{installed.folder}"]
        command += [f"-I{kernels_folder() / 'common'}", "-T", str(script), "-o", str(folder / "layer.elf")]
        done = subprocess.run([*command, str(source), *map(str, files)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:4000]
        self.image = read_image(folder / "layer.elf")

    def run(self, *inputs: npt.NDArray[np.int8], in_place: int | None = None) -> Ran:
        """Call it once. ``in_place``: the input that the output lies on."""
        machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        machine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        machine.mem_map(0, 1 << 20)
        for segment in self.image.segments:
            machine.mem_write(segment.load_address, segment.data)
        machine.mem_map(_STOP, _PAGE)
        machine.mem_map(0x20000000, 0x10000)
        machine.mem_write(0x20000000, bytes([_FILL]) * 0x10000)
        out = self.program.output_of(self.layer)
        home = 0x30000000
        places = []
        for k, data in enumerate(inputs):
            # What is written in place may be longer than the input; both start at the same address.
            longer = max(out.size_bytes - data.nbytes, 0) if k == in_place else 0
            places.append(_place(machine, home, data.tobytes() + bytes(longer), 1))
            home += 0x01000000
        at = places[in_place] if in_place is not None else _place(machine, home, bytes(out.size_bytes), 1)
        scratch = _place(machine, home + 0x01000000, bytes([_FILL]) * self.lowered.scratch_bytes, 16)
        arguments = [places[0], places[1] if len(places) > 1 else 0, at, scratch]
        for register, value in zip(
            (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3), arguments, strict=True
        ):
            machine.reg_write(register, value)
        machine.reg_write(UC_ARM_REG_SP, 0x20010000)
        machine.reg_write(UC_ARM_REG_LR, _STOP | 1)
        count = _Count(machine)
        machine.emu_start(self.image.find("tk_layer").address | 1, _STOP, timeout=60_000_000)
        for place in (*places, at, scratch):
            before = bytes(machine.mem_read(place & -_PAGE, place & (_PAGE - 1)))
            assert not before.strip(bytes([_FILL])), "the bytes before a tensor changed"
        stack = bytes(machine.mem_read(0x20000000, 0x10000))
        used = len(stack.lstrip(bytes([_FILL])))
        return Ran(
            np.frombuffer(bytes(machine.mem_read(at, out.size_bytes)), np.int8).reshape(out.shape),
            count.instructions,
            used,
        )


class _Count:
    def __init__(self, machine: Uc) -> None:
        self.instructions = 0
        self._machine = machine
        self._decoder = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
        self._known: dict[int, int] = {}
        machine.hook_add(UC_HOOK_BLOCK, self._block)

    def _block(self, machine: Uc, address: int, size: int, _: object) -> None:
        if address not in self._known:
            code = bytes(machine.mem_read(address, size))
            self._known[address] = sum(1 for _ in self._decoder.disasm_lite(code, address))
        if address != _STOP:
            self.instructions += self._known[address]


def _place(machine: Uc, home: int, data: bytes, align: int) -> int:
    """Memory that ends with ``data``'s last byte (as far as ``align`` allows), with a hole behind."""
    pages = (len(data) + _PAGE - 1) // _PAGE * _PAGE or _PAGE
    machine.mem_map(home, pages, UC_PROT_READ | UC_PROT_WRITE)
    machine.mem_write(home, bytes([_FILL]) * pages)
    at = home + (pages - len(data)) // align * align
    machine.mem_write(at, data)
    return at


def _source(lowered: Lowered) -> str:
    names = {c.name: f"c_{c.name}" for c in lowered.constants}
    lines = ["#include <stdint.h>", *(f'#include "{h}"' for h in lowered.headers)]
    for constant in lowered.constants:
        values = ",".join(_number(int(v)) for v in constant.data.reshape(-1))
        name = f"{names[constant.name]}[] __attribute__((aligned({constant.align})))"
        lines.append(f"static const {constant.c_type} {name} = {{{values}}};")
    call = lowered.call.format(
        in0="in0", in1="in1", out0="out0", scratch="scratch", const=SimpleNamespace(**names)
    )
    lines += [
        "void tk_layer(const int8_t *in0, const int8_t *in1, int8_t *out0, uint8_t *scratch);",
        "void tk_layer(const int8_t *in0, const int8_t *in1, int8_t *out0, uint8_t *scratch)",
        "{(void)in1; (void)scratch;",
        call,
        "}",
    ]
    return "\n".join(lines)


def _number(value: int) -> str:
    return "(-2147483647 - 1)" if value == -(1 << 31) else f"{value}u" if value > 0x7FFFFFFF else str(value)
