"""A model or an image, run on a target, timed, checked and evaluated."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from tinykit import __version__
from tinykit.compiler.image import BuildReport
from tinykit.errors import InputError, TinykitError, UsageError
from tinykit.progress import SILENT, Progress
from tinykit.running.check import Check, compare
from tinykit.running.collect import Partial, collect, input_sha256, target_sha256
from tinykit.running.evaluate import Evaluation, evaluate, require_judgeable
from tinykit.running.inputs import Samples, load_samples, random_samples
from tinykit.running.outputs import check_name, stamped, write_arrays
from tinykit.running.result import Array, LayerCost, RunResult, TensorSpec
from tinykit.running.runner import Device, Inferred, Session, find_runner
from tinykit.running.targets import Target
from tinykit.running.timing import time_windows
from tinykit.running.workload import Model, Workload, read_workload

_MOST_VALUES = 1024
# The stamp of an .npz; it is no JSON document.
OUTPUTS = "tinykit.outputs"


@dataclass(frozen=True)
class RunOptions:
    """What to do beside running.

    ``repeat`` inferences make a window, or as many as last ``seconds`` (10 where a place has a clock and
    counts nothing). ``tolerance_lsb`` is for ``check``; None takes the place's own.
    """

    inputs: Path | None = None
    labelled: Path | None = None
    metric: str | None = None
    limit: int | None = None
    check: bool = False
    tolerance_lsb: float | None = None
    layers: bool = False
    repeat: int | None = None
    seconds: float | None = None
    output: Path | None = None


@dataclass(frozen=True, eq=False)
class RunReport:
    """A run with what it ran, where, on what data, and what came of it."""

    workload: Workload
    target: str
    device: Device
    result: RunResult
    check: Check
    samples: Samples
    evaluation: Evaluation | None

    @property
    def build(self) -> BuildReport | None:
        """The image that was built for it; None where none was."""
        return self.device.build

    @property
    def ram_bytes(self) -> int | None:
        """Arena, state, wire buffers, statics, stack used; None where the stack was not seen."""
        size = None if self.build is None else self.build.size
        if size is None or self.result.counts is None:
            return None
        ram = size.ram
        return ram.arena + ram.state + ram.wire + ram.statics + self.result.counts.stack_bytes

    def to_dict(self) -> dict[str, object]:
        """Return the document ``tinykit.run``, version 2."""
        build = self.build
        return {
            "schema": "tinykit.run",
            "schema_version": 2,
            "tinykit": __version__,
            "target": self.target,
            "model": self.workload.path.name,
            "model_sha256": self.device.model_sha256 or self.workload.sha256,
            "board": self.device.board or None,
            "image_sha256": None if build is None or build.image is None else build.image.sha256,
            "input": self.samples.source,
            "input_as": self.samples.interpretation,
            "result": self.result.to_dict(),
            "outputs": [_output(array) for array in self.result.outputs],
            "ram_bytes": self.ram_bytes,
            "size": None if build is None or build.size is None else build.size.to_dict(),
            "check": self.check.to_dict(),
            "evaluation": None if self.evaluation is None else self.evaluation.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class TargetRun:
    """One of several targets: its report, or the error that ended it."""

    target: Target
    report: RunReport | None
    error: TinykitError | None


def _output(array: Array) -> dict[str, object]:
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
        "values": array.tolist() if array.size <= _MOST_VALUES else None,
    }


def run_model(
    path: Path,
    on: str | Target,
    *,
    options: RunOptions | None = None,
    toolchain: str = "zig",
    keep: Path | None = None,
    progress: Progress = SILENT,
) -> RunReport:
    """Run the model or image ``path`` on the target ``on``.

    Without data, one inference with seeded random bytes: counts and times are right then, outputs mean
    nothing. Samples are steps of one stream where the model keeps state.

    Raises what `read_workload`, `load_samples`, the place and the metrics raise.
    """
    options = options or RunOptions()
    workload = read_workload(path, toolchain=toolchain, keep=keep)
    target = Target(on, on) if isinstance(on, str) else on
    return run_workload(workload, target, options, _load(workload, options, progress), progress)


def run_targets(
    workload: Workload, targets: Sequence[Target], options: RunOptions, progress: Progress = SILENT
) -> tuple[TargetRun, ...]:
    """Run on several targets at once, a worker each; one that fails does not stop the rest.

    Outputs go to a file a target, its name before the suffix.
    """
    samples = _load(workload, options, progress)
    if len(targets) == 1:
        return (TargetRun(targets[0], run_workload(workload, targets[0], options, samples, progress), None),)
    stop = Event()

    def one(target: Target) -> TargetRun:
        try:
            own = _own_output(options, target)
            return TargetRun(
                target, run_workload(workload, target, own, samples, _Worker(progress, stop)), None
            )
        except TinykitError as error:
            return TargetRun(target, None, error)
        finally:
            progress.advance()

    progress.start(f"Running on {len(targets)} targets", len(targets))
    with ThreadPoolExecutor(len(targets)) as pool:
        tasks = [pool.submit(one, target) for target in targets]
        try:
            done = tuple(task.result() for task in tasks)
        except BaseException:
            stop.set()
            raise
    progress.finish()
    return done


def _own_output(options: RunOptions, target: Target) -> RunOptions:
    if options.output is None:
        return options
    safe = "".join(c if c.isalnum() or c in "-." else "_" for c in target.name).strip("._")
    output = options.output
    return replace(options, output=output.with_name(f"{output.stem}-{safe}{output.suffix}"))


class _Stopped(BaseException):
    """Ends a worker when the main thread was interrupted."""


class _Worker:
    """A worker's reporter: only warnings come through, and it is where a stop is noticed."""

    def __init__(self, outer: Progress, stop: Event) -> None:
        self._outer = outer
        self._stop = stop

    def start(self, stage: str, total: int | None = None) -> None:
        self.advance()

    def advance(self, steps: int = 1) -> None:
        if self._stop.is_set():
            raise _Stopped

    def finish(self, note: str = "") -> None:
        """Nothing to show."""

    def warn(self, code: str, message: str, hint: str = "") -> None:
        self._outer.warn(code, message, hint)


def run_workload(
    workload: Workload,
    target: Target,
    options: RunOptions,
    samples: Samples | None,
    progress: Progress = SILENT,
) -> RunReport:
    """Open the target and run ``samples``; None: load them once the board has told its inputs."""
    runner = find_runner(target)
    t_start = time.monotonic()
    with runner.open(workload, progress) as session:
        if samples is None:
            samples = _samples(session.device.inputs, options, progress)
        _require_judgeable(session.device, samples, options)
        # Of an image nobody tells whether it keeps state: its samples stay one stream.
        stateful = workload.model is None or workload.model.stateful
        partial = _partial(session.device, workload, samples, options)
        inferred = collect(session, samples, stateful=stateful, partial=partial, progress=progress)
        result = _result(session, inferred, options, time.monotonic() - t_start, progress)
        device = session.device
    check = _check(workload, device, samples, result, options, progress)
    evaluation = _evaluation(device, samples, result, options)
    report = RunReport(workload, target.name, device, result, check, samples, evaluation)
    if options.output is not None:
        write_arrays(_kept(report), options.output)
    if partial is not None:
        partial.drop()
    return report


def _load(workload: Workload, options: RunOptions, progress: Progress) -> Samples | None:
    """The samples, before anything is built or opened: what is wrong with the question is found at once."""
    if options.check:
        _model_to_check(workload)
    if options.output is not None:
        check_name(options.output)
    return None if workload.model is None else _samples(workload.model.inputs, options, progress)


def _samples(specs: tuple[TensorSpec, ...], options: RunOptions, progress: Progress) -> Samples:
    path, other = options.labelled or options.inputs, options.inputs
    if path is not None and other is not None and path.resolve() != other.resolve():
        raise InputError(
            f"--input names {options.inputs}, and --eval {options.labelled}.",
            hint="--eval runs the whole labelled set: leave --input out, or name the same file.",
            code="INPUT_TWICE",
        )
    if path is None:
        return random_samples(specs)
    return load_samples(specs, path, limit=options.limit, progress=progress)


def _partial(device: Device, workload: Workload, samples: Samples, options: RunOptions) -> Partial | None:
    if options.output is None or options.labelled is None:
        return None
    path = options.output.with_name(f"{options.output.name}.partial.npz")
    model = device.model_sha256 or workload.sha256
    return Partial(path, model, target_sha256(device), input_sha256(samples))


def _result(
    session: Session, inferred: Inferred, options: RunOptions, wall_s: float, progress: Progress
) -> RunResult:
    asked = options.repeat is not None or options.seconds is not None
    capabilities = session.device.capabilities
    timed = asked or (capabilities.times_itself and not capabilities.counts_instructions)
    windows = (
        time_windows(session, repeat=options.repeat, seconds=options.seconds, progress=progress)
        if timed
        else ()
    )
    layers: tuple[LayerCost, ...] = inferred.layers
    if options.layers and not layers and capabilities.profiles_layers:
        layers = session.layers()
    device = session.device
    return RunResult(
        ran_on=device.ran_on,
        device=device.text,
        simulated=device.simulated,
        capabilities=capabilities,
        outputs=inferred.outputs,
        wall_s=wall_s,
        outputs_are_real=not capabilities.gives_raw_outputs,
        windows=windows,
        first_s=inferred.first_s,
        layers=layers,
        counts=inferred.counts,
        firmware_sha256=device.firmware_sha256,
        transfer=inferred.transfer,
    )


def _check(
    workload: Workload,
    device: Device,
    samples: Samples,
    result: RunResult,
    options: RunOptions,
    progress: Progress,
) -> Check:
    if not options.check:
        return Check("not_asked")
    tolerance = device.tolerance_lsb if options.tolerance_lsb is None else options.tolerance_lsb
    model = _model_to_check(workload)
    return compare(model, samples.arrays, result, tolerance_lsb=tolerance, progress=progress)


def _model_to_check(workload: Workload) -> Model:
    """Raises UsageError, code CHECK_NO_MODEL, where an image was given."""
    if workload.model is None:
        raise UsageError(
            f"--check runs the reference on a model's file, and {workload.path} is an image.",
            hint="give the model (a board on a port must carry it), or leave --check out.",
            code="CHECK_NO_MODEL",
        )
    return workload.model


def _evaluation(
    device: Device, samples: Samples, result: RunResult, options: RunOptions
) -> Evaluation | None:
    if options.labelled is None or samples.data is None:
        return None
    first = (samples.arrays[0], device.inputs[0])
    return evaluate(samples.data, first, result, device.outputs[0], options.metric)


def _require_judgeable(device: Device, samples: Samples, options: RunOptions) -> None:
    if options.labelled is None:
        return
    if samples.data is None:
        raise InputError(
            "--eval takes a labelled set for a model with one input.",
            hint="run with --input and -o, and judge the outputs yourself.",
            code="EVAL_INPUTS",
        )
    first = (samples.arrays[0], device.inputs[0])
    require_judgeable(samples.data, first, device.outputs[0], options.metric)


def _kept(report: RunReport) -> dict[str, Array]:
    result, evaluation = report.result, report.evaluation
    outputs = {f"output_{i}": array for i, array in enumerate(result.outputs)}
    return stamped(
        {**outputs, **({} if evaluation is None else evaluation.arrays())},
        {
            "schema": OUTPUTS,
            "schema_version": 1,
            "model_sha256": report.device.model_sha256 or report.workload.sha256,
            "target": report.target,
            "device": result.device,
            "firmware_sha256": result.firmware_sha256,
            "simulated": result.simulated,
            "outputs_are_real": result.outputs_are_real,
            "input": report.samples.source,
            "input_sha256": input_sha256(report.samples),
        },
    )
