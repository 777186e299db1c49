"""What a run gives, wherever it ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of the model, for one inference: ``shape`` with its batch of 1, as raw values."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size_bytes(self) -> int:
        """Bytes of one inference's tensor."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(frozen=True)
class LayerCost:
    """A layer's mean cost per inference: instructions counted, cycles modelled.

    ``flash_wait_cycles`` is the most that fetching the layer's constants from the board's flash can add.
    """

    name: str
    instructions: float
    cycles: float
    flash_wait_cycles: float = 0.0


@dataclass(frozen=True)
class RunResult:
    """Outputs and counts of a run.

    ``outputs[i]`` is output i of all N inferences, shape (N, ...) without the batch of 1, raw values.
    ``instructions`` has one entry an inference; counts are exact to ``instructions_step``. ``cycles``
    likewise, with ``cycles_low`` and ``cycles_high`` between which the model leaves them; empty where
    there is no model. ``stack_bytes`` is the most stack that was used, seen by painting.
    """

    ran_on: str
    emulator: str
    outputs: tuple[Array, ...]
    clock_hz: int
    instructions: tuple[int, ...]
    instructions_step: int
    cycles: tuple[int, ...]
    cycles_low: tuple[int, ...]
    cycles_high: tuple[int, ...]
    cycle_model: str
    cycle_error: str
    layers: tuple[LayerCost, ...]
    stack_bytes: int
    uart: str
    seconds: float
    emulated_instructions: int

    @property
    def mean_instructions(self) -> float:
        """Instructions per inference."""
        return sum(self.instructions) / len(self.instructions)

    @property
    def mean_cycles(self) -> float | None:
        """Modelled cycles per inference, None where there is no model."""
        return sum(self.cycles) / len(self.cycles) if self.cycles else None

    def to_dict(self) -> dict[str, object]:
        """For JSON; the outputs are for a .npy file, not for here."""
        return {
            "ran_on": self.ran_on,
            "emulator": self.emulator,
            "simulated": True,
            "inferences": len(self.instructions),
            "clock_hz": self.clock_hz,
            "instructions": _plain(self.mean_instructions),
            "instructions_each": list(self.instructions),
            "instructions_step": self.instructions_step,
            "cycles": None if self.mean_cycles is None else _plain(self.mean_cycles),
            "cycles_low": _mean(self.cycles_low),
            "cycles_high": _mean(self.cycles_high),
            "cycle_model": self.cycle_model or None,
            "cycle_error": self.cycle_error or None,
            "modelled_s": None if self.mean_cycles is None else self.mean_cycles / self.clock_hz,
            "layers": [
                {
                    "name": layer.name,
                    "instructions": _plain(layer.instructions),
                    "cycles": _plain(layer.cycles),
                    "flash_wait_cycles_bound": _plain(layer.flash_wait_cycles),
                }
                for layer in self.layers
            ],
            "stack_bytes": self.stack_bytes,
            "uart": self.uart,
            "wall_s": self.seconds,
        }


def _mean(values: tuple[int, ...]) -> int | float | None:
    return _plain(sum(values) / len(values)) if values else None


def _plain(value: float) -> int | float:
    """Whole numbers as such: counts are mostly equal from one inference to the next."""
    return int(value) if value == int(value) else value
