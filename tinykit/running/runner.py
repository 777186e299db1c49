"""Where a model can run, by name: a file a runner, found by scanning `tinykit.running.places`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tinykit.boards import Board
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, RunResult, TensorSpec


@dataclass(frozen=True)
class RunRequest:
    """Run ``elf`` on all rows of ``arrays`` (one an input of the model, (N, ...) of the input's own dtype).

    ``reset_each`` clears the model's state before every inference; without it the rows are steps of one
    stream. ``flash_read_bytes`` says by layer name how many bytes of constants an inference fetches.
    """

    elf: Path
    board: Board
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    arrays: tuple[Array, ...]
    reset_each: bool = True
    flash_read_bytes: tuple[tuple[str, int], ...] = ()

    @property
    def inferences(self) -> int:
        """How many rows there are."""
        return len(self.arrays[0])

    def packed_inputs(self) -> bytes:
        """The rows as the mailbox wants them: per inference, its inputs one after the other.

        Raises InputError, code INPUT_SHAPE or INPUT_DTYPE, for arrays that are not the model's.
        """
        columns = [
            _checked(i, array, spec, self.inferences).reshape(self.inferences, -1).view(np.uint8)
            for i, (array, spec) in enumerate(zip(self.arrays, self.inputs, strict=True))
        ]
        return np.concatenate(columns, axis=1).tobytes()

    def unpack_outputs(self, data: bytes) -> tuple[Array, ...]:
        """The outputs' rows out of the mailbox's bytes."""
        rows = np.frombuffer(data, np.uint8).reshape(self.inferences, -1)
        ends = np.cumsum([spec.size_bytes for spec in self.outputs])
        columns = np.split(rows, ends[:-1], axis=1)
        # A leading 1 is the batch, whose place the inferences take; any other first dimension stays.
        return tuple(
            column.copy()
            .view(spec.dtype)
            .reshape(self.inferences, *(spec.shape[1:] if spec.shape[:1] == (1,) else spec.shape))
            for column, spec in zip(columns, self.outputs, strict=True)
        )


class Runner(Protocol):
    """A place to run. ``prefix`` is what its names begin with ("" for the emulated boards' own)."""

    prefix: str

    def run(self, request: RunRequest, progress: Progress = SILENT) -> RunResult:
        """Run.

        Raises DeviceError where the firmware faults, MissingExtraError or UsageError where it cannot.
        """


def find_runner(name: str) -> tuple[Runner, str]:
    """The runner for ``name`` and the board it names: "virtual-m4", "qemu:virtual-m4", "my-board.toml".

    Raises InputError, code PLACE_UNKNOWN.
    """
    prefix, separator, board = name.rpartition(":")
    if separator and len(prefix) == 1:  # C:\boards\mine.toml
        prefix, board = "", name
    runners = {runner.prefix: runner for runner in _runners()}
    if prefix not in runners:
        known = sorted(f"{prefix}:BOARD" if prefix else "BOARD" for prefix in runners)
        raise InputError(
            f"There is no place '{prefix}' to run on.",
            hint=f"give one of {', '.join(known)}; tinykit boards lists the boards.",
            code="PLACE_UNKNOWN",
        )
    return runners[prefix], board


def _runners() -> Sequence[Runner]:
    from tinykit.running import places

    names = sorted(found.name for found in pkgutil.iter_modules(places.__path__))
    return [importlib.import_module(f"{places.__name__}.{name}").RUNNER for name in names]


def _checked(i: int, array: Array, spec: TensorSpec, rows: int) -> Array:
    if array.dtype != spec.dtype:
        raise InputError(
            f"Input {i} is {array.dtype}, and the model takes {spec.dtype}.",
            hint="give values of the model's own type; tinykit inspect shows it.",
            code="INPUT_DTYPE",
        )
    if len(array) != rows or array[:1].size != int(np.prod(spec.shape, dtype=np.int64)):
        raise InputError(
            f"Input {i} has shape {array.shape}, and the model takes {rows} × {spec.shape[1:]}.",
            hint="the first axis counts inferences, and is the same for all inputs.",
            code="INPUT_SHAPE",
        )
    return np.ascontiguousarray(array)
