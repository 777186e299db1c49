"""The emulated boards: exact instruction counts, modelled cycles."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinykit.bench import BenchJob, BenchResult, run_job
from tinykit.bench.job import HookKind
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import LayerCost, RunResult
from tinykit.running.runner import RunRequest


class EmulatedBoard:
    """Runs in the bench's process."""

    prefix = ""

    def __init__(self, hook: HookKind = "auto") -> None:
        self._hook = hook

    def run(self, request: RunRequest, progress: Progress = SILENT) -> RunResult:
        """Run. Raises DeviceError (FIRMWARE_..., BENCH_DIED), MissingExtraError, InputError."""
        if not request.board.is_emulated:
            raise InputError(
                f"Board '{request.board.name}' is not an emulated one.",
                hint="tinykit boards lists those that are.",
                code="BOARD_NOT_EMULATED",
            )
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
                hook=self._hook,
            )
            result = run_job(job, progress)
            return _result(request, result, target.read_bytes())


def _result(request: RunRequest, result: BenchResult, outputs: bytes) -> RunResult:
    n = request.inferences
    flash = dict(request.flash_read_bytes)
    board = request.board
    return RunResult(
        ran_on=board.name,
        emulator=f"unicorn, {result.cpu}, counted by the {result.hook} hook",
        outputs=request.unpack_outputs(outputs),
        clock_hz=board.clock_hz,
        instructions=tuple(one.instructions for one in result.each),
        instructions_step=1,
        cycles=tuple(one.cycles for one in result.each),
        cycles_low=tuple(one.cycles_low for one in result.each),
        cycles_high=tuple(one.cycles_high for one in result.each),
        cycle_model=result.cycle_model,
        cycle_error=result.cycle_error,
        layers=tuple(
            LayerCost(
                layer.name,
                layer.counts.instructions / n,
                layer.counts.cycles / n,
                # Every fetch waits in full: no cache, no prefetch. A bound, not an expectation.
                flash.get(layer.name, 0) / board.flash_fetch_bytes * board.flash_wait_states,
            )
            for layer in result.layers
        ),
        stack_bytes=result.stack_bytes,
        uart=result.uart,
        seconds=result.seconds,
        emulated_instructions=result.total_instructions,
    )


RUNNER = EmulatedBoard()
