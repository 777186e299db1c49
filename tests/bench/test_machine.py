"""The emulated core, one fact about it a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from thumb import RAM, START, WFI, machine, register, run

from tinykit.bench.faults import _MEANING
from tinykit.boards import load_board

FPU_ADD = (0xEE30, 0x0A00)  # vadd.f32 s0, s0, s0
ENABLE_FPU = (
    0xF64E, 0x5088,  # movw r0, #0xED88
    0xF2CE, 0x0000,  # movt r0, #0xE000
    0xF44F, 0x0170,  # mov.w r1, #0xF00000
    0x6001,  # str r1, [r0]
    0xF3BF, 0x8F6F,  # isb
)  # fmt: skip


@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
@pytest.mark.parametrize("hook", ["c", "python"])
def test_counts_instructions_until_it_waits(board: str, hook: str) -> None:
    done = run(0x2001, 0x3001, 0x3001, WFI, board=board, hook=hook)
    assert done.fault is None
    assert sum(t.instructions for t in done.tallies()) == 4
    assert register(done, "R0") == 3


@pytest.mark.parametrize("hook", ["c", "python"])
def test_instructions_whose_condition_fails_count(hook: str) -> None:
    # movs r0,#1; cmp r0,#0; it eq; addeq r0,#1; wfi
    done = run(0x2001, 0x2800, 0xBF08, 0x3001, WFI, hook=hook)
    assert sum(t.instructions for t in done.tallies()) == 5
    assert register(done, "R0") == 1


def test_loads_inside_an_it_block_do_not_disturb_it() -> None:
    # movw r1,#0; movt r1,#0x2000; movs r0,#5; str r0,[r1]; cmp r0,#5; itt eq; ldreq r2,[r1]; addeq r2,#1; wfi
    done = run(0xF240, 0x0100, 0xF2C2, 0x0100, 0x2005, 0x6008, 0x2805, 0xBF04, 0x680A, 0x3201, WFI)
    assert register(done, "R2") == 6


@pytest.mark.parametrize(
    ("board", "code", "name"),
    [
        ("virtual-m0", (0xFBB0, 0xF0F1), "INVALID_INSTRUCTION"),  # udiv: ARMv7-M
        ("virtual-m0", (0xF240, 0x0001), "INVALID_INSTRUCTION"),  # movw: Thumb-2
        ("virtual-m0", FPU_ADD, "INVALID_INSTRUCTION"),
        ("virtual-m4", FPU_ADD, "FPU_DISABLED"),
        ("virtual-m4", (0xDE00,), "INVALID_INSTRUCTION"),  # udf
        ("virtual-m4", (0xBE00,), "EXCEPTION"),  # bkpt
        ("virtual-m4", (0xDF00,), "EXCEPTION"),  # svc
    ],
)
def test_what_the_core_does_not_have_is_a_fault(board: str, code: tuple[int, ...], name: str) -> None:
    done = run(0x2001, *code, WFI, board=board)
    assert done.fault is not None
    assert done.fault.code == name
    assert START <= done.fault.pc <= START + 2 + 2 * len(code)


def test_the_fpu_runs_once_it_is_enabled() -> None:
    assert run(*ENABLE_FPU, *FPU_ADD, WFI).fault is None


@pytest.mark.parametrize("hook", ["c", "python"])
def test_a_bad_access_is_named_at_its_instruction(hook: str) -> None:
    # movs r1,#1; lsls r1,r1,#30 -> 0x40000000 + 0x10000000 is empty; ldr r0,[r1]
    done = run(0x2105, 0x0709, 0x6808, WFI, hook=hook)
    assert done.fault is not None
    assert (done.fault.code, done.fault.pc, done.fault.address) == ("READ_UNMAPPED", START + 4, 0x50000000)
    message = done.fault.message(done.image, done.board)
    assert "start+0x4" in message
    assert "0x50000000" in message


def test_a_write_to_flash_is_a_fault() -> None:
    done = run(0x2100, 0x6008, WFI)  # movs r1,#0; str r0,[r1]
    assert done.fault is not None
    assert (done.fault.code, done.fault.pc) == ("FLASH_WRITE", START + 2)


def test_running_over_the_stack_is_called_that() -> None:
    done = run(0xB510, 0xF7FF, 0xFFFD, WFI, limit=10_000_000)  # push {r4, lr}; bl start
    assert done.fault is not None
    assert done.fault.code == "STACK_OVERFLOW"
    assert RAM - 64 <= (done.fault.address or 0) < RAM


def test_a_jump_into_ram_or_nowhere_is_a_fault() -> None:
    for high, name in ((0x2000, "FETCH_OUTSIDE_FLASH"), (0x6000, "FETCH_UNMAPPED")):
        # movw r0,#1; movt r0,#high; bx r0
        done = run(0xF240, 0x0001, 0xF2C0 | high >> 12, 0x0000 | (high & 0xFF), 0x4700, WFI)
        assert done.fault is not None
        assert done.fault.code == name


def test_an_unaligned_load_is_a_fault_on_armv6m_only() -> None:
    code = (0x2101, 0x0749, 0x3101, 0x6808, WFI)  # r1 = 0x20000001; ldr r0,[r1]
    small = run(*code, board="virtual-m0")
    assert small.fault is not None
    assert small.fault.code == "UNALIGNED"
    assert run(*code, board="virtual-m4").fault is None


@pytest.mark.parametrize("hook", ["c", "python"])
def test_a_loop_without_end_is_ended(hook: str) -> None:
    made = machine(0xE7FE, hook=hook)
    made.run(50_000, slice_cycles=10_000)
    assert made.fault is not None
    assert made.fault.code == "HUNG"


@pytest.mark.parametrize("name", ["virtual-m4", "virtual-m0"])
def test_unicorn_emulates_the_core_that_was_asked_for(name: str) -> None:
    done = run(WFI, board=name)
    assert {"virtual-m4": 9, "virtual-m0": 7}[name] == done._uc.ctl_get_cpu_model()
    assert load_board(name).core.architecture == {"CORTEX_M4": "armv7e-m", "CORTEX_M0": "armv6-m"}[done.cpu]


def test_no_hook_that_miscounts_or_corrupts_is_used(checkout: Path) -> None:
    used = set()
    for path in (checkout / "tinykit" / "bench").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            used |= {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
    assert "UC_HOOK_BLOCK" in used
    assert not used & {
        "UC_HOOK_CODE",
        "UC_HOOK_MEM_READ",
        "UC_HOOK_MEM_WRITE",
        "UC_HOOK_MEM_VALID",
        "UC_MODE_MCLASS",
    }


def test_every_fault_is_in_the_docs(checkout: Path) -> None:
    page = (checkout / "docs" / "troubleshooting" / "firmware-faults.md").read_text()
    assert {f"FIRMWARE_{name}" for name in _MEANING} <= set(re.findall(r"`(FIRMWARE_\w+)`", page))
