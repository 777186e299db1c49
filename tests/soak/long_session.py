"""A session of one hour at 100 kS/s (360 M samples), analysed again from its raw bytes: time and memory.

The bytes are an emulated PPK2's: eight windows of inferences, each with two changes of range, between two
idle stretches. ``tinykit session recompute`` then runs in a process of its own, once the raw file has left
the page cache. Results: ``wall_s`` and ``peak_bytes`` of that process, and what it found against the truth.
The whole hour must take less than 30 s and 1 GB; of a share only memory and joules are judged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hour_session import TRUE_J, make

from tinykit.lab.recorder import BYTES, RAW

HOUR_S = 3600.0
MOST_S, MOST_BYTES = 30.0, 10**9
CHILD = """
import sys, time
began_s = time.perf_counter()
from tinykit.cli.app import main
code = main(sys.argv[1:])
wall_s = time.perf_counter() - began_s
# Not ru_maxrss, which begins with the memory of the parent.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(wall_s, time.process_time(), 1024 * int(peak.split()[1]), file=sys.stderr)
sys.exit(code)
"""


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Make the session, analyse it again. Raises AssertionError where that is slow, large or wrong."""
    with tempfile.TemporaryDirectory(prefix="tinykit-hour-") as name:
        folder = Path(name) / "session"
        make(folder, seed, HOUR_S * fraction)
        size_bytes = (folder / RAW / BYTES).stat().st_size
        gross_j = json.loads((folder / "energy.json").read_bytes())["gross_per_inference"]["value"]
        said, wall_s, cpu_s, peak_bytes = recompute(folder)
    assert said["equal"], said
    assert abs(gross_j / TRUE_J - 1) < 1e-3, (gross_j, TRUE_J)
    assert peak_bytes < MOST_BYTES, f"{peak_bytes:,} bytes at its peak"
    assert fraction < 1 or wall_s < MOST_S, f"{wall_s:.1f} s"
    return {
        "samples": size_bytes // 4,
        "raw_bytes": size_bytes,
        "wall_s": round(wall_s, 2),
        "most_wall_s": MOST_S,
        "cpu_s": round(cpu_s, 2),
        "peak_bytes": peak_bytes,
        "most_peak_bytes": MOST_BYTES,
        "samples_per_s": round(size_bytes / 4 / wall_s),
        "gross_to_truth": round(gross_j / TRUE_J, 6),
        "load_average": [round(one, 2) for one in os.getloadavg()],
    }


def recompute(folder: Path) -> tuple[dict[str, object], float, float, int]:
    """``tinykit session recompute`` from the disk: document, seconds, processor seconds, bytes at peak."""
    with (folder / RAW / BYTES).open("rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    words = [sys.executable, "-c", CHILD, "session", "recompute", str(folder), "--json", "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    wall_s, cpu_s, peak_bytes = done.stderr.split()[-3:]
    return json.loads(done.stdout), float(wall_s), float(cpu_s), int(peak_bytes)
