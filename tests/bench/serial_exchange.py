"""What a `db` exchange costs on our side, on a pty: ``python tests/bench/serial_exchange.py [N]``.

The other end is a process that answers every ``%`` with ``m-ready`` at once. Wall time includes its answer
and two switches between processes; processor time is this process's alone. Exit code 1 beyond a limit.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import tty

EXCHANGES = 18_000
LIMITS = {"wall_us": 150.0, "cpu_us": 60.0}
_ANSWERER = """
import os, sys
fd = int(sys.argv[1])
while True:
    data = os.read(fd, 4096)
    n = data.count(b"%")
    if n:
        os.write(fd, b"m-ready\\r\\n" * n)
"""


def measure(exchanges: int = EXCHANGES) -> dict[str, float]:
    """Median wall and processor time of an exchange in microseconds, processor time over batches of 100."""
    from tinykit.running.serial.exchange import Exchange
    from tinykit.running.serial.port import open_link
    from tinykit.running.serial.reset import PLANS

    master, slave = os.openpty()
    tty.setraw(slave)
    tty.setraw(master)
    words = [sys.executable, "-c", _ANSWERER, str(master)]
    other = subprocess.Popen(words, pass_fds=(master,))
    try:
        link = open_link(os.ttyname(slave), 921_600, PLANS["plain"])
        exchange = Exchange(link)
        digits = "00" * 31
        for _ in range(200):
            exchange.tell("db", digits)
        wall, cpu = [], []
        for _ in range(0, exchanges, 100):
            cpu_start = time.process_time_ns()
            for _ in range(100):
                start = time.perf_counter_ns()
                exchange.tell("db", digits)
                wall.append(time.perf_counter_ns() - start)
            cpu.append((time.process_time_ns() - cpu_start) / 100)
        link.close()
    finally:
        other.kill()
        other.wait()
        os.close(master)
        os.close(slave)
    return {
        "exchanges": len(wall),
        "wall_us": statistics.median(wall) / 1e3,
        "cpu_us": statistics.median(cpu) / 1e3,
    }


def main() -> int:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else EXCHANGES)
    print(f"{found['exchanges']} exchanges")
    for name, most in LIMITS.items():
        print(f"{name} {found[name]:.1f} (limit {most:g}): {'pass' if found[name] <= most else 'miss'}")
    return int(any(found[name] > most for name, most in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
