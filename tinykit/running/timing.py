"""Choosing how many inferences a window holds, so that it lasts as long as it was asked to."""

from __future__ import annotations

import math
from dataclasses import replace

from tinykit.progress import SILENT, Progress
from tinykit.running.result import FULL_WINDOW_INFERENCES, FULL_WINDOW_S, Window
from tinykit.running.runner import Session

# A calibration that took so many steps of its clock is good to a per cent.
_STEPS = 100
_LONG_ENOUGH = 0.02
_MARGIN = 1.02
_TRIES = 5
_MOST_WARMUPS = 10


def time_windows(
    session: Session, *, repeat: int | None = None, seconds: float | None = None, progress: Progress = SILENT
) -> tuple[Window, ...]:
    """One window on the row that was run last: of ``repeat`` inferences, else of ``seconds`` (10).

    N comes from a short run first. Raises what `Session.window` raises.
    """
    if repeat is not None:
        return (session.window(repeat, min(_MOST_WARMUPS, repeat)),)
    wanted_s = FULL_WINDOW_S if seconds is None else seconds
    progress.start(f"Timing a window of {wanted_s:g} s")
    short = calibrate(session, wanted_s)
    window, n = short, 0
    for _ in range(_TRIES):
        latency_s = max(window.latency_s, window.resolution_s / window.inferences, 1e-9)
        # A host that was busy during the last try is faster in the next: N only grows.
        n = max(math.ceil(_MARGIN * wanted_s / latency_s), math.ceil(_MARGIN * n))
        least = FULL_WINDOW_INFERENCES if wanted_s >= FULL_WINDOW_S else 1
        n = max(n, least)
        window = session.window(n, min(_MOST_WARMUPS, n))
        if window.duration_s >= wanted_s:
            break
    window = replace(window, wanted_s=wanted_s)
    progress.finish(f"{window.inferences:,} inferences in {window.duration_s:.3g} s")
    return (window,)


def calibrate(session: Session, wanted_s: float) -> Window:
    """A short window, long enough to tell the latency by."""
    n = 1
    window = session.window(n, 1)
    while window.duration_s < max(_STEPS * window.resolution_s, _LONG_ENOUGH * wanted_s):
        n *= 4
        window = session.window(n, 0)
    return window
