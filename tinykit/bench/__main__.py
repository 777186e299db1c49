"""The bench's process: reads a job on stdin, answers with JSON lines on stdout.

``{"done": N}`` while it runs, then ``{"result": {...}}`` or ``{"error": {"kind", "code", "message",
"hint"}}``, where kind is a class of `tinykit.errors`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from tinykit.bench.counter import Tally
from tinykit.bench.faults import Fault
from tinykit.bench.job import BenchJob, BenchResult, LayerCounts
from tinykit.bench.machine import Machine
from tinykit.bench.mailbox import DONE, FAULT, Layout, lay_out, read_answer, read_ticks, write_mailbox
from tinykit.bench.windows import WindowRecorder
from tinykit.boards import load_board
from tinykit.errors import TinykitError
from tinykit.toolchain import Image, read_image

_OUTSIDE, _INVOKE, _FIRST_LAYER = 0, 1, 2
# GCC marks the copies it makes of a function: they stay that function's.
_COPY = re.compile(r"\.(constprop|isra|part|cold)\b.*")
_LAYER = re.compile(r"tk_layer_\d+_\w+")


def main() -> None:
    """Run the job on stdin."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not get between the lines
    job = BenchJob.from_json(sys.stdin.readline())

    def send(document: dict[str, object]) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    try:
        send({"result": run(job, lambda done: send({"done": done})).to_dict()})
    except TinykitError as error:
        kind = type(error).__name__
        send({"error": {"kind": kind, "code": error.code, "message": error.message, "hint": error.hint}})


def run(job: BenchJob, report=lambda done: None) -> BenchResult:  # type: ignore[no-untyped-def]
    """Run ``job`` in this process; ``report`` hears how many inferences are done."""
    board, image = load_board(job.board), read_image(Path(job.elf))
    names, buckets = find_buckets(image)
    machine = Machine(board, image, buckets, len(names), job.hook)
    recorder = WindowRecorder(machine)
    layout = lay_out(board, job.inferences, job.input_bytes, job.output_bytes)
    assert board.mailbox is not None
    origin = board.mailbox.origin
    mailbox = write_mailbox(layout, Path(job.input_path).read_bytes(), reset_each=job.reset_each)
    machine.write(origin, mailbox)
    start = time.monotonic()
    machine.run(job.limit_instructions, job.slice_cycles, lambda: report(len(recorder.windows)))
    return _result(job, machine, recorder, layout, names, time.monotonic() - start)


def find_buckets(image: Image) -> tuple[list[str], dict[int, int]]:
    """The buckets' names, and for each address of the functions that switch, the bucket."""
    layers = sorted({_COPY.sub("", s.name) for s in image.symbols if _LAYER.match(s.name) and s.is_function})
    names = ["", "tk_invoke", *layers]
    home = {"tk_run": _OUTSIDE, "tk_invoke": _INVOKE}
    home.update({name: _FIRST_LAYER + i for i, name in enumerate(layers)})
    at = {}
    for symbol in image.symbols:
        bucket = home.get(_COPY.sub("", symbol.name)) if symbol.is_function else None
        if bucket is not None:
            at.update(dict.fromkeys(range(symbol.address, symbol.address + symbol.size_bytes, 2), bucket))
    return names, at


def _result(
    job: BenchJob,
    machine: Machine,
    recorder: WindowRecorder,
    layout: Layout,
    names: list[str],
    seconds: float,
) -> BenchResult:
    board = machine.board
    assert board.mailbox is not None
    data = machine.read(board.mailbox.origin, layout.size_bytes)
    answer = read_answer(data)
    if machine.fault is None and answer.state != DONE:
        pc = answer.fault_pc if answer.state == FAULT else machine._pc
        machine.fault = Fault("HANDLED" if answer.state == FAULT else "STALLED", pc)
    if machine.fault is not None:
        raise machine.fault.error(machine.image, board)
    Path(job.output_path).write_bytes(data[layout.outputs])
    inside = [window.tallies[_INVOKE:] for window in recorder.windows]
    sums = [sum((one[i] for one in inside), Tally()) for i in range(len(names) - 1)]
    return BenchResult(
        each=tuple(machine.counts(sum(one, Tally())) for one in inside),
        layers=tuple(
            LayerCounts(name, machine.counts(tally)) for name, tally in zip(names[1:], sums, strict=True)
        ),
        ticks=read_ticks(layout, data),
        stack_bytes=answer.stack_bytes,
        uart=machine.chip.uart.take().decode("ascii", "backslashreplace"),
        cpu=machine.cpu,
        cycle_model=machine.cycle_model.name,
        cycle_error=machine.cycle_model.error,
        cycle_error_relative=machine.cycle_model.error_relative,
        hook=machine.counter.name,
        hook_note=machine.hook_note,
        total_instructions=sum(tally.instructions for tally in machine.tallies()),
        seconds=seconds,
    )


if __name__ == "__main__":
    main()
