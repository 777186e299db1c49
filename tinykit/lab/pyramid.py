"""Least, mean and greatest power of every stretch, at every zoom: from hours down to single samples.

The lowest level holds a row for every `BASE` samples, each level above one for every four below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinykit.lab.dense import dense
from tinykit.meters.trace import FloatArray, Trace

BASE = 256
_FOLD = 4
_PIECE = BASE << 10


@dataclass(frozen=True)
class Envelope:
    """Power in W over stretches that begin at ``t_s`` and last ``step_s``; all (n,), NaN where lost."""

    t_s: FloatArray
    step_s: float
    least_w: FloatArray
    mean_w: FloatArray
    most_w: FloatArray


class Pyramid:
    """Of a trace's power. Building it reads the trace once; an hour at 100 kS/s takes about 50 MB."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        parts = [
            _fold(piece.power_w, piece.power_w, piece.power_w, BASE) for piece in dense(trace, size=_PIECE)
        ]
        least, mean, most = (np.concatenate(series) for series in zip(*parts, strict=True))
        self._levels = [(least, mean, most)]
        while len(self._levels[-1][0]) > _FOLD:
            self._levels.append(_fold(*self._levels[-1], _FOLD))

    def look(self, start: int, stop: int, most_points: int = 2000) -> Envelope:
        """Samples [start, stop) in ``most_points`` rows or fewer, each at the finest level that allows it."""
        start, stop = max(0, start), min(self._trace.length, stop)
        rate_hz = self._trace.sample_rate_hz
        if stop - start <= most_points * BASE:
            return self._from_samples(start, stop, most_points)
        step, level = BASE, 0
        while (stop - start) / step > most_points and level + 1 < len(self._levels):
            step, level = step * _FOLD, level + 1
        low, high = start // step, -(-stop // step)
        least, mean, most = (series[low:high] for series in self._levels[level])
        times = np.arange(low, low + len(mean), dtype=np.float64) * (step / rate_hz)
        return Envelope(times, step / rate_hz, least, mean, most)

    def _from_samples(self, start: int, stop: int, most_points: int) -> Envelope:
        rate_hz = self._trace.sample_rate_hz
        step = max(1, -(-(stop - start) // most_points))
        # A last row as long as the others, as at every other zoom.
        stop = min(self._trace.length, start - (start - stop) // step * step)
        powers = [piece.power_w for piece in dense(self._trace, start, stop)] or [np.zeros(0)]
        power = np.concatenate(powers)
        least, mean, most = _fold(power, power, power, step)
        times: FloatArray = (start + np.arange(len(mean), dtype=np.float64) * step) / rate_hz
        return Envelope(times, step / rate_hz, least, mean, most)


def _fold(
    least: FloatArray, mean: FloatArray, most: FloatArray, count: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``count`` rows into one; NaNs count for nothing, unless there is nothing else."""
    rows = -(-len(mean) // count)
    short = rows * count - len(mean)
    shaped = [
        np.pad(series, (0, short), constant_values=np.nan).reshape(rows, count)
        for series in (least, mean, most)
    ]
    there = ~np.isnan(shaped[1])
    number = there.sum(axis=1)
    lost = number == 0
    low = np.where(there, shaped[0], np.inf).min(axis=1, initial=np.inf)
    high = np.where(there, shaped[2], -np.inf).max(axis=1, initial=-np.inf)
    middle = np.where(there, shaped[1], 0.0).sum(axis=1) / np.maximum(number, 1)
    for series in (low, high, middle):
        series[lost] = np.nan
    return low, middle, high
