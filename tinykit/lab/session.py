"""``tinykit measure``: one session from the first look at the rig to the manifest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinykit import __version__
from tinykit.errors import DeviceError
from tinykit.lab.analysis import Known, analyse
from tinykit.lab.capture import MarkedSession, capture, find_inferences, find_sleep_ms
from tinykit.lab.emulation import clock_tolerance
from tinykit.lab.finish import finish
from tinykit.lab.firmware import firmware_matches
from tinykit.lab.host_session import HOST, measure_host
from tinykit.lab.manifest import claim_folder
from tinykit.lab.opened import OpenRig, open_rig
from tinykit.lab.options import MeasureOptions
from tinykit.lab.outputs import OUTPUTS, write_outputs
from tinykit.lab.profile import check_states
from tinykit.lab.recorder import recorded_files
from tinykit.lab.report import SessionReport
from tinykit.lab.rig import RigCheck, RigFacts, check_rig, failures
from tinykit.lab.serial_log import SerialLog, logged
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
    if target.where == HOST:
        samples = _samples(workload, options, progress)
        return measure_host(workload, samples, target, port, options, progress)
    check_states(options.profile, options.states)
    claim_folder(options.out)
    with open_rig(workload, target, port, options, progress) as rig:
        return _session(rig, options, progress)


def _session(bench: OpenRig, options: MeasureOptions, progress: Progress) -> SessionReport:
    with logged(bench.session, options.out) as log:
        return _logged_session(bench, options, log, progress)


def _logged_session(
    bench: OpenRig, options: MeasureOptions, log: SerialLog, progress: Progress
) -> SessionReport:
    session = bench.session
    model = bench.workload.require_model("a measurement")
    samples = _samples(bench.workload, options, progress)
    rows = [[array[k : k + 1] for array in samples.arrays] for k in range(len(samples))]
    session.load(rows[0])
    rig = _rig(bench, options, rows[0], progress)
    if failed := failures(rig):
        raise DeviceError(
            f"The rig check failed: {'; '.join(failed)}.",
            hint="tinykit rig check repeats it; docs/troubleshooting says what helps.",
            code="RIG",
        )
    inferences = find_inferences(session, options.seconds)
    rate_hz = bench.setup.settings.rate_hz or bench.meter.capabilities.rates_hz[-1]
    plan = replace(options.phases(), sleep_ms=find_sleep_ms(session, options.profile, rate_hz))
    started = time.time()
    known = Known(
        calibration=bench.calibration,
        session=f"session {options.out.name} {started:.0f}",
        simulated=bench.simulated,
        guard_s=GUARD_MS / 1e3,
        clock_tolerance=clock_tolerance(bench.emulation),
        short_asked=options.seconds < LEAST_WINDOW_S,
        model_matches=session.device.model_sha256 == model.sha256 if session.device.model_sha256 else None,
        firmware_matches=firmware_matches(session.device.firmware_sha256, bench.hashes),
        rig_failures=() if options.rig_check else None,
        windows_from=options.windows_from,
    )
    facts = {
        "started_unix_s": started,
        "plan": {**asdict(plan), "inferences": inferences},
        "input": {"source": samples.source, "interpretation": samples.interpretation},
        "rig": [one.to_dict() for one in rig],
        **_facts(bench, options),
    }
    write_start(options.out, Start(known, facts, options.line))
    with bench.recorder(options.out, log) as recorder:
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
    write_outputs(folder, outputs)
    return finish(
        folder, facts, known, analyse(folder, known, line=line), [*recorded_files(folder), START, OUTPUTS]
    )


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


def _samples(workload: Workload, options: MeasureOptions, progress: Progress) -> Samples:
    specs = workload.require_model("a measurement").inputs
    if options.inputs is None:
        return random_samples(specs)
    return load_samples(specs, options.inputs, limit=options.windows, progress=progress)


def _rig(
    bench: OpenRig, options: MeasureOptions, row: Sequence[Array], progress: Progress
) -> tuple[RigCheck, ...]:
    if not options.rig_check:
        return ()
    facts = RigFacts(clock_tolerance(bench.emulation), bench.hashes, options.windows_from)
    return check_rig(
        bench.meter, bench.device, bench.setup, bench.session, options.line, row, facts, progress
    )


def _as_result(session: MarkedSession, outputs: tuple[Array, ...]) -> RunResult:
    device = session.device
    return RunResult(device.ran_on, device.text, device.simulated, device.capabilities, outputs, 0.0)
