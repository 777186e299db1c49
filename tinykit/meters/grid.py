"""Written times into sample numbers: a sample clock is assumed, and checked row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinykit.meters.importing import ImportOptions, refused
from tinykit.meters.trace import FloatArray, TraceWarning

# Further from the clock than this part of a period, a time belongs to no sample.
_JITTER = 0.3
_RATE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Grid:
    """``rows`` that are kept, int64 (n,), and the sample ``numbers`` they have, int64 (n,), from 0."""

    sample_rate_hz: float
    rows: NDArray[np.int64]
    numbers: NDArray[np.int64]
    warnings: tuple[TraceWarning, ...]


def row_grid(path: Path, rows: int, options: ImportOptions) -> Grid:
    """Without times: row i is sample i. Raises RecordingError, code TIME_MISSING, where no rate is given."""
    rate_hz = options.sample_rate_hz
    if rate_hz is None:
        raise refused(
            path,
            "there is no column of times",
            "give the sample rate in samples a second.",
            code="TIME_MISSING",
        )
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise refused(
            path, f"{rate_hz} samples a second cannot be", "give a rate above 0.", code="RATE_ABSURD"
        )
    return Grid(rate_hz, np.arange(rows), np.arange(rows), ())


def time_grid(path: Path, times_s: FloatArray, values: FloatArray, options: ImportOptions) -> Grid:
    """Sample numbers from ``times_s`` (n,) in s; ``values`` (n, columns) tell a repeated row from a clash.

    Rows that repeat the one before are dropped, rows that are missing become holes in the numbers, both with
    a warning. Raises RecordingError: TIME_MISSING, TIME_BACKWARDS, TIME_DUPLICATE, TIME_IRREGULAR,
    RATE_MISMATCH or RECORDING_EMPTY.
    """
    if np.isnan(times_s).any():
        row = int(np.isnan(times_s).argmax())
        raise refused(
            path, f"row {row + 1} has no time", "delete the row, or export again.", code="TIME_MISSING"
        )
    rows, warnings = _without_repeats(path, times_s, values)
    if len(rows) < 2:
        raise refused(path, "one row shows no sample rate", "record longer.", code="RECORDING_EMPTY")
    times_s = times_s[rows]
    steps_s = np.diff(times_s)
    if (steps_s < 0).any():
        row = int(rows[1:][steps_s < 0][0])
        raise refused(
            path,
            f"time runs backwards at row {row + 1}",
            "is this two recordings in one file? Cut it there.",
            code="TIME_BACKWARDS",
        )
    steps = _whole_steps(path, rows, steps_s)
    numbers = np.concatenate(([0], np.cumsum(steps)))
    missing = int(numbers[-1]) + 1 - len(numbers)
    if missing:
        places = int((steps > 1).sum())
        warnings.append(TraceWarning("ROWS_MISSING", f"{missing} rows are missing, in {places} places."))
    rate_hz = _rate(path, float(numbers[-1] / (times_s[-1] - times_s[0])), options)
    return Grid(rate_hz, rows, numbers, tuple(warnings))


def _without_repeats(
    path: Path, times_s: FloatArray, values: FloatArray
) -> tuple[NDArray[np.int64], list[TraceWarning]]:
    same_time = np.diff(times_s, prepend=np.nan) == 0
    if not same_time.any():
        return np.arange(len(times_s)), []
    before = np.roll(values, 1, axis=0)
    same = ((values == before) | (np.isnan(values) & np.isnan(before))).all(axis=1)
    if (same_time & ~same).any():
        row = int((same_time & ~same).argmax())
        raise refused(
            path,
            f"row {row + 1} has the time of the row before, and other values",
            "these are not sample times, perhaps times of arrival: skip the column and give the sample rate.",
            code="TIME_DUPLICATE",
        )
    count = int(same_time.sum())
    note = TraceWarning("ROWS_REPEATED", f"{count} rows repeat the row before, time and all; dropped.")
    return np.flatnonzero(~same_time), [note]


def _whole_steps(path: Path, rows: NDArray[np.int64], steps_s: FloatArray) -> NDArray[np.int64]:
    step_s = float(np.median(steps_s))
    # Times cut to few digits make steps of 0.2 and 0.3 ms out of 0.244: their mean is right, no one of them.
    step_s = float(steps_s[steps_s < 1.6 * step_s].mean())
    steps = np.rint(steps_s / step_s)
    astray = (np.abs(steps_s / step_s - steps) > _JITTER) | (steps < 1)
    # Far jumps cannot be told to a fraction of a period: the clock's own drift is in them.
    astray &= steps < 1000
    if astray.any():
        row = int(rows[1:][astray][0])
        raise refused(
            path,
            f"row {row + 1} does not fit a sample clock of {1 / step_s:.6g} Hz",
            "these are not sample times: skip the column and give the sample rate.",
            code="TIME_IRREGULAR",
        )
    return steps.astype(np.int64)


def _rate(path: Path, seen_hz: float, options: ImportOptions) -> float:
    given_hz = options.sample_rate_hz
    if given_hz is None:
        whole_hz = float(f"{seen_hz:.4g}")
        # Digits that were cut off the times, and not a clock's 10 ppm, are what is left below this.
        return whole_hz if abs(seen_hz / whole_hz - 1) < 1e-6 else seen_hz
    if abs(seen_hz / given_hz - 1) > _RATE_TOLERANCE:
        raise refused(
            path,
            f"the times say {seen_hz:.6g} samples a second, and {given_hz:g} is given",
            "are the times in another unit? Say which, or leave the rate out.",
            code="RATE_MISMATCH",
        )
    return given_hz
