"""An image and the rows that it is to run, as the mailbox takes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinykit.boards import Board
from tinykit.errors import InputError
from tinykit.running.result import Array, TensorSpec


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
        return tuple(
            column.copy().view(spec.dtype).reshape(self.inferences, *spec.row_shape)
            for column, spec in zip(columns, self.outputs, strict=True)
        )


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
