"""The form of MLPerf Tiny's ``results.json``: a trial a window, energy in J a millisecond, edges as indices.

It is the form alone: a result of MLPerf's is one that MLCommons verified; each trial says that this is none.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from tinykit import __version__
from tinykit.errors import RecordingError, UsageError
from tinykit.lab.analysis import Phase
from tinykit.lab.dense import dense
from tinykit.lab.export import Export, ExportJob
from tinykit.lab.windows import Window
from tinykit.meters.trace import FloatArray, Trace

STAMP = "not a verified result"
BIN_S = 1e-3
_MARGIN_BINS = 5


def _write(job: ExportJob) -> str:
    trace = job.analysis.trace
    if trace.sample_rate_hz < 1.0 / BIN_S:
        raise UsageError(
            f"{trace.sample_rate_hz:g} samples a second are fewer than this form's 1000.",
            hint="export CSV.",
            code="EXPORT_FORMAT",
        )
    if job.session.gross is None:
        raise RecordingError(
            "The session has no number: its verdict failed.",
            hint="export the samples as CSV or .jls; results go out only where there are any.",
            code="EXPORT_EMPTY",
        )
    marked = [
        (phase, window)
        for phase, window in zip(job.analysis.phases, job.analysis.windows, strict=True)
        if phase.kind == "infer" and job.start <= window.start and window.stop <= job.stop
    ]
    trials = [_trial(job, trace, phase, window) for phase, window in marked]
    if not trials:
        raise RecordingError(
            "There is no whole window in that stretch.",
            hint="leave --from and --to out.",
            code="EXPORT_EMPTY",
        )
    job.path.write_text(json.dumps(trials, allow_nan=False) + "\n", encoding="utf-8")
    return f"{len(trials)} trials; {STAMP}"


def _trial(job: ExportJob, trace: Trace, phase: Phase, window: Window) -> dict[str, Any]:
    """The window begins on an edge of a bin, and ends within half a bin of one."""
    supply = trace.supply
    step = trace.sample_rate_hz * BIN_S
    before = min(_MARGIN_BINS, int(window.start / step))
    inside = max(1, round(len(window) / step))
    energies = _bins(trace, window.start - before * step, before + inside + _MARGIN_BINS, step)
    plan = job.session.manifest.get("plan") or {}
    return {
        "tinykit": {
            "version": __version__,
            "note": STAMP,
            "simulated": job.session.known.simulated,
            "verdict": job.session.verdict.state,
        },
        "power": {
            "samples": energies.tolist(),
            "timestamps": [[0, before], [1, before + inside]],
            "voltage": None if supply is None else supply.voltage_v,
        },
        "infer": {"iterations": phase.inferences, "warmups": plan.get("warmups", 0)},
    }


def _bins(trace: Trace, start: float, count: int, step: float) -> FloatArray:
    """Energy in J in ``count`` bins of ``step`` samples from ``start`` on; lost samples count as nothing."""
    low, high = int(start), min(trace.length, int(np.ceil(start + count * step)) + 1)
    powers = np.concatenate([piece.power_w for piece in dense(trace, low, high)])
    summed = np.concatenate([[0.0], np.cumsum(np.nan_to_num(powers)) / trace.sample_rate_hz])
    edges = start - low + step * np.arange(count + 1)
    return np.asarray(np.diff(np.interp(edges, np.arange(len(summed)), summed)))


EXPORT = Export("mlperf", ".json", f"the form of MLPerf Tiny's results.json, {STAMP}", _write)
