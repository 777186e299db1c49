"""A session on an emulator that takes an image and all its inputs at once, through memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinykit.compiler.image import BuildReport
from tinykit.errors import UsageError
from tinykit.progress import SILENT, Progress
from tinykit.running.image_job import RunRequest
from tinykit.running.result import Array, Capabilities, Counts, LayerCost, Window
from tinykit.running.runner import Device, Inferred
from tinykit.running.workload import Model


@dataclass(frozen=True, eq=False)
class Counted:
    """What an emulator gives for a `RunRequest`; ``text`` says which emulator it was."""

    outputs: tuple[Array, ...]
    counts: Counts
    layers: tuple[LayerCost, ...]
    text: str


class ImageSession:
    """Runs ``built`` by ``run``. Times come from counted cycles, on the emulator's own clock."""

    def __init__(
        self,
        built: BuildReport,
        model: Model,
        ran_on: str,
        capabilities: Capabilities,
        run: Callable[[RunRequest, Progress], Counted],
    ) -> None:
        self._run = run
        self._request = _request(built, model)
        self.device = Device(
            ran_on=ran_on,
            text="",
            simulated=True,
            capabilities=capabilities,
            inputs=model.inputs,
            outputs=model.outputs,
            board=built.board.name,
            model_sha256=model.sha256,
            firmware_sha256="" if built.image is None else built.image.sha256,
            build=built,
        )
        self._last: tuple[Array, ...] = ()
        self._layers: tuple[LayerCost, ...] = ()

    def infer(self, arrays: Sequence[Array], progress: Progress = SILENT) -> Inferred:
        """Run all rows at once."""
        counted = self._run(replace(self._request, arrays=tuple(arrays)), progress)
        self.device = replace(self.device, text=counted.text)
        self._last = tuple(array[-1:] for array in arrays)
        self._layers = counted.layers
        return Inferred(counted.outputs, counted.counts, counted.layers)

    def window(self, inferences: int, warmups: int = 0) -> Window:
        """Modelled cycles of ``inferences`` copies of the last row. Raises UsageError, code NOT_CAPABLE."""
        if not self.device.capabilities.times_itself:
            raise UsageError(
                f"{self.device.ran_on} counts instructions and has no model of time.",
                hint="leave --repeat and --seconds out, or run on the emulated board.",
                code="NOT_CAPABLE",
            )
        rows = tuple(np.repeat(array, warmups + inferences, axis=0) for array in self._last)
        counts = self._run(replace(self._request, arrays=rows), SILENT).counts
        cycles = sum(counts.cycles[warmups:])
        return Window(
            inferences,
            0.0,
            cycles / counts.clock_hz,
            "modelled cycles",
            1 / counts.clock_hz,
            warmups,
        )

    def layers(self) -> tuple[LayerCost, ...]:
        """Layers of the rows that were run; empty where the emulator does not tell."""
        return self._layers

    def rest(self, state: str, duration_ms: int) -> None:
        """An image that is run through memory has no such states. Raises UsageError, code NOT_CAPABLE."""
        raise UsageError(
            f"{self.device.ran_on} cannot be told to {state} when it is run through memory.",
            hint="give the board a serial port: tinykit emulate.",
            code="NOT_CAPABLE",
        )


def _request(built: BuildReport, model: Model) -> RunRequest:
    assert built.image is not None
    empty = tuple(np.empty((0, *spec.row_shape), spec.dtype) for spec in model.inputs)
    return RunRequest(
        elf=Path(built.image.elf),
        board=built.board,
        inputs=model.inputs,
        outputs=model.outputs,
        arrays=empty,
        reset_each=not model.stateful,
        flash_read_bytes=tuple((layer.function, layer.flash_read_bytes) for layer in built.layers),
    )
