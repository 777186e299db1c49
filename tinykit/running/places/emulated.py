"""The emulated boards: exact instruction counts, modelled cycles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinykit.bench import BenchJob, BenchResult, run_job
from tinykit.bench.job import HookKind
from tinykit.boards import Board, load_board
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.image_job import RunRequest
from tinykit.running.image_session import Counted, ImageSession
from tinykit.running.result import Capabilities, Counts, LayerCost
from tinykit.running.runner import Runner, Session
from tinykit.running.targets import Target
from tinykit.running.workload import Workload

CAPABILITIES = Capabilities(
    times_itself=True, has_marker=True, profiles_layers=True, counts_instructions=True, runs_any_model=True
)


@dataclass(frozen=True)
class EmulatedBoard:
    """Runs in the bench's process, through the mailbox; an image of its own over the bench's serial port."""

    board: str
    hook: HookKind = "auto"

    @contextmanager
    def open(self, workload: Workload, progress: Progress = SILENT) -> Iterator[Session]:
        """Build and make ready. Raises what `build_model` raises, and InputError, code BOARD_NOT_EMULATED."""
        board = emulated(load_board(self.board))
        if workload.image is not None:
            from tinykit.running.serial.bench import bench_session

            with bench_session(workload, board, progress) as session:
                yield session
            return
        with workload.built_for(board, progress) as built:
            model = workload.require_model(board.name)
            yield ImageSession(built, model, board.name, CAPABILITIES, self.run)

    def run(self, request: RunRequest, progress: Progress = SILENT) -> Counted:
        """Run an image. Raises DeviceError (FIRMWARE_..., BENCH_DIED), MissingExtraError, InputError."""
        emulated(request.board)
        with tempfile.TemporaryDirectory(prefix="tinykit-run-") as folder:
            source, target = Path(folder) / "inputs.bin", Path(folder) / "outputs.bin"
            source.write_bytes(request.packed_inputs())
            job = BenchJob(
                elf=str(request.elf.resolve()),
                board=str(Path(request.board.source_path).resolve()),
                inferences=request.inferences,
                input_bytes=tuple(spec.size_bytes for spec in request.inputs),
                output_bytes=tuple(spec.size_bytes for spec in request.outputs),
                input_path=str(source),
                output_path=str(target),
                reset_each=request.reset_each,
                hook=self.hook,
            )
            result = run_job(job, progress)
            return _counted(request, result, target.read_bytes())


def emulated(board: Board) -> Board:
    """``board``, if it is an emulated one. Raises InputError, code BOARD_NOT_EMULATED."""
    if not board.is_emulated:
        raise InputError(
            f"Board '{board.name}' is not an emulated one.",
            hint=f"give the port that it is on, as --on /dev/ttyACM0{_or_qemu(board)};"
            " tinykit boards lists the emulated ones.",
            code="BOARD_NOT_EMULATED",
        )
    return board


def _or_qemu(board: Board) -> str:
    return "" if board.qemu is None else f", or --on qemu:{board.name}"


def _counted(request: RunRequest, result: BenchResult, outputs: bytes) -> Counted:
    n = request.inferences
    flash = dict(request.flash_read_bytes)
    board = request.board
    counts = Counts(
        clock_hz=board.clock_hz,
        instructions=tuple(one.instructions for one in result.each),
        instructions_step=1,
        cycles=tuple(one.cycles for one in result.each),
        cycles_low=tuple(one.cycles_low for one in result.each),
        cycles_high=tuple(one.cycles_high for one in result.each),
        cycle_model=result.cycle_model,
        cycle_error=result.cycle_error,
        stack_bytes=result.stack_bytes,
        uart=result.uart,
        emulated_instructions=result.total_instructions,
        emulation_s=result.seconds,
    )
    layers = tuple(
        LayerCost(
            layer.name,
            layer.counts.instructions / n,
            layer.counts.cycles / n,
            # Every fetch waits in full: no cache, no prefetch. A bound, not an expectation.
            flash.get(layer.name, 0) / board.flash_fetch_bytes * board.flash_wait_states,
        )
        for layer in result.layers
    )
    text = f"unicorn, {result.cpu}, counted by the {result.hook} hook"
    return Counted(request.unpack_outputs(outputs), counts, layers, text)


class _Place:
    form = "an emulated board"
    order = 9

    def find(self, target: Target) -> Runner | None:
        """A name without a scheme is a board's, or the path of a board's file."""
        if "://" in target.where or (":" in target.where and not target.where.endswith(".toml")):
            return None
        return EmulatedBoard(target.where)


PLACE = _Place()
