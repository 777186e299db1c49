"""How much memory a process holds, without a dependency."""

from __future__ import annotations

import subprocess
from pathlib import Path


def resident_bytes(pid: int) -> int | None:
    """Resident set of process ``pid``: /proc on Linux, ``ps`` elsewhere; None where neither knows it."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return _from_ps(pid)
    import resource

    return pages * resource.getpagesize()


def _from_ps(pid: int) -> int | None:
    try:
        answer = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, timeout=5, check=False
        )
        return int(answer.stdout) * 1024
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
