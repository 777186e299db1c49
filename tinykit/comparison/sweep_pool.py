"""Where a sweep's tasks run: on this computer's cores, or on a Dask cluster; the digits are the same."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from tinykit import __version__
from tinykit.comparison.sweep_task import Row, Task, here, run_task
from tinykit.errors import InputError, MissingExtraError
from tinykit.progress import SILENT, Progress

CONNECT_S = 10.0
WORTH_STARTING = 10_000_000
"""Draws: about as long as a process takes to start and import NumPy, a second or two."""


@dataclass(frozen=True)
class Processes:
    """``workers`` processes of this computer; one is this process."""

    workers: int
    progress: Progress = SILENT

    def __call__(self, tasks: Sequence[Task]) -> Iterator[list[Row]]:
        """The rows of each task, in order."""
        workers = min(self.workers, len(tasks))
        if workers < 2:
            yield from _counted(here(tasks), self.progress, len(tasks))
            return
        # A fork would copy whatever threads NumPy's libraries hold at the moment.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            try:
                yield from _counted(pool.map(run_task, tasks), self.progress, len(tasks))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster, by its scheduler's address. Its workers need the same tinykit and NumPy."""

    address: str
    progress: Progress = SILENT

    def __call__(self, tasks: Sequence[Task]) -> Iterator[list[Row]]:
        """The rows of each task, in order. Raises InputError, code SCHEDULER; MissingExtraError."""
        try:
            client_of = importlib.import_module("distributed").Client
        except ImportError as error:
            raise MissingExtraError("Dask's distributed", "dask") from error
        try:
            client = client_of(self.address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--scheduler {self.address}: no Dask scheduler answers: {error}.",
                hint="dask scheduler prints its address, tcp://HOST:8786.",
                code="SCHEDULER",
            ) from error
        with client:
            self._check(client.run(versions))
            futures = client.map(run_task, list(tasks), pure=False)
            yield from _counted((one.result() for one in futures), self.progress, len(tasks))

    def _check(self, found: dict[str, str]) -> None:
        wrong = sorted({one for one in found.values() if one != versions()})
        if wrong or not found:
            what = f"its workers have {', '.join(wrong)}" if wrong else "it has no workers"
            raise InputError(
                f"--scheduler {self.address}: {what}; here is {versions()}.",
                hint="start dask worker in an environment like this one.",
                code="SCHEDULER",
            )


def versions() -> str:
    """What the digits depend on, of the process that this runs in."""
    return f"tinykit {__version__}, numpy {np.__version__}"


def workers_for(points: int, draws: int) -> int:
    """All the cores that this process may use; one where starting others takes longer than the work."""
    if points * draws < WORTH_STARTING:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _counted(rows: Iterator[list[Row]], progress: Progress, total: int) -> Iterator[list[Row]]:
    progress.start("Drawing at every point", total)
    for one in rows:
        progress.advance()
        yield one
    progress.finish()
