"""The processes of a live capture: an emulated PPK2 on the wall's clock, and a recorder; each says JSON.

``python live_capture.py emulate FOLDER QUEUE_BYTES`` until stdin ends; ``... record FOLDER SECONDS``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

METER, SHELL, SESSION = "meter", "shell", "session"
ACTIVE_A, IDLE_A, PERIOD_S, ACTIVE_S = 12e-3, 20e-6, 0.01, 0.008
VOLTAGE_V = 3.0
_LOOK_S = 0.1


class Load:
    """A hundred inferences a second, each with two changes of range and its marker.

    ``longest`` is the most samples that the emulator ever took in one go: how late it has been itself.
    """

    def __init__(self) -> None:
        self.longest = 0

    def __call__(self, times_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        self.longest = max(self.longest, len(times_s))
        active = times_s % PERIOD_S < ACTIVE_S
        return np.where(active, ACTIVE_A, IDLE_A), active.astype(np.uint8)


def emulate(folder: Path, queue_bytes: int) -> dict[str, Any]:
    """Serve until stdin ends. ``samples_taken`` is what the meter has streamed in all."""
    from tinykit.bench.meters.ppk2 import EmulatedPpk2
    from tinykit.bench.meters.ppk2_server import Ppk2Server

    emulated, load = EmulatedPpk2(), Load()
    links = f"pty:{folder / METER}", f"pty:{folder / SHELL}"
    with Ppk2Server(emulated, load, *links, queue_bytes=queue_bytes):
        _say({"ready": True})
        sys.stdin.read()
    late_s = load.longest / emulated.base_hz
    return {"samples_taken": emulated.samples_taken, "cpu_s": _cpu_s(), "late_s": late_s}


def record(folder: Path, seconds: float) -> dict[str, Any]:
    """Record for ``seconds``, looking at the live power as `measure` does; ``cpu_s`` is of that alone."""
    from tinykit.lab.recorder import Recorder
    from tinykit.meters import MeterSettings, find_meter

    meter = find_meter("ppk2")
    device = meter.open(str(folder / METER))
    device.identify()
    setup = device.configure(MeterSettings("source", VOLTAGE_V))
    device.power(True)
    seen_w = []
    began_s, before_s = time.monotonic(), _cpu_s()
    with Recorder(folder / SESSION, meter, device, setup) as recorder:
        while time.monotonic() - began_s < seconds:
            time.sleep(_LOOK_S)
            recorder.check()
            seen_w.append(recorder.live_w or 0.0)
        recorder.stop()
    took_s, cpu_s = time.monotonic() - began_s, _cpu_s() - before_s
    device.close()
    return {"wall_s": took_s, "cpu_s": cpu_s, "live_w": float(np.mean(seen_w[len(seen_w) // 2 :]))}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    role, where, number = sys.argv[1:]
    work = {"emulate": emulate, "record": record}[role]
    _say(work(Path(where), int(number)) if role == "emulate" else record(Path(where), float(number)))
