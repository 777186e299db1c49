"""Ten minutes of live capture at 100 kS/s beside a core that is fully loaded: nothing lost, little work.

An emulated PPK2 in a process of its own streams by the wall's clock to a `Recorder` in another; a third
process keeps one core busy. What the meter says it has streamed must be on disk, sample by sample. Results:
``cpu_share`` is the processor time of the recording process (live decoding and writing to disk included) as a
part of one core; other work on the machine is in ``load_average``. A share of the soak is shorter still, has
a meter that waits longer, and is not judged by its processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import live_capture
import numpy as np
from live_capture import SESSION

from tinykit.bench.meters.ppk2_server import QUEUE_BYTES
from tinykit.lab.recorder import BYTES, RAW, read_recording

SECONDS, RATE_HZ = 600.0, 100_000
MOST_CPU_SHARE = 0.10
_SHARED = 0.25
_PATIENT_BYTES = 1 << 20
_BUSY = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nprint(flush=True)\nwhile True: pass"


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Capture, whatever ``seed`` says. Raises AssertionError for a lost sample or too much work."""
    whole = fraction >= 1
    seconds = SECONDS * fraction * (1 if whole else _SHARED)
    cpu = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="tinykit-load-") as name:
        folder = Path(name)
        with _busy(cpu):
            emulator, recorder = _capture(folder, seconds, QUEUE_BYTES if whole else _PATIENT_BYTES)
            load_average = [round(one, 2) for one in os.getloadavg()]
        trace, _, _ = read_recording(folder / SESSION)
        on_disk = (folder / SESSION / RAW / BYTES).stat().st_size / 4
        high = sum(int(np.count_nonzero(block.digital)) for block in trace.blocks())
    lost = emulator["samples_taken"] - on_disk
    cpu_share = recorder["cpu_s"] / recorder["wall_s"]
    late_s = emulator["late_s"]
    assert lost == 0 and not trace.gaps, (
        f"{lost:g} samples lost, {len(trace.gaps)} gaps; the emulator was {late_s:.3f} s late"
    )
    assert trace.lost_by_clock == 0, trace.warnings
    assert on_disk > RATE_HZ * (seconds - 1), f"{on_disk:g} samples in {seconds:g} s"
    assert abs(high / on_disk - live_capture.ACTIVE_S / live_capture.PERIOD_S) < 1e-3, high
    assert not whole or cpu_share < MOST_CPU_SHARE, f"{cpu_share:.1%} of a core"
    return {
        "seconds": round(recorder["wall_s"], 1),
        "samples_streamed": emulator["samples_taken"],
        "samples_on_disk": round(on_disk),
        "samples_lost": round(lost),
        "gaps": len(trace.gaps),
        "cpu_s": round(recorder["cpu_s"], 2),
        "cpu_share": round(cpu_share, 4),
        "most_cpu_share": MOST_CPU_SHARE,
        "emulator_cpu_share": round(emulator["cpu_s"] / recorder["wall_s"], 4),
        "emulator_late_s": round(late_s, 4),
        "meters_queue_bytes": QUEUE_BYTES if whole else _PATIENT_BYTES,
        "busy_cpu": cpu,
        "load_average": load_average,
    }


def _capture(folder: Path, seconds: float, queue_bytes: int) -> tuple[dict[str, float], dict[str, float]]:
    """What the emulator and the recorder say at their ends."""
    program = [sys.executable, live_capture.__file__]
    with subprocess.Popen(
        [*program, "emulate", folder, str(queue_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as emulator:
        try:
            assert emulator.stdout is not None
            assert emulator.stdout.readline(), "the emulator does not start"
            done = subprocess.run([*program, "record", folder, str(seconds)], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            said, _ = emulator.communicate(timeout=30)
        finally:
            emulator.kill()
    return json.loads(said), json.loads(done.stdout)


@contextmanager
def _busy(cpu: int) -> Iterator[None]:
    """A process that does nothing else than load ``cpu``."""
    with subprocess.Popen([sys.executable, "-c", _BUSY, str(cpu)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()
