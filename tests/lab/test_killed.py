"""A process killed while it records: at most the last second is lost, and what is left is sound."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sessions import QUIET, V

from tinykit.bench.meters.ppk2 import EmulatedPpk2
from tinykit.bench.meters.ppk2_server import Ppk2Server
from tinykit.lab.manifest import verify
from tinykit.lab.recompute import recompute
from tinykit.lab.recorder import read_recording
from tinykit.lab.recover import recover

PERIOD_S, ACTIVE_S, ACTIVE_A = 0.4, 0.25, 12e-3

CHILD = """
import math, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[5])
from sessions import BOUND, PPK2
from tinykit.lab.analysis import Known
from tinykit.lab.recorder import Recorder
from tinykit.lab.start import Start, write_start
from tinykit.meters import MeterSettings

folder, port, began, period = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
meter = PPK2.open(port)
meter.identify()
setup = meter.configure(MeterSettings("source", 3.0))
meter.power(True)
time.sleep(0.05)
write_start(folder, Start(Known(BOUND, "killed", True, 0.0, None, True), {"tinykit": "test"}, 0))
with Recorder(folder, PPK2, meter, setup) as recorder:
    k = math.ceil((time.monotonic() + 0.15 - began) / period)
    print(time.monotonic(), flush=True)
    while True:
        time.sleep(max(0.0, began + (k + 1) * period - 0.05 - time.monotonic()))
        recorder.event("done", kind="infer", inferences=10)
        k += 1
"""


def profile(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    active = (times_s % PERIOD_S > 0.05) & (times_s % PERIOD_S < 0.05 + ACTIVE_S)
    return np.where(active, ACTIVE_A, 20e-6), active.astype(np.uint8)


@pytest.mark.parametrize("after_s", [1.3, 2.45, pytest.param(6.2, marks=pytest.mark.slow)])
def test_a_kill_costs_a_second_at_most(tmp_path: Path, after_s: float) -> None:
    folder, helpers = tmp_path / "cut", Path(__file__).parent.parent
    at = f"pty:{tmp_path}/meter", f"pty:{tmp_path}/shell"
    with Ppk2Server(EmulatedPpk2(errors=QUIET), profile, *at, queue_bytes=1 << 20) as server:
        words = [str(folder), server.port, str(time.monotonic()), str(PERIOD_S), str(helpers)]
        child = subprocess.Popen([sys.executable, "-c", CHILD, *words], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        try:
            began = float(child.stdout.readline())
            time.sleep(max(0.0, began + after_s - time.monotonic()))
        finally:
            killed = time.monotonic()
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
    trace, _, events = read_recording(folder)
    assert trace.duration_s > killed - began - 1.0
    result = recover(folder)
    assert verify(folder) == ()
    assert recompute(folder).is_equal
    assert result.noted == sum(event.what == "done" for event in events) >= 2
    assert result.kept >= result.noted - 1 - round(1.0 / PERIOD_S)
    energy = result.report.analysis.energy
    failed = {f.code for f in result.report.analysis.verdict.findings if f.state == "fail"}
    # Meter and child go by the wall clock: on a busy machine the one slips, or the other marks too late, and
    # the verdict says so. Nothing else may go wrong, and a number that is given is right.
    assert failed <= {"RATE", "MARKER_COUNT"}
    assert (energy is None) == bool(failed)
    for one in energy.windows if energy is not None else ():
        assert one.gross.value == pytest.approx(V * ACTIVE_A * ACTIVE_S / 10, rel=5e-3)
    assert json.loads((folder / "session.json").read_text())["recovered"] is True
