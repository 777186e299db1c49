"""This computer: LiteRT's optimized kernels, which may differ from the reference by one step."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tinykit.errors import UsageError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, Capabilities, LayerCost, Window
from tinykit.running.runner import Device, Inferred, Runner, Session
from tinykit.running.targets import Target
from tinykit.running.workload import Model, Workload
from tinykit.runtime import Interpreter, choose_runtime

# A reporter that draws takes a tenth of a small model's inference.
_REPORTED = 16
CAPABILITIES = Capabilities(times_itself=True, runs_any_model=True)


@dataclass(frozen=True)
class Host:
    """Runs in this process, with ``threads`` within an inference."""

    threads: int = 1

    @contextmanager
    def open(self, workload: Workload, progress: Progress = SILENT) -> Iterator[Session]:
        """Build an interpreter. Raises ModelError, MissingExtraError, InputError (RUN_NEEDS_MODEL)."""
        yield HostSession(workload.require_model("This computer"), self.threads)


class HostSession:
    """One interpreter; for a model that keeps state a fresh one each time rows are run."""

    def __init__(self, model: Model, threads: int) -> None:
        self._runtime = choose_runtime()
        self._model = model
        self._threads = threads
        self._interpreter = self._fresh()
        self._is_used = False
        plural = "s" if threads > 1 else ""
        self.device = Device(
            ran_on="host",
            text=f"{self._runtime.name} {self._runtime.version}, optimized kernels, {threads} thread{plural},"
            f" {platform.machine()}",
            simulated=False,
            capabilities=CAPABILITIES,
            inputs=model.inputs,
            outputs=model.outputs,
            model_sha256=model.sha256,
            tolerance_lsb=1.0,
        )

    def infer(self, arrays: Sequence[Array], progress: Progress = SILENT) -> Inferred:
        """Run all rows; ``first_s`` is the very first inference, before anything is warm."""
        first = not self._is_used
        if self._is_used and self._model.stateful:
            self._interpreter = self._fresh()
        interpreter, self._is_used = self._interpreter, True
        rows = [
            array.reshape(len(array), *spec.shape)
            for array, spec in zip(arrays, self._model.inputs, strict=True)
        ]
        n = len(rows[0])
        results = [np.empty((n, *spec.shape), spec.dtype) for spec in self._model.outputs]
        progress.start(f"Running {n} inferences here", n)
        first_s = t_start = 0.0
        invoke = interpreter.invoke
        for i in range(n):
            if i == 0:
                t_start = time.perf_counter()
            outputs = invoke(*(row[i] for row in rows))
            if i == 0:
                first_s = time.perf_counter() - t_start
            for result, output in zip(results, outputs, strict=True):
                result[i] = output
            if i % _REPORTED == _REPORTED - 1:
                progress.advance(_REPORTED)
        progress.advance(n % _REPORTED)
        progress.finish()
        shaped = tuple(
            result.reshape(n, *spec.row_shape)
            for result, spec in zip(results, self._model.outputs, strict=True)
        )
        return Inferred(shaped, first_s=first_s if first else None)

    def window(self, inferences: int, warmups: int = 0) -> Window:
        """Time ``inferences`` with the inputs that are in place, as a board's firmware does."""
        invoke = self._interpreter.invoke_again
        for _ in range(warmups):
            invoke()
        t_start = time.perf_counter()
        for _ in range(inferences):
            invoke()
        t_end = time.perf_counter()
        step = time.get_clock_info("perf_counter").resolution
        return Window(inferences, t_start, t_end, "host, perf_counter", step, warmups)

    def layers(self) -> tuple[LayerCost, ...]:
        """The runtime's Python interface does not profile."""
        return ()

    def rest(self, state: str, duration_ms: int) -> None:
        """A computer is not put to sleep from here. Raises UsageError, code NOT_CAPABLE."""
        raise UsageError(f"This computer cannot be told to {state}.", hint="ask a board.", code="NOT_CAPABLE")

    def _fresh(self) -> Interpreter:
        return self._runtime.interpreter(self._model.content, threads=self._threads)


class _Place:
    form = "host"
    order = 0

    def find(self, target: Target) -> Runner | None:
        """Its name is "host"."""
        return Host(target.threads) if target.where == "host" else None


PLACE = _Place()
