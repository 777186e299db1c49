"""What a run gives, wherever it ran."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of the model, for one inference: ``shape`` with its batch of 1, as raw values.

    real = scale * (raw - zero_point) where ``scale`` is not 0 (0: not quantized).
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float = 0.0
    zero_point: int = 0
    name: str = ""

    @property
    def size_bytes(self) -> int:
        """Bytes of one inference's tensor."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape without the batch: a leading 1 is the batch, any other first dimension stays."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape

    def real(self, raw: Array) -> npt.NDArray[np.float32]:
        """Raw values as real ones."""
        if self.scale == 0.0:
            return raw.astype(np.float32)
        shifted = (raw.astype(np.int64) - self.zero_point).astype(np.float32)
        return np.asarray(np.float32(self.scale) * shifted, np.float32)


@dataclass(frozen=True)
class Capabilities:
    """What a place can do; a caller asks here, and never for the place's name.

    ``runs_any_model`` is False where only what is already on the board can run.
    """

    times_itself: bool = False
    has_marker: bool = False
    profiles_layers: bool = False
    counts_instructions: bool = False
    can_sleep: bool = False
    runs_any_model: bool = False
    gives_raw_outputs: bool = True


@dataclass(frozen=True)
class LayerCost:
    """A layer's mean cost per inference: instructions counted, cycles modelled or ticks measured.

    ``flash_wait_cycles`` is the most that fetching the layer's constants from the board's flash can add.
    A place gives what it has: the others are None.
    """

    name: str
    instructions: float | None = None
    cycles: float | None = None
    flash_wait_cycles: float = 0.0
    ticks: float | None = None


# MLPerf Tiny asks for windows of 10 s and 10 inferences at least.
FULL_WINDOW_S = 10.0
FULL_WINDOW_INFERENCES = 10


@dataclass(frozen=True)
class Window:
    """``inferences`` back to back between two readings of ``clock``, after ``warmups`` that do not count.

    ``wanted_s`` is the duration that N was chosen for, 0 where N was given; ``resolution_s`` is the
    clock's step.
    """

    inferences: int
    t_start_s: float
    t_end_s: float
    clock: str
    resolution_s: float
    warmups: int = 0
    wanted_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """From the first inference's start to the last one's end."""
        return self.t_end_s - self.t_start_s

    @property
    def latency_s(self) -> float:
        """Seconds per inference."""
        return self.duration_s / self.inferences

    @property
    def is_short(self) -> bool:
        """Whether it is shorter than MLPerf Tiny accepts: by choice, and marked wherever it is shown."""
        return self.duration_s < FULL_WINDOW_S or self.inferences < FULL_WINDOW_INFERENCES


@dataclass(frozen=True)
class Counts:
    """What an emulator counts. ``instructions`` has one entry an inference, exact to ``instructions_step``.

    ``cycles`` likewise, with ``cycles_low`` and ``cycles_high`` between which the model leaves them; empty
    where there is no model. ``stack_bytes`` is the most stack that was used, seen by painting.
    ``emulation_s`` is what the emulator took by the wall's clock, start-up left out.
    """

    clock_hz: int
    instructions: tuple[int, ...]
    instructions_step: int
    cycles: tuple[int, ...]
    cycles_low: tuple[int, ...]
    cycles_high: tuple[int, ...]
    cycle_model: str
    cycle_error: str
    stack_bytes: int
    uart: str
    emulated_instructions: int
    emulation_s: float

    @property
    def mean_instructions(self) -> float:
        """Instructions per inference."""
        return sum(self.instructions) / len(self.instructions)

    @property
    def mean_cycles(self) -> float | None:
        """Modelled cycles per inference, None where there is no model."""
        return sum(self.cycles) / len(self.cycles) if self.cycles else None

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
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
            "stack_bytes": self.stack_bytes,
            "uart": self.uart,
        }


@dataclass(frozen=True, eq=False)
class RunResult:
    """Outputs, windows and counts of a run.

    ``outputs[i]`` is output i of all N inferences, shape (N, ...) without the batch of 1: raw values, or
    real ones where ``outputs_are_real`` (a firmware that prints floats). ``first_s`` is the first
    inference's own time where a place tells it from the steady state. ``transfer`` says in words what
    crossing the line took. ``wall_s`` is what all of it took here.
    """

    ran_on: str
    device: str
    simulated: bool
    capabilities: Capabilities
    outputs: tuple[Array, ...]
    wall_s: float
    outputs_are_real: bool = False
    windows: tuple[Window, ...] = ()
    first_s: float | None = None
    layers: tuple[LayerCost, ...] = ()
    counts: Counts | None = None
    firmware_sha256: str = ""
    transfer: str = ""

    @property
    def inferences(self) -> int:
        """Rows that were run for their outputs."""
        return len(self.outputs[0])

    @property
    def latency_s(self) -> float | None:
        """Seconds per inference, the median of the windows; None where nothing was timed."""
        if not self.windows:
            return None
        return float(np.median([window.latency_s for window in self.windows]))

    def to_dict(self) -> dict[str, object]:
        """For JSON; the outputs are for a file, not for here."""
        return {
            "ran_on": self.ran_on,
            "device": self.device,
            "simulated": self.simulated,
            "capabilities": asdict(self.capabilities),
            "inferences": self.inferences,
            "outputs_are_real": self.outputs_are_real,
            "windows": [
                {
                    **asdict(window),
                    "duration_s": window.duration_s,
                    "latency_s": window.latency_s,
                    "is_short": window.is_short,
                }
                for window in self.windows
            ],
            "latency_s": self.latency_s,
            "first_s": self.first_s,
            "counts": None if self.counts is None else self.counts.to_dict(),
            "layers": [
                {
                    "name": layer.name,
                    "instructions": _plain_or_none(layer.instructions),
                    "cycles": _plain_or_none(layer.cycles),
                    "flash_wait_cycles_bound": _plain(layer.flash_wait_cycles),
                    "ticks": _plain_or_none(layer.ticks),
                }
                for layer in self.layers
            ],
            "firmware_sha256": self.firmware_sha256 or None,
            "transfer": self.transfer or None,
            "wall_s": self.wall_s,
        }


def _mean(values: tuple[int, ...]) -> int | float | None:
    return _plain(sum(values) / len(values)) if values else None


def _plain_or_none(value: float | None) -> int | float | None:
    return None if value is None else _plain(value)


def _plain(value: float) -> int | float:
    """Whole numbers as such: counts are mostly equal from one inference to the next."""
    return int(value) if value == int(value) else value
