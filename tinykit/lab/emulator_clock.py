"""The clock that an emulator declares: on a busy machine its time slips behind the wall's.

While its meter streams, an emulator writes ``clock.bin`` beside its ports: by time.monotonic() ``t_host_s``
all had been sent that was measured until ``t_s`` of its own time. The recorder copies what is new into the
session; an arrival is then judged by the emulator's time, so that a slow machine is not taken for lost
samples, and lost samples still are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinykit.meters.meter import Arrival

CLOCK = "clock.bin"
_PAIR = np.dtype([("t_host_s", "<f8"), ("t_s", "<f8")])
_LEAST_PAIRS = 2


class ClockCopy:
    """Copies what an emulator adds to ``source`` from now on into ``target``. All raise OSError."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source, self._target = source.open("rb"), target.open("xb")
        size = source.stat().st_size
        # The last pair before says where the recording's first bytes stand.
        self._source.seek(max(size - size % _PAIR.itemsize - _PAIR.itemsize, 0))

    def sync(self) -> None:
        """Copy what there is."""
        self._target.write(self._source.read())
        self._target.flush()

    def close(self) -> None:
        """Copy the rest, and end."""
        try:
            self.sync()
        finally:
            self._source.close()
            self._target.close()


class EmulatorClock:
    """A recording's copy of it. Raises ValueError where it does not rise, or is too short to tell."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        pairs = np.frombuffer(data[: len(data) // _PAIR.itemsize * _PAIR.itemsize], _PAIR)
        self._host: NDArray[np.float64] = pairs["t_host_s"].astype(np.float64)
        self._own: NDArray[np.float64] = pairs["t_s"].astype(np.float64)
        sound = np.isfinite(self._host).all() and np.isfinite(self._own).all()
        if len(pairs) < _LEAST_PAIRS or not sound:
            raise ValueError(f"{path.name} holds no clock")
        if (np.diff(self._host) < 0).any() or (np.diff(self._own) < 0).any():
            raise ValueError(f"{path.name} holds a clock that goes back")

    def own(self, arrivals: tuple[Arrival, ...]) -> tuple[Arrival, ...]:
        """``arrivals`` by the emulator's time: what had been sent by then, and no more, can have come."""
        t_host_s = np.array([arrival.t_host_s for arrival in arrivals], np.float64)
        at = np.searchsorted(self._host, t_host_s, "right") - 1
        known = at >= 0
        return tuple(
            Arrival(float(self._own[i]), arrival.size_bytes)
            for i, arrival, is_known in zip(at, arrivals, known, strict=True)
            if is_known
        )

    def own_s(self, t_host_s: float) -> float:
        """``t_host_s`` of time.monotonic() by the emulator's time; outside of what it told both go alike."""
        inside = min(max(t_host_s, self._host[0]), self._host[-1])
        return float(np.interp(inside, self._host, self._own) + t_host_s - inside)
