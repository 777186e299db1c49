"""A model file, run somewhere on some inputs, and compared with the reference."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tinykit import __version__
from tinykit.boards import load_board
from tinykit.compiler.image import BuildReport, build_model
from tinykit.datasets import load_dataset
from tinykit.errors import BuildError, GateError, InputError, TinykitError
from tinykit.graph.reader import read_model
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, RunResult, TensorSpec
from tinykit.running.runner import RunRequest, find_runner

RANDOM_SEED = 0
_MOST_VALUES = 1024

CheckState = Literal["equal", "different", "not_run", "not_asked"]


@dataclass(frozen=True)
class Check:
    """The comparison with the reference, byte for byte. ``note`` says why it was not run, or what differs."""

    state: CheckState
    reference: str = ""
    bytes_compared: int = 0
    bytes_different: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False)
class RunReport:
    """A run with what it ran: ``input_source`` is the data's file, or "random" with its seed."""

    build: BuildReport
    result: RunResult
    check: Check
    input_source: str

    @property
    def ram_bytes(self) -> int:
        """Arena, state, statics and the stack that was used."""
        ram = self.build.size.ram if self.build.size is not None else None
        return 0 if ram is None else ram.arena + ram.state + ram.statics + self.result.stack_bytes

    def to_dict(self) -> dict[str, object]:
        """Return the document ``tinykit.run``, version 1."""
        image = self.build.image
        check = self.check
        return {
            "schema": "tinykit.run",
            "schema_version": 1,
            "tinykit": __version__,
            "model": self.build.model,
            "model_sha256": self.build.model_sha256,
            "board": self.build.board.name,
            "image_sha256": None if image is None else image.sha256,
            "input": self.input_source,
            "result": self.result.to_dict(),
            "outputs": [_output(array) for array in self.result.outputs],
            "ram_bytes": self.ram_bytes,
            "size": None if self.build.size is None else self.build.size.to_dict(),
            "check": {
                "state": check.state,
                "reference": check.reference or None,
                "bytes_compared": check.bytes_compared,
                "bytes_different": check.bytes_different,
                "note": check.note or None,
            },
        }


def _output(array: Array) -> dict[str, object]:
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
        "values": array.tolist() if array.size <= _MOST_VALUES else None,
    }


def run_model(
    model: Path,
    on: str,
    *,
    inputs: Path | None = None,
    limit: int | None = None,
    check: bool = False,
    toolchain: str = "zig",
    keep: Path | None = None,
    progress: Progress = SILENT,
) -> RunReport:
    """Build ``model`` for the board that ``on`` names, run it there on the samples of the file ``inputs``.

    Without ``inputs``, one inference with seeded random bytes: instruction counts are then right, outputs
    mean nothing. ``limit`` takes the first samples only. Samples are steps of one stream where the model
    keeps state. ``keep`` is a folder for the build, else it is made in passing. ``check`` compares all
    output bytes with the reference.

    Raises what `build_model`, `load_dataset` and the runner raise; InputError for a model with several
    inputs and a file.
    """
    runner, name = find_runner(on)
    board = load_board(name)
    data = None if inputs is None else _load(model, inputs, limit, progress)
    with _folder(keep) as folder:
        built = build_model(model, board, folder, toolchain=toolchain, progress=progress)
        specs = tuple(_spec(built, id_) for id_ in built.compiled.program.inputs)
        arrays = _random(specs) if data is None else (_stored(built, specs[0], data),)
        assert built.image is not None
        request = RunRequest(
            elf=built.image.elf,
            board=board,
            inputs=specs,
            outputs=tuple(_spec(built, id_) for id_ in built.compiled.program.outputs),
            arrays=arrays,
            reset_each=not built.compiled.program.variables,
            flash_read_bytes=tuple((layer.function, layer.flash_read_bytes) for layer in built.layers),
        )
        result = runner.run(request, progress)
    verdict = compare(model.read_bytes(), arrays, result, progress) if check else Check("not_asked")
    return RunReport(built, result, verdict, f"random, seed {RANDOM_SEED}" if inputs is None else str(inputs))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder for the build: the user's, or one that goes away unless the compiler failed in it."""
    if keep is not None:
        yield keep
        return
    scratch = Path(tempfile.mkdtemp(prefix="tinykit-build-"))
    failed = False
    try:
        yield scratch / "build"
    except BuildError as error:
        failed = error.code == "COMPILER_FAILED"
        raise
    finally:
        if not failed:
            shutil.rmtree(scratch, ignore_errors=True)


def require_equal(check: Check) -> None:
    """Raise GateError: CHECK_DIFFERENT, or CHECK_NOT_RUN for a check that could not be made."""
    if check.state == "different":
        raise GateError(
            f"{check.bytes_different} of {check.bytes_compared} output bytes differ from"
            f" {check.reference}: {check.note}.",
            hint="a kernel is wrong: one that you added, or one of tinykit's; then please report it.",
            code="CHECK_DIFFERENT",
        )
    if check.state == "not_run":
        raise GateError(
            f"The outputs were not checked: {check.note}",
            hint="pip install 'tinykit[runtime]' brings the reference.",
            code="CHECK_NOT_RUN",
        )


def _spec(built: BuildReport, id_: int) -> TensorSpec:
    value = built.compiled.program.value(id_)
    return TensorSpec(value.shape, np.dtype(value.dtype))


def _load(model: Path, path: Path, limit: int | None, progress: Progress) -> Array:
    """The samples, before anything is built: a wrong file is found at once."""
    graph = read_model(model)
    inputs = graph.main.inputs
    if len(inputs) != 1:
        raise InputError(
            f"The model has {len(inputs)} inputs, and a data file holds one.",
            hint="leave --input out for a run on random bytes.",
            code="MODEL_INPUTS",
        )
    shape = graph.main.tensors[inputs[0]].shape[1:]
    data = load_dataset(path, input_shape=shape, progress=progress).x[:limit]
    if len(data) == 0:
        raise InputError(f"{path} holds no samples.", hint="give at least one.", code="INPUT_EMPTY")
    return data


def _random(specs: tuple[TensorSpec, ...]) -> tuple[Array, ...]:
    rng = np.random.RandomState(RANDOM_SEED)
    arrays: list[Array] = []
    for spec in specs:
        if spec.dtype.kind == "f":
            arrays.append(rng.standard_normal(spec.shape).astype(spec.dtype))
        else:
            info = np.iinfo(spec.dtype)
            arrays.append(rng.randint(info.min, info.max + 1, spec.shape).astype(spec.dtype))
    return tuple(arrays)


def _stored(built: BuildReport, spec: TensorSpec, data: Array) -> Array:
    """Values as the model stores them: its own dtype as it is, real numbers by the input's scale."""
    if data.dtype == spec.dtype:
        return data
    if spec.dtype.kind == "f":
        return data.astype(spec.dtype)
    if not np.isfinite(data).all():
        first = int(np.argmin(np.isfinite(data).reshape(len(data), -1).all(axis=1)))
        raise InputError(
            f"The input data hold NaN or infinity, first in sample {first}.",
            hint="an int8 input has no such value: leave the sample out or repair it.",
            code="INPUT_NOT_FINITE",
        )
    from tinykit.runtime import TensorInfo

    value = built.compiled.program.value(built.compiled.program.inputs[0])
    return TensorInfo(0, "input", spec.dtype, spec.shape, value.scale, value.zero_point).accept(data)


def compare(model: bytes, arrays: tuple[Array, ...], result: RunResult, progress: Progress = SILENT) -> Check:
    """Compare all outputs with the pinned reference's.

    Another runtime is no reference: the check is then not run.
    """
    from tinykit.runtime import ORACLE_VERSION, choose_runtime, infer

    try:
        runtime = choose_runtime()
    except TinykitError as error:
        return Check("not_run", note=error.message)
    named = f"{runtime.name} {runtime.version}"
    if not runtime.is_oracle:
        return Check("not_run", note=f"{named} is here, and only ai-edge-litert {ORACLE_VERSION} counts")
    if len(arrays) != 1:
        return Check("not_run", note="the reference is run on models with one input")
    compared = different = 0
    note = ""
    for i, output in enumerate(result.outputs):
        expected = infer(runtime, model, arrays[0], output=i, progress=progress)
        ours, theirs = (np.ascontiguousarray(a).view(np.uint8).ravel() for a in (output, expected))
        unequal = np.flatnonzero(ours != theirs) if ours.size == theirs.size else np.arange(ours.size)
        compared, different = compared + ours.size, different + unequal.size
        if unequal.size and not note:
            note = f"output {i}, first at byte {unequal[0]}: {ours[unequal[0]]} for {theirs[unequal[0]]}"
    return Check(
        "different" if different else "equal", f"{named}, reference kernels", compared, different, note
    )
