"""A powercap tree whose counters another process advances: ``powercap_child.py ROOT POWER_W UPDATE_S``.

What is real here is the interface: files that a foreign process changes, and that wrap. Run as a program it
writes until its standard input is closed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WRAP_UJ = 8_000_000
"""At 20 W it wraps every 0.4 s."""


@contextmanager
def powercap(root: Path, power_w: float = 20.0, update_s: float = 0.002) -> Iterator[Path]:
    """The tree in ``root`` while the child advances it: a package at ``power_w``, memory at a quarter."""
    child = subprocess.Popen(
        [sys.executable, __file__, str(root), str(power_w), str(update_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"ready\n"
        yield root
    finally:
        child.stdin.close()
        child.wait(timeout=20)
        child.stdout.close()


def _advance(root: Path, power_w: float, update_s: float) -> None:
    zones = {"intel-rapl:0": ("package-0", power_w), "intel-rapl:0:0": ("dram", power_w / 4)}
    for folder, (name, _) in zones.items():
        (root / folder).mkdir(parents=True)
        (root / folder / "name").write_text(f"{name}\n")
        (root / folder / "max_energy_range_uj").write_text(f"{WRAP_UJ}\n")
        (root / folder / "energy_uj").write_text("0\n")
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    began_s = time.monotonic()
    while not over.wait(update_s):
        for folder, (_, watts) in zones.items():
            part = root / "part"
            part.write_text(f"{int((time.monotonic() - began_s) * watts * 1e6) % WRAP_UJ}\n")
            part.replace(root / folder / "energy_uj")


if __name__ == "__main__":
    _advance(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
