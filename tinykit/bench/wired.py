"""The emulated meters as a rig wires them: current and marker in, rail and bytes out."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.bench.meters.powershield_model import ShieldFaults
from tinykit.bench.meters.powershield_stream import Losses
from tinykit.bench.meters.ppk2 import EmulatedPpk2, Ppk2Faults
from tinykit.bench.rig_errors import draw_ppk2, draw_shield
from tinykit.bench.rig_job import RigJob

EXTERNAL_V = 3.3
"""What feeds the board where the meter only measures."""
_EVERY = 20_000  # of 100,000 samples a second
_LOST = {"lost-samples": 37, "lost-64": 64}
# At 1 kHz the shield has sent 200 samples by then.
_SHIELD_EVERY, _SHIELD_LOST = 200, {"lost-samples": 1, "lost-64": 2}
_SATURATED = 50
_OVER_A = 0.08


class Marker(NamedTuple):
    """The marker at a meter's samples: ``levels`` (n,), and before which samples it fell, however shortly."""

    levels: NDArray[np.uint8]
    falls: list[int]


class WiredMeter(Protocol):
    """One meter with the board's rail and marker wired to it."""

    rail_lag_s: float

    @property
    def base_hz(self) -> float:
        """The rate of what is fed, by true time."""

    @property
    def rail_v(self) -> float:
        """What the board gets, in V."""

    @property
    def is_streaming(self) -> bool:
        """A host is being sent samples."""

    def receive(self, data: bytes) -> None:
        """From the host."""

    def feed(self, current_a: NDArray[np.float64], marker: Marker) -> bytes:
        """What it sends meanwhile; ``current_a`` is (n,)."""

    def host_left(self) -> None:
        """The port has been closed."""

    def keeps_up(self, does: bool) -> None:
        """Tell it whether its queue to the host has room."""

    def overload(self) -> float:
        """The current leaves the range now: give the load in A that does it, 0 where the meter shows it."""


class WiredPpk2:
    """The marker is on D0; the other lines are low."""

    rail_lag_s = 0.25  # VOUT falls so long after the host has gone

    def __init__(self, job: RigJob) -> None:
        losing = next(((_EVERY, _LOST[name]) for name in job.faults if name in _LOST), (0, 0))
        errors = draw_ppk2(job.errors, job.seed)
        self._meter = EmulatedPpk2(errors=errors, faults=Ppk2Faults(losing=losing), seed=job.seed)

    @property
    def base_hz(self) -> float:
        """See `WiredMeter`."""
        return self._meter.base_hz

    @property
    def rail_v(self) -> float:
        """See `WiredMeter`. An ammeter lets through what comes from elsewhere."""
        return self._meter.output_v or (EXTERNAL_V if self._meter.is_on else 0.0)

    @property
    def is_streaming(self) -> bool:
        """See `WiredMeter`."""
        return self._meter.is_streaming

    def receive(self, data: bytes) -> None:
        """See `WiredMeter`."""
        self._meter.receive(data)

    def feed(self, current_a: NDArray[np.float64], marker: Marker) -> bytes:
        """See `WiredMeter`."""
        return self._meter.feed(current_a, marker.levels)

    def host_left(self) -> None:
        """See `WiredMeter`."""
        self._meter.host_left()

    def keeps_up(self, does: bool) -> None:
        """A PPK2 knows nothing of it."""

    def overload(self) -> float:
        """See `WiredMeter`."""
        here = self._meter.samples_taken
        self._meter.faults = replace(self._meter.faults, saturations=((here, _SATURATED),))
        return 0.0


class WiredShield:
    """The marker is on D7. A rail goes on when its host has gone."""

    rail_lag_s = float("inf")

    def __init__(self, job: RigJob) -> None:
        lost = next((_SHIELD_LOST[name] for name in job.faults if name in _SHIELD_LOST), 0)
        losses = Losses(every=(_SHIELD_EVERY, lost) if lost else (0, 0))
        errors = draw_shield(job.errors, job.seed)
        self._meter = EmulatedShield(errors=errors, faults=ShieldFaults(losses=losses), seed=job.seed)

    @property
    def base_hz(self) -> float:
        """See `WiredMeter`."""
        return self._meter.base_hz

    @property
    def rail_v(self) -> float:
        """See `WiredMeter`."""
        return self._meter.output_v

    @property
    def is_streaming(self) -> bool:
        """See `WiredMeter`."""
        return self._meter.sampling

    def receive(self, data: bytes) -> None:
        """See `WiredMeter`."""
        self._meter.receive(data)

    def feed(self, current_a: NDArray[np.float64], marker: Marker) -> bytes:
        """See `WiredMeter`. Its input is an interrupt, which misses nothing that lasts 1 us."""
        level = np.ones(len(current_a), np.uint8)
        level[marker.falls] = 0
        return self._meter.feed(current_a, level)

    def host_left(self) -> None:
        """It minds only its commands."""

    def keeps_up(self, does: bool) -> None:
        """See `WiredMeter`."""
        self._meter.host_keeps_up = does

    def overload(self) -> float:
        """See `WiredMeter`: its protection trips."""
        return _OVER_A


def wire_meter(job: RigJob) -> WiredMeter:
    """The meter of ``job``, its errors drawn."""
    return WiredPpk2(job) if job.meter == "ppk2" else WiredShield(job)
