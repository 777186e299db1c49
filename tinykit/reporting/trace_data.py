"""What the zoom script draws: a session's power in three sizes, its windows, its gaps."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinykit.console import safe_text
from tinykit.lab.analysis import Analysis
from tinykit.lab.pyramid import Envelope, Pyramid
from tinykit.pretty import format_duration, format_si
from tinykit.reporting.page import Table

WHOLE_ROWS, WINDOW_ROWS, INFERENCE_ROWS = 4096, 32768, 8192
_TABLE_ROWS = 200
_MOST_MARKS = 1000


def trace_document(
    analysis: Analysis, pyramid: Pyramid, *, simulated: bool, share: float = 1.0
) -> dict[str, Any]:
    """Levels from coarse to fine, each least, mean and greatest power; ``share`` of the rows of one session.

    ``data`` of a level is float32, little-endian, in base64: all least values, all means, all greatest; NaN
    where samples are lost.
    """
    trace = analysis.trace
    spans = [("Whole session", 0, trace.length, WHOLE_ROWS), *_first_window(analysis)]
    looks = [pyramid.look(start, stop, max(64, int(rows * share))) for _, start, stop, rows in spans]
    return {
        "length_s": trace.duration_s,
        "sample_s": 1.0 / trace.sample_rate_hz,
        "simulated": simulated,
        "views": [
            [name, start / trace.sample_rate_hz, stop / trace.sample_rate_hz]
            for name, start, stop, _ in spans
        ],
        "levels": [_level(look) for look in looks],
        "phases": list(_phases(analysis)),
        "gaps": list(_gaps(analysis)),
    }


def _first_window(analysis: Analysis) -> Iterator[tuple[str, int, int, int]]:
    for phase, window in zip(analysis.phases, analysis.windows, strict=False):
        if phase.kind != "infer":
            continue
        margin = max(len(window) // 20, 1)
        step = max(1, len(window) // max(phase.inferences, 1))
        early = max(0, window.start - max(step // 4, 1))
        yield (
            "Window 1",
            max(0, window.start - margin),
            min(analysis.trace.length, window.stop + margin),
            WINDOW_ROWS,
        )
        end = min(analysis.trace.length, window.start + step + max(step // 4, 1))
        yield "First inference", early, end, INFERENCE_ROWS
        return


def _level(look: Envelope) -> dict[str, Any]:
    series = np.concatenate([look.least_w, look.mean_w, look.most_w]).astype("<f4")
    return {
        "start_s": float(look.t_s[0]) if len(look.t_s) else 0.0,
        "step_s": look.step_s,
        "rows": len(look.t_s),
        "data": base64.b64encode(series.tobytes()).decode("ascii"),
    }


def _phases(analysis: Analysis) -> Iterator[list[Any]]:
    rate_hz = analysis.trace.sample_rate_hz
    marks = zip(analysis.phases, analysis.windows, strict=False)
    for phase, window in list(marks)[:_MOST_MARKS]:
        yield [safe_text(phase.kind), window.start / rate_hz, window.stop / rate_hz, phase.inferences]


def _gaps(analysis: Analysis) -> Iterator[list[float]]:
    rate_hz = analysis.trace.sample_rate_hz
    for gap in analysis.trace.gaps[:_MOST_MARKS]:
        yield [gap.first_index / rate_hz, (gap.first_index + gap.count) / rate_hz]


def trace_table(analysis: Analysis, pyramid: Pyramid) -> Table:
    """The whole session in a few rows: what the picture's first panel shows."""
    look = pyramid.look(0, analysis.trace.length, _TABLE_ROWS)
    series = zip(look.t_s, look.least_w, look.mean_w, look.most_w, strict=True)
    return Table(
        "The data of this picture",
        (">from", ">least power", ">mean power", ">greatest power"),
        tuple((f"{t:.6g} s", _power(a), _power(b), _power(c)) for t, a, b, c in series),
        folded=True,
        note=f"Rows of {format_duration(look.step_s)}, by the meter's clock; tinykit session export writes"
        " every sample.",
    )


def _power(power_w: float) -> str:
    return "lost" if np.isnan(power_w) else format_si(power_w, "W", digits=4)


def marks_left_out(analysis: Analysis) -> Mapping[str, int]:
    """How many windows and gaps are too many to be drawn."""
    found = {"windows and states": len(analysis.phases), "gaps": len(analysis.trace.gaps)}
    return {name: count - _MOST_MARKS for name, count in found.items() if count > _MOST_MARKS}
