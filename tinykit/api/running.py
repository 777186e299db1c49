"""Running a model anywhere: once, or for as long as a ``with`` lasts."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from tinykit.api.files import File, path_or_none
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.running import Session, Target
    from tinykit.running.execute import RunReport


def run(  # noqa: PLR0913 (each is an option of the command)
    model: File,
    on: str | None = None,
    *,
    inputs: File | None = None,
    limit: int | None = None,
    labelled: File | None = None,
    metric: str | None = None,
    check: bool = False,
    tolerance_lsb: float | None = None,
    layers: bool = False,
    seconds: float | None = None,
    repeat: int | None = None,
    out: File | None = None,
    baud: int | None = None,
    threads: int = 1,
    toolchain: str = "zig",
    keep: File | None = None,
    config: File | None = None,
    progress: Progress = SILENT,
) -> RunReport:
    """Run ``model`` (.tflite, or a built .elf) and give its outputs, times and counts.

    ``on`` is "host", an emulated board ("virtual-m4"), "qemu:BOARD", a port ("/dev/ttyACM0", "auto"), or a
    name from tinykit.toml, whose default is taken for None. ``inputs`` is an .npz, .npy or .csv; without it
    one inference runs on seeded random bytes. ``labelled`` is a labelled set, judged by ``metric``.
    ``result.outputs[i]`` is output i of all N samples as stored values, shape (N, ...).

    With ``check`` the outputs are compared with the reference; ``report.check.state`` says "equal", "within",
    "different" or "not_run", and nothing is raised for it (`tinykit.running.check.require_equal` does).
    ``seconds`` or ``repeat`` asks for a timed window.

    Raises ModelError, DatasetError, InputError, DeviceError, UsageError, MissingExtraError.
    """
    from tinykit.running.execute import RunOptions, run_model

    options = RunOptions(
        inputs=path_or_none(inputs),
        labelled=path_or_none(labelled),
        metric=metric,
        limit=limit,
        check=check,
        tolerance_lsb=tolerance_lsb,
        layers=layers,
        repeat=repeat,
        seconds=seconds,
        output=path_or_none(out),
    )
    target = _target(on, config, baud, threads)
    return run_model(
        Path(model), target, options=options, toolchain=toolchain, keep=path_or_none(keep), progress=progress
    )


def connect(
    model: File,
    on: str | None = None,
    *,
    baud: int | None = None,
    threads: int = 1,
    toolchain: str = "zig",
    config: File | None = None,
    progress: Progress = SILENT,
) -> AbstractContextManager[Session]:
    """Make ``model`` ready on ``on`` (as in `run`), for the length of a ``with``.

    ``session.infer([x])`` takes an array an input, (N, ...) in the input's own dtype
    (``session.device.inputs``), ``session.window(n)`` times n inferences, ``session.layers()`` gives each
    layer's cost; ``session.device.capabilities`` says what the place can do.

    Raises what `run` raises; the ``with`` raises what building and connecting raise.
    """
    from tinykit.running import find_runner
    from tinykit.running.workload import read_workload

    runner = find_runner(_target(on, config, baud, threads))
    return runner.open(read_workload(Path(model), toolchain=toolchain), progress)


def _target(on: str | None, config: File | None, baud: int | None, threads: int) -> Target:
    from tinykit.config import load_config
    from tinykit.running.targets import find_targets

    names = [] if on is None else [on]
    (target,) = find_targets(names, load_config(path_or_none(config)), baud=baud, threads=threads)
    return target
