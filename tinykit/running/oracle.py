"""The reference in a process of its own: ``python -m tinykit.running.oracle``, folder on the command line.

LiteRT ends the whole process on some models (softmax rows of 512 equal values and more), and a check that
could not run must not take the run with it. The folder holds ``model.tflite`` and ``inputs.npz`` (``x0``,
``x1``, ...); the outputs go to ``outputs.npz`` (``y0``, ...), or ``problem.txt`` says in words what is wrong.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.errors import TinykitError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array
from tinykit.running.workload import Model


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference's outputs, (N, ...) without the batch of 1; or ``code`` and ``note`` say why not."""

    outputs: tuple[Array, ...]
    name: str = ""
    code: str = ""
    note: str = ""


def ask_oracle(model: Model, arrays: tuple[Array, ...], progress: Progress = SILENT) -> Reference:
    """Run ``arrays`` through the pinned reference kernels. Never raises for what the reference cannot do.

    Codes: ORACLE_VERSION (another runtime is no reference), ORACLE_MISSING, ORACLE_REFUSED, ORACLE_DIED.
    """
    from tinykit.runtime import ORACLE_VERSION, choose_runtime

    try:
        runtime = choose_runtime()
    except TinykitError as error:
        return Reference((), code="ORACLE_MISSING", note=error.message)
    named = f"{runtime.name} {runtime.version}"
    if not runtime.is_oracle:
        note = f"{named} is here, and only ai-edge-litert {ORACLE_VERSION} counts"
        return Reference((), code="ORACLE_VERSION", note=note)
    progress.start("Running the reference")
    with tempfile.TemporaryDirectory(prefix="tinykit-oracle-") as scratch:
        folder = Path(scratch)
        (folder / "model.tflite").write_bytes(model.content)
        _save(folder / "inputs.npz", "x", arrays)
        stateful = ["stateful"] if model.stateful else []
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tinykit.running.oracle", str(folder), *stateful],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        reference = _read(folder, done.returncode, done.stderr, named)
    progress.finish(reference.note)
    return reference


def _save(path: Path, letter: str, arrays: Sequence[Array]) -> None:
    named: dict[str, Any] = {f"{letter}{i}": array for i, array in enumerate(arrays)}
    np.savez(path, **named)


def _read(folder: Path, code: int, complaints: str, named: str) -> Reference:
    problem = folder / "problem.txt"
    if problem.exists():
        return Reference((), code="ORACLE_REFUSED", note=problem.read_text(encoding="utf-8"))
    if code != 0:
        died = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        last = (complaints.strip().splitlines() or ["it said nothing"])[-1][:200]
        return Reference((), code="ORACLE_DIED", note=f"{named} died of {died} on this model: {last}")
    with np.load(folder / "outputs.npz", allow_pickle=False) as file:
        outputs = tuple(file[f"y{i}"] for i in range(len(file.files)))
    return Reference(outputs, f"{named}, reference kernels")


def _run(content: bytes, arrays: list[Array], *, stateful: bool) -> list[Array]:
    from tinykit.runtime import choose_runtime

    runtime = choose_runtime()
    workers = 1 if stateful else max(1, min(os.cpu_count() or 1, len(arrays[0])))

    def part(k: int) -> tuple[Array, ...]:
        interpreter = runtime.interpreter(content, reference=True)
        rows = [
            array.reshape(len(array), *info.shape)[k::workers]
            for array, info in zip(arrays, interpreter.inputs, strict=True)
        ]
        results = [interpreter.invoke(*one) for one in zip(*rows, strict=True)]
        return tuple(np.stack(column) for column in zip(*results, strict=True))

    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, range(workers)))
    outputs: list[Array] = []
    for i, first in enumerate(parts[0]):
        whole = np.empty((len(arrays[0]), *first.shape[1:]), first.dtype)
        for k, one in enumerate(parts):
            whole[k::workers] = one[i]
        has_batch = whole.shape[1:2] == (1,)
        outputs.append(whole.reshape(len(whole), *whole.shape[2:]) if has_batch else whole)
    return outputs


def main(words: list[str]) -> None:
    """Run what the folder holds."""
    folder = Path(words[0])
    with np.load(folder / "inputs.npz", allow_pickle=False) as file:
        arrays = [file[f"x{i}"] for i in range(len(file.files))]
    try:
        outputs = _run((folder / "model.tflite").read_bytes(), arrays, stateful="stateful" in words[1:])
    except TinykitError as error:
        (folder / "problem.txt").write_text(error.message, encoding="utf-8")
        return
    _save(folder / "outputs.npz", "y", outputs)


if __name__ == "__main__":
    main(sys.argv[1:])
