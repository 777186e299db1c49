"""Runs models on an emulated Cortex-M, with the kernels that its instructions allow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from compiler.batch import WARNINGS, compile_case, given, output_bytes, taken, write_source
from compiler.operator_cases import Array, Case
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M0, UC_CPU_ARM_CORTEX_M4

from tinykit.compiler.emit.folder import KERNELS
from tinykit.compiler.kernel import Target
from tinykit.toolchain.elf import read_image

M0 = Target("m0")
M4 = Target("m4", frozenset({"dsp", "fpu"}))
_CPUS = {
    "m0": ("thumb-freestanding-eabi", "cortex_m0", UC_CPU_ARM_CORTEX_M0),
    "m4": ("thumb-freestanding-eabihf", "cortex_m4+vfp4d16sp", UC_CPU_ARM_CORTEX_M4),
}
_FLAGS = (*WARNINGS, "-O2", "-g0", "-fno-sanitize=all", "-ffreestanding", "-Wl,-e,run_models")
# Models by the hundred want more memory than any microcontroller has.
_RAM, _GIVEN, _TAKEN, _STOP = 0x20000000, 0x60000000, 0x80000000, 0x0F000000
_SCRIPT = """SECTIONS {
    .text 0x10000 : { *(.text*) *(.rodata*) }
    .data 0x20000000 : { *(.data*) *(.bss*) }
    /DISCARD/ : { *(.ARM.*) }
}
"""
_PRELUDE = f"""#include <stdint.h>
static void take(void *to, uint32_t n)
{{
    static const uint8_t *from = (const uint8_t *){_GIVEN:#x};
    for (uint32_t i = 0; i < n; i++) {{
        ((volatile uint8_t *)to)[i] = *from++;
    }}
}}
static void give(const void *from, uint32_t n)
{{
    static volatile uint8_t *to = (volatile uint8_t *){_TAKEN:#x};
    for (uint32_t i = 0; i < n; i++) {{
        *to++ = ((const uint8_t *)from)[i];
    }}
}}
"""


def outputs_on(target: Target, cases: Sequence[Case], folder: Path) -> list[tuple[Array, ...]]:
    """What each case's model gives on ``M0`` or ``M4``, each output of shape (runs, *output shape)."""
    models = [compile_case(case, target) for case in cases]
    triple, cpu, model = _CPUS[target.name]
    sources = write_source(models, folder, _PRELUDE)
    (folder / "link.ld").write_text(_SCRIPT)
    command = [sys.executable, "-m", "ziglang", "cc", "-target", triple, f"-mcpu={cpu}", *_FLAGS]
    command += [f"-I{KERNELS}", "-T", "link.ld", *sources, "-o", "models.elf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    image = read_image(folder / "models.elf")
    machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    machine.ctl_set_cpu_model(model)
    data, wanted = given(cases), output_bytes(models)
    sizes = {0: 1 << 26, _RAM: 1 << 26, _GIVEN: len(data), _TAKEN: wanted, _STOP: 1}
    for start, size in sizes.items():
        machine.mem_map(start, (size + 4095) // 4096 * 4096)
    for segment in image.segments:
        machine.mem_write(segment.load_address, segment.data)
    machine.mem_write(_GIVEN, data)
    machine.reg_write(UC_ARM_REG_SP, _RAM + (1 << 26))
    machine.reg_write(UC_ARM_REG_LR, _STOP | 1)
    machine.emu_start(image.find("run_models").address | 1, _STOP, timeout=300_000_000)
    return taken(models, bytes(machine.mem_read(_TAKEN, wanted)))
