"""A session as a picture, from hours down to one inference (extra ``report``).

Colours are Okabe and Ito's, which colour-blind readers can tell apart; kinds also differ by hatching and by
their names. Least and greatest power of each stretch are a band, its mean a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.errors import MissingExtraError, OutputError, RecordingError, UsageError
from tinykit.lab.analysis import Analysis
from tinykit.lab.pyramid import Envelope, Pyramid
from tinykit.lab.store import StoredSession, open_session, reanalyse
from tinykit.pretty import decimals_for, format_duration, format_si
from tinykit.reporting.plot_text import BODY, COLUMN, plain, plot_text

SUFFIXES = (".png", ".svg", ".pdf")
_MEAN, _BAND, _GAP = "#0072B2", "#9ec9e2", "#D55E00"
_KINDS = {"infer": ("#E69F00", "////"), "idle": ("#009E73", "...."), "sleep": ("#CC79A7", "\\\\\\\\")}
_OTHERS = (("#56B4E9", "----"), ("#D55E00", "xxxx"), ("#F0E442", "++++"), ("#999999", "oo"))
_POINTS = 1600
_MOST_GAPS = 500
_LONGEST_NAME = 32


@dataclass(frozen=True)
class View:
    """What to draw: a window (from 1), its first inference, [from_s, to_s); nothing said: all three sizes."""

    window: int | None = None
    inference: bool = False
    from_s: float | None = None
    to_s: float | None = None


@dataclass(frozen=True)
class Drawn:
    """A picture that was written."""

    path: Path
    panels: tuple[str, ...]
    simulated: bool

    def to_dict(self) -> dict[str, object]:
        """The document ``tinykit.plot``, version 1."""
        return {
            "schema": "tinykit.plot",
            "schema_version": 1,
            "path": str(self.path),
            "panels": list(self.panels),
            "simulated": self.simulated,
        }


@dataclass(frozen=True)
class _Panel:
    title: str
    start: int
    stop: int


def plot_session(folder: Path, path: Path, view: View = View()) -> Drawn:
    """Draw the session in ``folder`` to ``path`` (.png, .svg, .pdf).

    Raises UsageError for another suffix, MissingExtraError, RecordingError (PLOT_WINDOW, PLOT_EMPTY, and what
    `open_session` raises), OutputError.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"'{path.name}' is no picture.", hint=f"name it {', '.join(SUFFIXES)}.")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib, which draws,", "report") from error
    session = open_session(folder)
    analysis = reanalyse(session)
    panels = _panels(analysis, view)
    pyramid = Pyramid(analysis.trace)
    figure = Figure(figsize=(COLUMN, 1.0 + 2.2 * len(panels)), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(session), fontsize=BODY, x=0.01, ha="left")
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        _draw(axis, panel, analysis, pyramid)
        if session.known.simulated:
            _stamp(axis)
    _legend(figure, axes)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=_metadata(session, path))
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.", hint="name another place."
        ) from error
    return Drawn(path, tuple(panel.title for panel in panels), session.known.simulated)


def _panels(analysis: Analysis, view: View) -> list[_Panel]:
    trace = analysis.trace
    whole = _Panel("The whole session", 0, trace.length)
    if view.from_s is not None or view.to_s is not None:
        low = 0 if view.from_s is None else round(view.from_s * trace.sample_rate_hz)
        high = trace.length if view.to_s is None else round(view.to_s * trace.sample_rate_hz)
        if not 0 <= low < high <= trace.length:
            raise RecordingError(
                "There is no such stretch.",
                hint=f"the recording lasts {trace.duration_s:.6g} s.",
                code="PLOT_EMPTY",
            )
        return [_Panel("", low, high)]
    infers = [
        (phase, window)
        for phase, window in zip(analysis.phases, analysis.windows, strict=False)
        if phase.kind == "infer"
    ]
    number = view.window or 1
    if not infers and view.window is None and not view.inference:
        return [whole]
    if not 1 <= number <= len(infers):
        raise RecordingError(
            f"There is no window {number}.", hint=f"there are {len(infers)}.", code="PLOT_WINDOW"
        )
    phase, window = infers[number - 1]
    margin = max(len(window) // 20, 1)
    lasts = format_duration(len(window) / trace.sample_rate_hz)
    one = _Panel(
        f"Window {number}: {phase.inferences:,} inferences in {lasts}",
        max(0, window.start - margin),
        min(trace.length, window.stop + margin),
    )
    step = max(1, len(window) // max(phase.inferences, 1))
    last = _Panel(
        f"Its first inference, {format_si(step / trace.sample_rate_hz, 's')} by the window's mean",
        max(0, window.start - max(step // 4, 1)),
        min(trace.length, window.start + step + max(step // 4, 1)),
    )
    if view.inference:
        return [last]
    return [one] if view.window is not None else [whole, one, last]


def _draw(axis: Any, panel: _Panel, analysis: Analysis, pyramid: Pyramid) -> None:
    seen = pyramid.look(panel.start, panel.stop, _POINTS)
    unit_t, scale_t = _time_unit(seen)
    peak = float(np.nanmax(seen.most_w, initial=1e-12))
    unit_w = format_si(peak, "W").split()[-1]
    scale_w = {"pW": 1e12, "nW": 1e9, "µW": 1e6, "mW": 1e3, "W": 1.0}.get(unit_w, 1.0)
    zero_s = panel.start / analysis.trace.sample_rate_hz if panel.start else 0.0
    begin_s = 0.0 if scale_t == 1.0 else zero_s
    edges = (np.append(seen.t_s, seen.t_s[-1] + seen.step_s) - begin_s) * scale_t
    levels = [np.append(series, series[-1]) * scale_w for series in (seen.least_w, seen.most_w, seen.mean_w)]
    axis.fill_between(
        edges, levels[0], levels[1], step="post", color=_BAND, linewidth=0.6, label="least to greatest"
    )
    axis.step(edges, levels[2], where="post", color=_MEAN, linewidth=1.1, label="mean")
    _windows(axis, panel, analysis, begin_s, scale_t)
    _gaps(axis, panel, analysis, begin_s, scale_t)
    axis.set_xlim(edges[0], edges[-1])
    low = float(np.nanmin(levels[0], initial=0.0))
    axis.set_ylim(min(0.0, low * 1.05), peak * scale_w * 1.12)
    axis.set_title(panel.title, fontsize=BODY, loc="left")
    since = "" if begin_s == 0.0 else f" since {begin_s:.{max(0, decimals_for(1e-4))}f} s"
    axis.set_xlabel(f"time in {unit_t}{since}, by the meter's clock", fontsize=BODY)
    axis.set_ylabel(f"power in {unit_w}", fontsize=BODY)
    plain(axis)
    axis.grid(alpha=0.25, linewidth=0.5)


def _time_unit(seen: Envelope) -> tuple[str, float]:
    span_s = float(len(seen.t_s) * seen.step_s)
    if span_s >= 5.0:
        return "s", 1.0
    return ("ms", 1e3) if span_s >= 5e-3 else ("µs", 1e6)


def _windows(axis: Any, panel: _Panel, analysis: Analysis, begin_s: float, scale: float) -> None:
    rate_hz = analysis.trace.sample_rate_hz
    others = [kind for kind in dict.fromkeys(phase.kind for phase in analysis.phases) if kind not in _KINDS]
    for phase, window in zip(analysis.phases, analysis.windows, strict=False):
        if window.stop < panel.start or window.start > panel.stop:
            continue
        colour, hatch = _KINDS.get(phase.kind) or _OTHERS[others.index(phase.kind) % len(_OTHERS)]
        low, high = ((at / rate_hz - begin_s) * scale for at in (window.start, window.stop))
        name = "inferences" if phase.kind == "infer" else plot_text(phase.kind, _LONGEST_NAME)
        # The strip below the axis shows what a shade behind the curve would hide.
        axis.axvspan(low, high, color=colour, alpha=0.13, linewidth=0)
        axis.axvspan(
            low, high, ymax=0.035, facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0, label=name
        )


def _gaps(axis: Any, panel: _Panel, analysis: Analysis, begin_s: float, scale: float) -> None:
    rate_hz = analysis.trace.sample_rate_hz
    inside = [
        gap
        for gap in analysis.trace.gaps
        if gap.first_index < panel.stop and gap.first_index + gap.count >= panel.start
    ]
    for gap in inside[:_MOST_GAPS]:
        low, high = (
            (at / rate_hz - begin_s) * scale for at in (gap.first_index, gap.first_index + gap.count)
        )
        axis.axvspan(low, high, color=_GAP, alpha=0.8, linewidth=0.8, label="lost samples")


def _legend(figure: Any, axes: Any) -> None:
    entries: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower left",
        ncols=3,
        fontsize=BODY,
        frameon=False,
    )


def _stamp(axis: Any) -> None:
    axis.text(
        0.5,
        0.5,
        "SIMULATED",
        transform=axis.transAxes,
        ha="center",
        va="center",
        fontsize=30,
        color="#7a7a7a",
        alpha=0.28,
        weight="bold",
    )


def _title(session: StoredSession) -> str:
    manifest = session.manifest
    imported = manifest.get("import") or {}
    model = (manifest.get("model") or {}).get("name") or imported.get("name") or session.folder.name
    where = manifest.get("board") or {}
    board = where.get("name") or where.get("ran_on", "")
    instrument = (manifest.get("meter") or {}).get("instrument") or {}
    emulated = " (emulated)" if instrument.get("emulated") else ""
    stamp = "   SIMULATED" if session.known.simulated else ""
    parts = (model, board, instrument.get("model"))
    names = ", ".join(plot_text(str(part), _LONGEST_NAME) for part in parts if part)
    return f"{names}{emulated}\nverdict {session.verdict.state}{stamp}"


def _metadata(session: StoredSession, path: Path) -> dict[str, str]:
    stamp = " SIMULATED" if session.known.simulated else ""
    key = "Description" if path.suffix.lower() != ".pdf" else "Subject"
    return {key: f"tinykit session {session.folder.name}{stamp}"}
