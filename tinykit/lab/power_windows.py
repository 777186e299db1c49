"""Windows without a marker, by edges of the power: where it steps between two levels, to a sample or so.

A step that a decoupling capacitor rounds off is found at its middle; how far it reaches to both sides is how
well its place is known. Warm-ups, transfers and other work at the same power look like windows, too: only
the longest stretches count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinykit.errors import RecordingError
from tinykit.lab.windows import Placing, Window
from tinykit.meters.trace import FloatArray, Trace

BIN_S = 1e-3
"""Levels are sought in means over this: longer than the bursts of a switching regulator."""
_DIP_BINS = 5
_NEAR_BINS = 4
"""An edge is looked at with so many on both sides: less than a board idles around a window."""
_MOST_BINS = 4_000_000
_SHORTEST = 0.5
"""Of the longest stretch's length: a shorter one is a warm-up, or a transfer."""


def power_windows(trace: Trace) -> tuple[tuple[Window, ...], Placing]:
    """The long stretches at high power, in order, those cut off by an end left out.

    Raises RecordingError, code POWER_EDGES, where the power has no two levels.
    """
    size = max(1, round(BIN_S * trace.sample_rate_hz), -(-trace.length // _MOST_BINS))
    means = _means(trace, size)
    threshold, low, high = _levels(means)
    stretches = _stretches(means > threshold)
    longest = max((b - a for a, b in stretches), default=0)
    kept = [(a, b) for a, b in stretches if b - a >= _SHORTEST * longest and b - a > 1]
    if not kept:
        raise RecordingError(
            "The power shows no window: it does not step up and down again.",
            hint="look at tinykit session plot; without a marker an inference must stand out from idle.",
            code="POWER_EDGES",
        )
    windows, widest = [], 1.0
    for a, b in kept:
        start, width = _edge(trace, a * size, size, rising=True)
        stop, other = _edge(trace, b * size, size, rising=False)
        windows.append(Window(start, stop))
        widest = max(widest, width / 2, other / 2)
    contrast = high / low if low > 0 else float("inf")
    return tuple(windows), Placing("power", edge_s=widest / trace.sample_rate_hz, contrast=contrast)


def _means(trace: Trace, size: int) -> FloatArray:
    """Mean power, or what is proportional to it, by bins of ``size`` samples; an empty one is as before."""
    count = -(-trace.length // size)
    sums, numbers = np.zeros(count), np.zeros(count)
    for block in trace.blocks():
        values = block.values if block.voltage_v is None else block.values * block.voltage_v
        good = np.isfinite(values)
        bins = (block.first_index + np.flatnonzero(good)) // size
        first = int(bins[0]) if len(bins) else 0
        some = np.bincount(bins - first, weights=values[good])
        sums[first : first + len(some)] += some
        numbers[first : first + len(some)] += np.bincount(bins - first)
    filled = np.maximum.accumulate(np.where(numbers > 0, np.arange(count), 0))
    return (sums / np.maximum(numbers, 1))[filled]


def _levels(means: FloatArray) -> tuple[float, float, float]:
    """The threshold between two levels, and the levels: each is the mean of what lies on its side."""
    threshold = (float(means.min()) + float(means.max())) / 2 if len(means) else 0.0
    for _ in range(100):
        above = means > threshold
        if above.all() or not above.any():
            return threshold, threshold, threshold
        low, high = float(means[~above].mean()), float(means[above].mean())
        if abs((low + high) / 2 - threshold) <= 1e-9 * abs(high - low):
            break
        threshold = (low + high) / 2
    return threshold, low, high


def _stretches(above: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Runs of high bins, dips of up to _DIP_BINS filled, those that touch an end left out."""
    edges = np.flatnonzero(np.diff(above.astype(np.int8), prepend=0, append=0))
    joined: list[tuple[int, int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        if joined and a - joined[-1][1] <= _DIP_BINS:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return [(a, b) for a, b in joined if a > 0 and b < len(above)]


def _edge(trace: Trace, near: int, size: int, *, rising: bool) -> tuple[int, float]:
    """The step next to sample ``near``: its first sample, and how many it takes from 10 to 90 %.

    The change point of two constant levels by least squares: where the sum of differences from the mean
    is farthest from 0.
    """
    reach = _NEAR_BINS * size
    low, high = max(0, near - reach), min(trace.length, near + reach)
    parts: Sequence[FloatArray] = [
        block.values if block.voltage_v is None else block.values * block.voltage_v
        for block in trace.blocks(low, high)
    ]
    values = np.nan_to_num(np.concatenate(parts)) if parts else np.zeros(0)
    if len(values) < 2 or len(values) < high - low:
        return near, float(size)  # samples are lost here: the edge is good to a bin
    falls = (values - values.mean()) if not rising else (values.mean() - values)
    at = int(np.argmax(np.cumsum(falls)[:-1])) + 1
    before, after = float(values[:size].mean()), float(values[-size:].mean())
    share = (values - before) / (after - before) if after != before else np.zeros(len(values))
    return low + at, float(np.count_nonzero((share > 0.1) & (share < 0.9)))
