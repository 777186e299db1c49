"""QEMU as the second judge of the same images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hand_model
import numpy as np
import pytest

from tinykit.boards import load_board
from tinykit.errors import DeviceError, InputError, UsageError
from tinykit.running import RunRequest, TensorSpec, find_runner
from tinykit.running.execute import RunOptions, run_model

SPEC = (TensorSpec((1, hand_model.SIZE), np.dtype("int8")),)
INPUTS = np.random.default_rng(5).integers(-128, 128, (4, hand_model.SIZE)).astype(np.int8)


@pytest.fixture
def qemu(require):
    return require("qemu-system-arm")


def run(place: str, elf: Path, **changes):
    runner = find_runner(place)
    return runner.run(replace(RunRequest(elf, load_board(runner.board), SPEC, SPEC, (INPUTS,)), **changes))


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
def test_both_emulators_agree(board: str, tmp_path: Path, qemu: Path) -> None:
    elf = hand_model.build(tmp_path, board, in_kernel="for (volatile int n = 0; n < 5000; n++) { }").elf
    ours, theirs = (run(f"{place}{board}", elf, reset_each=False) for place in ("", "qemu:"))
    assert (ours.outputs[0] == theirs.outputs[0]).all()
    assert (theirs.outputs[0] == hand_model.expected(INPUTS, reset_each=False)).all()
    assert theirs.counts.instructions_step == 40
    for counted, timed in zip(ours.counts.instructions, theirs.counts.instructions, strict=True):
        assert abs(timed - counted) <= 2 * theirs.counts.instructions_step
    assert ours.counts.stack_bytes == theirs.counts.stack_bytes
    assert theirs.counts.cycles == ()


@pytest.mark.qemu
def test_digits_is_exact_under_qemu_too(digits, qemu: Path) -> None:
    report = run_model(
        digits.tflite, "qemu:virtual-m4", options=RunOptions(inputs=digits.eval, limit=20, check=True)
    )
    assert report.check.state == "equal", report.check.note
    assert "QEMU" in report.result.device


@pytest.mark.qemu
@pytest.mark.parametrize(
    "code",
    [
        # What unicorn lets through: an LDRD that is not aligned.
        '__asm volatile("add r0, sp, #1\\n ldrd r2, r3, [r0]" ::: "r0", "r2", "r3", "memory");',
        # The FPU, switched off again.
        '*(volatile uint32_t *)0xE000ED88 = 0; __asm volatile("dsb\\n isb\\n vadd.f32 s0, s0, s0" ::: "s0");',
        "*(volatile int *)0x60000000 = 1;",
    ],
)
def test_a_fault_is_named_by_symbol(code: str, tmp_path: Path, qemu: Path) -> None:
    elf = hand_model.build(tmp_path, in_layer=code).elf
    with pytest.raises(DeviceError) as caught:
        run("qemu:virtual-m4", elf)
    assert caught.value.code == "FIRMWARE_FAULT"
    assert "tk_layer_01_count+0x" in caught.value.message


@pytest.mark.qemu
@pytest.mark.parametrize("then", ["", "*(volatile int *)0x60000000 = 1;"])
def test_a_stack_that_runs_over_is_named(then: str, tmp_path: Path, qemu: Path) -> None:
    top = (
        "int deep(int n); int deep(int n) { volatile int a[8]; a[0] = n; "
        f"if (n == 0) {{ {then} return 1; }} return deep(n - 1) + a[0]; }}"
    )
    elf = hand_model.build(tmp_path, top=top, in_layer="count = (int8_t)deep(400);").elf
    for place in ("qemu:virtual-m4", "virtual-m4"):
        with pytest.raises(DeviceError) as caught:
            run(place, elf)
        assert caught.value.code == "FIRMWARE_STACK_OVERFLOW"
    assert "deep+0x" in caught.value.message


def test_a_board_without_a_machine_and_a_host_without_qemu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = load_board("virtual-m4")
    with pytest.raises(InputError) as none:
        run("qemu:virtual-m4", tmp_path / "x.elf", board=replace(board, qemu=None))
    assert none.value.code == "BOARD_NO_QEMU"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as absent:
        run("qemu:virtual-m4", tmp_path / "x.elf")
    assert absent.value.code == "QEMU_MISSING"
