"""QEMU's system emulator: the second judge. It faults where unicorn does not (FPU, alignment, division)."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinykit.bench.mailbox import (
    DONE,
    FAULT,
    RUNNING,
    WAITING,
    lay_out,
    read_answer,
    read_ticks,
    write_mailbox,
)
from tinykit.boards import Board, Qemu, load_board
from tinykit.errors import DeviceError, InputError, UsageError
from tinykit.progress import SILENT, Progress
from tinykit.running.image_job import RunRequest
from tinykit.running.image_session import Counted, ImageSession
from tinykit.running.qmp import Qmp
from tinykit.running.result import Capabilities, Counts
from tinykit.running.runner import Runner, Session
from tinykit.running.serial.qemu import QemuPort, qemu_session
from tinykit.running.targets import Target
from tinykit.running.workload import Workload
from tinykit.toolchain import read_image

PROGRAM = "qemu-system-arm"
_LIMIT_S = 300.0
_POLL_S = 0.02
# With icount's shift of 0 an instruction takes one virtual nanosecond.
_INSTRUCTIONS_PER_S = 1_000_000_000
_STATE_AT = 8


CAPABILITIES = Capabilities(counts_instructions=True, runs_any_model=True)


@dataclass(frozen=True)
class QemuBoard:
    """Runs the same image on the machine that the board's file names.

    Through the mailbox where the board has one, else over its serial port; an image of the user's always
    over the port, since only the firmware knows what it carries.
    """

    board: str

    @contextmanager
    def open(self, workload: Workload, progress: Progress = SILENT) -> Iterator[Session]:
        """Build and start. Raises what `build_model` raises, and InputError, UsageError where QEMU cannot."""
        board = load_board(self.board)
        program, machine = _find(board)
        port = QemuPort(program, machine.machine, f"qemu:{board.name}")
        if workload.image is not None:
            with qemu_session(port, workload.image, workload, progress) as session:
                yield session
            return
        with workload.built_for(board, progress) as built:
            model = workload.require_model(port.name)
            if board.mailbox is not None:
                yield ImageSession(built, model, port.name, CAPABILITIES, self.run)
                return
            assert built.image is not None
            with qemu_session(port, built.image.elf, workload, progress, built) as session:
                yield session

    def run(self, request: RunRequest, progress: Progress = SILENT) -> Counted:
        """Run an image through the mailbox.

        Raises DeviceError (FIRMWARE_..., QEMU_...), UsageError where QEMU is not installed, InputError.
        """
        program, machine = _find(request.board)
        board = request.board
        layout = lay_out(
            board,
            request.inferences,
            [spec.size_bytes for spec in request.inputs],
            [spec.size_bytes for spec in request.outputs],
        )
        assert board.mailbox is not None
        progress.start(f"Running {request.inferences} inferences under QEMU")
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="tinykit-qemu-") as scratch:
            folder = Path(scratch)
            mailbox = write_mailbox(layout, request.packed_inputs(), reset_each=request.reset_each)
            (folder / "mailbox.bin").write_bytes(mailbox)
            words = [
                program,
                *("-M", machine.machine, "-display", "none", "-monitor", "none", "-icount", "shift=0"),
                *("-serial", "file:uart.txt", "-qmp", "stdio", "-kernel", str(request.elf.resolve())),
                *("-device", f"loader,file=mailbox.bin,addr=0x{board.mailbox.origin:x},force-raw=on"),
            ]
            data = _run(words, folder, board.mailbox.origin, layout.size_bytes, request)
            uart = (folder / "uart.txt").read_bytes().decode("ascii", "backslashreplace")
        seconds = time.monotonic() - start
        step = _INSTRUCTIONS_PER_S // machine.timer_hz
        ticks = read_ticks(layout, data)
        progress.finish(f"{sum(ticks) * step:,} instructions in {seconds:.1f} s")
        counts = Counts(
            clock_hz=board.clock_hz,
            instructions=tuple(count * step for count in ticks),
            instructions_step=step,
            cycles=(),
            cycles_low=(),
            cycles_high=(),
            cycle_model="",
            cycle_error="",
            stack_bytes=read_answer(data).stack_bytes,
            uart=uart,
            emulated_instructions=sum(ticks) * step,
            emulation_s=seconds,
        )
        text = f"{_version(program)}, {machine.machine}"
        return Counted(request.unpack_outputs(data[layout.outputs]), counts, (), text)


def _find(board: Board) -> tuple[str, Qemu]:
    if board.qemu is None:
        raise InputError(
            f"The file of board '{board.name}' names no machine of QEMU's.",
            hint="add a [qemu] table to it, or run on the board itself.",
            code="BOARD_NO_QEMU",
        )
    program = shutil.which(PROGRAM)
    if program is None:
        raise UsageError(
            f"{PROGRAM} is not installed.",
            hint="on Debian and Ubuntu: apt install qemu-system-arm; the emulated boards need no QEMU.",
            code="QEMU_MISSING",
        )
    return program, board.qemu


def _version(program: str) -> str:
    text = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    found = re.search(r"version ([\d.]+)", text)
    return f"QEMU {found.group(1) if found else 'of unknown version'}"


def _run(words: list[str], folder: Path, origin: int, size: int, request: RunRequest) -> bytes:
    """Run until the firmware has left its answer, and fetch the mailbox."""
    with Qmp(words, folder) as qemu:
        deadline = time.monotonic() + _LIMIT_S
        while (state := qemu.read_word(origin + _STATE_AT)) in (WAITING, RUNNING):
            if time.monotonic() > deadline:
                raise DeviceError(
                    f"The firmware has not ended within {_LIMIT_S:.0f} s under QEMU.",
                    hint="give fewer inputs at once; or the code loops.",
                    code="FIRMWARE_HUNG",
                )
            if state is None:
                raise _died(qemu.complaints(), request)
            time.sleep(_POLL_S)
        if state is None:
            raise _died(qemu.complaints(), request)
        data = qemu.save_memory(origin, size)
    answer = read_answer(data)
    # QEMU's MPS2 takes writes below its RAM in silence: only the paint tells.
    if answer.fault_pc == 0 and (answer.state == FAULT or answer.stack_bytes >= request.board.stack_bytes):
        raise DeviceError(
            f"The stack ran over its reserve of {request.board.stack_bytes} bytes under QEMU.",
            hint="raise stack_bytes in the board's file; the emulated board names the function.",
            code="FIRMWARE_STACK_OVERFLOW",
        )
    if answer.state == FAULT:
        where = read_image(request.elf).locate(answer.fault_pc)
        status = f"CFSR 0x{answer.fault_status:08x}, BFAR 0x{answer.fault_address:08x}"
        raise DeviceError(
            f"The firmware faulted under QEMU at {where} (0x{answer.fault_pc:08x}): {status}.",
            hint="the Armv7-M manual explains CFSR's bits; the emulated board may name it in words.",
            code="FIRMWARE_FAULT",
        )
    if answer.state != DONE:
        raise DeviceError(
            f"The firmware ended in state {answer.state} under QEMU.",
            hint="build the image again with this tinykit.",
            code="FIRMWARE_REFUSED",
        )
    return data


def _died(complaints: str, request: RunRequest) -> DeviceError:
    lines = complaints.strip().splitlines() or ["it said nothing"]
    counter = re.search(r"R15=([0-9a-f]{8})", complaints)
    where = f" at {read_image(request.elf).locate(int(counter.group(1), 16))}" if counter else ""
    if "Lockup" in complaints:
        return DeviceError(
            f"The core locked up under QEMU{where}: {lines[0][:200]}",
            hint="a fault inside the fault handler: most often the stack ran over its reserve.",
            code="FIRMWARE_LOCKUP",
        )
    return DeviceError(
        f"QEMU ended{where}: {lines[0][:300]}",
        hint="run tinykit doctor to see which QEMU it is.",
        code="QEMU_DIED",
    )


class _Place:
    form = "qemu:BOARD"
    order = 0

    def find(self, target: Target) -> Runner | None:
        """Names that begin with "qemu:"."""
        prefix, separator, board = target.where.partition(":")
        return QemuBoard(board) if separator and prefix == "qemu" else None


PLACE = _Place()
