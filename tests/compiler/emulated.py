"""Runs models on an emulated Cortex-M, with the kernels that its instructions allow."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler.batch import WARNINGS, Compiled, compile_case, given, output_bytes, taken, write_source
from compiler.operator_cases import Array, Case
from compiler.redzones import PAGE, Pages, Piece, pages_of, statics
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc, UcError
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M0,
    UC_CPU_ARM_CORTEX_M4,
)

from tinykit.compiler.emit.folder import KERNELS
from tinykit.compiler.kernel import Target
from tinykit.elf import Segment, read_image

M0 = Target("m0")
M4 = Target("m4", frozenset({"dsp", "fpu"}))
_CPUS = {
    "m0": ("thumb-freestanding-eabi", "cortex_m0", UC_CPU_ARM_CORTEX_M0),
    "m4": ("thumb-freestanding-eabihf", "cortex_m4+vfp4d16sp", UC_CPU_ARM_CORTEX_M4),
}
_FLAGS = (*WARNINGS, "-O2", "-g0", "-fno-sanitize=all", "-ffreestanding", "-fdata-sections")
_FLAGS += ("-Wl,-e,run_models",)
# Models by the hundred want more memory than any microcontroller has.
_CODE, _RAM, _STACK_BYTES = 0x10000, 0x20000000, 1 << 16
_GIVEN, _TAKEN, _STOP = 0x60000000, 0x80000000, 0x0F000000
_TABLES, _VARIABLES = 0x10000000, 0x30000000
_SCRIPT = """SECTIONS {{
{placed}
    .text {code:#x} : {{ *(.text*) *(.rodata*) }}
    .data {ram:#x} : {{ *(.data*) *(.bss*) }}
    /DISCARD/ : {{ *(.ARM.*) }}
}}
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


@dataclass(frozen=True)
class Layout:
    """How models lie in memory: no page is there but those that something lies on.

    ``ends``: tables, states, tensors and scratch end where their page ends, and share nothing. Else tables,
    states and arenas begin where a page begins, and the arena is as the compiler arranges it.
    """

    ends: bool


ENDS, STARTS = Layout(ends=True), Layout(ends=False)


def outputs_on(
    target: Target,
    cases: Sequence[Case],
    folder: Path,
    layout: Layout = STARTS,
    kernels: Counter[str] | None = None,
) -> list[tuple[Array, ...]]:
    """What each case's model gives on ``M0`` or ``M4``, each output of shape (runs, *output shape).

    ``kernels`` counts the layers that each kernel computed.
    Raises AssertionError where a kernel reads or writes a page on which nothing lies.
    """
    models = [compile_case(case, target, page=PAGE if layout.ends else None) for case in cases]
    results = run_compiled(target, models, folder, layout)
    if kernels is not None:
        kernels.update(name for model in models for name in model.kernels)
    return results


def run_compiled(
    target: Target, models: Sequence[Compiled], folder: Path, layout: Layout
) -> list[tuple[Array, ...]]:
    """The same for models that have been compiled for ``layout``."""
    triple, cpu, model = _CPUS[target.name]
    sources = write_source(models, folder, _PRELUDE)
    sections, pieces = _place(models, layout)
    placed = "\n".join(f"    {n} {at.start:#x} : {{ *({n}) }}" for n, at in sections.items())
    (folder / "link.ld").write_text(_SCRIPT.format(placed=placed, code=_CODE, ram=_RAM))
    command = [sys.executable, "-m", "ziglang", "cc", "-target", triple, f"-mcpu={cpu}", *_FLAGS]
    command += [f"-I{KERNELS}", "-T", "link.ld", *sources, "-o", "models.elf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    image = read_image(folder / "models.elf")
    machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    machine.ctl_set_cpu_model(model)
    data, wanted = given([model.case for model in models]), output_bytes(models)
    kept = [
        Piece(s.address, s.size_bytes)
        for s in image.sections
        if s.name in (".text", ".data") and s.size_bytes
    ]
    kept += [Piece(_GIVEN, len(data)), Piece(_TAKEN, wanted), Piece(_STOP, 1)]
    stack = _RAM + (1 << 26)
    kept.append(Piece(stack - _STACK_BYTES, _STACK_BYTES))
    pages = pages_of([*pieces, *kept])
    for page in sorted(pages):
        machine.mem_map(page, PAGE)
    for segment in image.segments:
        _load(machine, pages, segment)
    machine.mem_write(_GIVEN, data)
    machine.reg_write(UC_ARM_REG_SP, stack)
    machine.reg_write(UC_ARM_REG_LR, _STOP | 1)
    try:
        machine.emu_start(image.find("run_models").address | 1, _STOP, timeout=300_000_000)
    except UcError as error:
        raise AssertionError(f"{error} in {image.locate(machine.reg_read(UC_ARM_REG_PC))}") from error
    return taken(models, bytes(machine.mem_read(_TAKEN, wanted)))


def _place(models: Sequence[Compiled], layout: Layout) -> tuple[dict[str, Piece], list[Piece]]:
    """Where each section of tables, states and arenas goes; and all that may be used there."""
    tables, variables = Pages(_TABLES), Pages(_VARIABLES)
    sections: dict[str, Piece] = {}
    used: list[Piece] = []
    for number, model in enumerate(models):
        for name, (size, align) in statics(model.program, model.emitted).items():
            pages = tables if name.startswith(".rodata") else variables
            piece = pages.place(size, align, at_end=layout.ends)
            sections[name.replace("@", f"m{number}_")] = piece
            used.append(piece)
        arena = variables.place(model.arena_bytes, PAGE, at_end=False)
        sections[f".bss.m{number}_tk_arena"] = arena
        used += [Piece(arena.start + p.start, p.size_bytes) for p in model.pieces] or [arena]
    return sections, used


def _load(machine: Uc, pages: set[int], segment: Segment) -> None:
    """What of the segment lies on ``pages``: between them it has nothing but zeros."""
    end = segment.load_address + len(segment.data)
    for page in range(segment.load_address // PAGE * PAGE, end, PAGE):
        if page in pages:
            start = max(page, segment.load_address)
            part = segment.data[start - segment.load_address : page + PAGE - segment.load_address]
            machine.mem_write(start, part)
