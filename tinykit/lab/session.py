"""``tinykit measure``: one session from the first look at the rig to the manifest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinykit import __version__
from tinykit.errors import DeviceError, OutputError
from tinykit.lab.analysis import Known, analyse
from tinykit.lab.capture import MarkedSession, Plan, capture, find_inferences
from tinykit.lab.emulation import Emulation
from tinykit.lab.finish import finish
from tinykit.lab.opened import OpenRig, open_rig
from tinykit.lab.options import MeasureOptions
from tinykit.lab.recorder import FILES, Recorder
from tinykit.lab.report import SessionReport
from tinykit.lab.rig import check_rig, failures
from tinykit.lab.start import START, Start, write_start
from tinykit.lab.verdict import LEAST_WINDOW_S
from tinykit.meters.meter import MeterPort
from tinykit.progress import SILENT, Progress
from tinykit.running.check import compare
from tinykit.running.inputs import Samples, load_samples, random_samples
from tinykit.running.result import Array, RunResult
from tinykit.running.targets import Target
from tinykit.running.workload import Workload, read_workload
from tinykit.wire.tokens import GUARD_MS

OUTPUTS = "outputs.npz"
SERIAL_LOG = "serial.log"
_NOMINAL_TOLERANCE = 0.005
"""Of a board's clock whose file says nothing: meters.md §F.2 fails a session at 0.5 %."""


def measure(
    model: Path,
    target: Target,
    port: MeterPort,
    options: MeasureOptions,
    progress: Progress = SILENT,
) -> SessionReport:
    """Measure the energy of an inference of ``model`` on ``target`` with the meter at ``port``.

    Everything is in ``options.out`` at the end, the manifest last. Raises DeviceError, MeterError,
    InputError, OutputError, UsageError; what was recorded until then stays in the folder, for `recover`.
    """
    workload = read_workload(model)
    _claim(options.out)
    with open_rig(workload, target, port, options, progress) as rig:
        return _session(rig, options, progress)


def _session(bench: OpenRig, options: MeasureOptions, progress: Progress) -> SessionReport:
    session = bench.session
    model = bench.workload.require_model("a measurement")
    samples = _samples(bench.workload, options, progress)
    rows = [[array[k : k + 1] for array in samples.arrays] for k in range(len(samples))]
    session.load(rows[0])
    rig = check_rig(bench.meter, bench.device, bench.setup, session, options.line, progress)
    if failed := failures(rig):
        raise DeviceError(
            f"The rig check failed: {'; '.join(failed)}.",
            hint="tinykit rig check repeats it; docs/troubleshooting says what helps.",
            code="RIG",
        )
    inferences = find_inferences(session, options.seconds)
    plan = Plan(options.windows, options.seconds, options.warmups, options.states, options.state_s)
    started = time.time()
    known = Known(
        calibration=bench.calibration,
        session=f"session {options.out.name} {started:.0f}",
        simulated=bench.simulated,
        guard_s=GUARD_MS / 1e3,
        clock_tolerance=_tolerance(bench.emulation),
        short_asked=options.seconds < LEAST_WINDOW_S,
        model_matches=session.device.model_sha256 == model.sha256 if session.device.model_sha256 else None,
        rig_failures=(),
    )
    facts = {
        "started_unix_s": started,
        "plan": {**asdict(plan), "inferences": inferences},
        "input": {"source": samples.source, "interpretation": samples.interpretation},
        "rig": [one.to_dict() for one in rig],
        **_facts(bench, options),
    }
    write_start(options.out, Start(known, facts, options.line))
    keeps_time = bench.emulation is None or bench.emulation.keeps_time
    with Recorder(options.out, bench.meter, bench.device, bench.setup, keeps_time=keeps_time) as recorder:
        # A meter that feeds the board takes it along when it goes: the meter is to be named, not the board.
        session.watch(recorder.check)
        try:
            inferred = capture(session, rows, inferences, plan, recorder, progress)
        finally:
            session.watch(None)
        recorder.stop()
    outputs = tuple(np.concatenate(parts) for parts in zip(*inferred, strict=True))
    used = tuple(
        np.concatenate([rows[k % len(rows)][i] for k in range(plan.windows)])
        for i in range(len(samples.arrays))
    )
    check = compare(model, used, _as_result(session, outputs), progress=progress)
    equal = None if check.state == "not_run" else check.state == "equal"
    return _write(
        options.out,
        {**facts, "check": check.to_dict()},
        replace(known, outputs_equal=equal, complete=True),
        outputs,
        options.line,
    )


def _write(
    folder: Path,
    facts: dict[str, Any],
    known: Known,
    outputs: Sequence[Array],
    line: int,
) -> SessionReport:
    named: dict[str, Any] = {f"output_{i}": array for i, array in enumerate(outputs)}
    np.savez_compressed(folder / OUTPUTS, **named)
    return finish(folder, facts, known, analyse(folder, known, line=line), [*FILES, START, OUTPUTS])


def _facts(bench: OpenRig, options: MeasureOptions) -> dict[str, Any]:
    model = bench.workload.require_model("a measurement")
    device = bench.session.device
    return {
        "tinykit": __version__,
        "model": {"name": model.path.name, "sha256": model.sha256},
        "board": {
            "ran_on": device.ran_on,
            "text": device.text,
            "name": device.board,
            "firmware_sha256": device.firmware_sha256,
        },
        "meter": bench.setup.to_dict(),
        "emulation": None
        if bench.emulation is None
        else {"board": bench.emulation.board, "meter": bench.emulation.meter},
        "marker_line": options.line,
        "notes": options.notes,
    }


def _claim(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        raise OutputError(
            f"{out} cannot be used: {error.strerror or error}.", hint="name a new folder with -o."
        ) from error
    if taken:
        raise OutputError(f"{out} holds files already.", hint="name a new folder with -o: sessions are kept.")


def _samples(workload: Workload, options: MeasureOptions, progress: Progress) -> Samples:
    specs = workload.require_model("a measurement").inputs
    if options.inputs is None:
        return random_samples(specs)
    return load_samples(specs, options.inputs, limit=options.windows, progress=progress)


def _tolerance(emulation: Emulation | None) -> float:
    if emulation is not None and emulation.clock_tolerance is not None:
        return emulation.clock_tolerance
    return _NOMINAL_TOLERANCE


def _as_result(session: MarkedSession, outputs: tuple[Array, ...]) -> RunResult:
    device = session.device
    return RunResult(device.ran_on, device.text, device.simulated, device.capabilities, outputs, 0.0)
