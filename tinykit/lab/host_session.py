"""``tinykit measure --on host``: a session of this computer, by the counters that its processor keeps.

No marker and no second clock: one process runs the inferences and reads the counters, by one clock. What it
spends on reading is in the figure.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tinykit import __version__
from tinykit.errors import UsageError
from tinykit.lab.analysis import Known, analyse
from tinykit.lab.calibration import Calibration
from tinykit.lab.capture import capture, find_inferences
from tinykit.lab.finish import finish
from tinykit.lab.manifest import claim_folder
from tinykit.lab.opened import prepare_meter
from tinykit.lab.options import MeasureOptions, calibration_of
from tinykit.lab.outputs import OUTPUTS, write_outputs
from tinykit.lab.recorder import Recorder, recorded_files
from tinykit.lab.report import SessionReport
from tinykit.lab.start import START, Start, write_start
from tinykit.lab.verdict import LEAST_WINDOW_S
from tinykit.meters.meter import Meter, MeterPort, MeterSetup, OpenMeter
from tinykit.meters.registry import find_meter
from tinykit.progress import SILENT, Progress
from tinykit.running.check import compare
from tinykit.running.inputs import Samples
from tinykit.running.result import Array, RunResult, Window
from tinykit.running.runner import Device, Session, find_runner
from tinykit.running.targets import Target
from tinykit.running.workload import Model, Workload

HOST = "host"
_TRIAL_S, _MARGIN = 1.0, 1.2


class HostMarked:
    """A session on this computer in the form that `capture` drives: only its marker is missing."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._outputs: tuple[Array, ...] = ()
        self._warmups = 0

    @property
    def device(self) -> Device:
        """What it runs on."""
        return self._session.device

    def load(self, row: Sequence[Array]) -> None:
        """Run ``row`` once: its input stays in place, its outputs are those of every inference after it."""
        self._outputs = self._session.infer(row).outputs

    def fetch(self) -> tuple[Array, ...]:
        """The outputs of the row that was loaded."""
        return self._outputs

    def rest(self, state: str, duration_ms: int) -> None:
        """Leave the computer to itself."""
        time.sleep(duration_ms / 1e3)

    def arm(self, inferences: int, warmups: int = 0) -> None:
        """Warm up."""
        if warmups:
            self._session.window(warmups)

    def go(self, inferences: int) -> Window:
        """The window, by the host's clock."""
        return self._session.window(inferences)


@dataclass(frozen=True)
class _Host:
    """What a session of this computer works with."""

    model: Model
    samples: Samples
    meter: Meter
    device: OpenMeter
    setup: MeterSetup
    calibration: Calibration
    session: HostMarked


def check_host(meter: Meter, options: MeasureOptions) -> None:
    """Raise UsageError, code HOST_METER or NOT_CAPABLE, for what a computer cannot be asked."""
    if meter.capabilities.modes:
        raise UsageError(
            f"{meter.title} has wires, and this computer no marker pin to tell it what runs.",
            hint="measure the host with --meter rapl, or a board with this meter.",
            code="HOST_METER",
        )
    if options.profile is not None or set(options.states) - {"idle"}:
        raise UsageError(
            "This computer is not put to sleep from here.",
            hint="leave --profile out, and give --states idle.",
            code="NOT_CAPABLE",
        )


def measure_host(
    workload: Workload,
    samples: Samples,
    target: Target,
    port: MeterPort,
    options: MeasureOptions,
    progress: Progress = SILENT,
) -> SessionReport:
    """Measure an inference on this computer, in the folder ``options.out``, a new one.

    Raises MeterError for counters that are not there, may not be read or stand still; UsageError, code
    METER_TOO_SLOW, where windows or idle are shorter than 100 of their updates.
    """
    meter = find_meter(port.meter)
    check_host(meter, options)
    model = workload.require_model("a measurement")
    claim_folder(options.out)
    with closing(meter.open(port.port)) as device:
        setup = prepare_meter(meter, device, options, None)
        _require_updates(setup, options)
        calibration = calibration_of(meter, setup, options, None)
        with find_runner(target).open(workload, progress) as session:
            host = _Host(model, samples, meter, device, setup, calibration, HostMarked(session))
            return _session(host, options, progress)


def _require_updates(setup: MeterSetup, options: MeasureOptions) -> None:
    shortest = min([options.seconds, *(options.state_s for _ in options.states)])
    if shortest < setup.min_window_s:
        raise UsageError(
            f"Windows of {shortest:g} s are too short: the counters change so seldom here that"
            f" {setup.min_window_s:.3g} s are needed.",
            hint="give --seconds, and --state-seconds, above that.",
            code="METER_TOO_SLOW",
        )


def _session(host: _Host, options: MeasureOptions, progress: Progress) -> SessionReport:
    arrays = host.samples.arrays
    rows = [[array[k : k + 1] for array in arrays] for k in range(len(host.samples))]
    host.session.load(rows[0])
    plan = options.phases()
    inferences = _inferences(host.session, options.seconds)
    started = time.time()
    known = Known(
        calibration=host.calibration,
        session=f"session {options.out.name} {started:.0f}",
        simulated=False,
        guard_s=0.0,
        clock_tolerance=None,
        short_asked=options.seconds < LEAST_WINDOW_S,
        model_matches=True,
    )
    facts = {
        "started_unix_s": started,
        "plan": {**asdict(plan), "inferences": inferences},
        **dict(_facts(host, options)),
    }
    write_start(options.out, Start(known, facts, options.line))
    with Recorder(options.out, host.meter, host.device, host.setup) as recorder:
        inferred = capture(host.session, rows, inferences, plan, recorder, progress)
        recorder.stop()
    outputs = tuple(np.concatenate(parts) for parts in zip(*inferred, strict=True))
    check = _compare(host, options.windows, rows, outputs, progress)
    write_outputs(options.out, outputs)
    equal = None if check.state == "not_run" else check.state in ("equal", "within")
    known = replace(known, outputs_equal=equal, complete=True)
    analysis = analyse(options.out, known, line=options.line)
    return finish(
        options.out,
        {**facts, "check": check.to_dict()},
        known,
        analysis,
        [*recorded_files(options.out), START, OUTPUTS],
    )


def _inferences(session: HostMarked, seconds: float) -> int:
    """How many fill ``seconds``. A computer's speed moves with load and heat: a longer trial, and more."""
    short = find_inferences(session, min(seconds, _TRIAL_S))
    return math.ceil(_MARGIN * seconds * short / session.go(short).duration_s)


def _compare(
    host: _Host, windows: int, rows: Sequence[Sequence[Array]], outputs: tuple[Array, ...], progress: Progress
) -> Any:
    device = host.session.device
    result = RunResult(device.ran_on, device.text, device.simulated, device.capabilities, outputs, 0.0)
    used = tuple(
        np.concatenate([rows[k % len(rows)][i] for k in range(windows)]) for i in range(len(rows[0]))
    )
    return compare(host.model, used, result, tolerance_lsb=device.tolerance_lsb, progress=progress)


def _facts(host: _Host, options: MeasureOptions) -> Iterator[tuple[str, Any]]:
    device = host.session.device
    yield "tinykit", __version__
    yield "model", {"name": host.model.path.name, "sha256": host.model.sha256}
    yield (
        "board",
        {"ran_on": device.ran_on, "text": device.text, "name": device.board, "firmware_sha256": ""},
    )
    yield "input", {"source": host.samples.source, "interpretation": host.samples.interpretation}
    yield "meter", host.setup.to_dict()
    yield "emulation", None
    yield "marker_line", options.line
    yield "notes", options.notes
    yield "boundary", boundary(host.setup)


def boundary(setup: MeterSetup) -> str:
    """What the counters cover, in words."""
    inside = setup.instrument.model.partition(": ")[2] or setup.instrument.model
    return (
        f"{inside}: all that runs on them, this and other programs; not the power supply, board, disk or fan"
    )
