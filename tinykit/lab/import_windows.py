"""Windows and idle stretches of a recorded file, as the user points at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from tinykit.errors import UsageError
from tinykit.lab.analysis import Analysis, Known, Phase, analyse_windows
from tinykit.lab.external import Marks, marked_windows
from tinykit.lab.power_windows import power_windows
from tinykit.lab.windows import MARKED, Placing, Window
from tinykit.meters.meter import MeterSetup
from tinykit.meters.trace import Trace

From = Literal["marker", "power"]
FROM: tuple[From, ...] = ("marker", "power")


@dataclass(frozen=True)
class Pointed:
    """``windows_from`` a marker, or edges of the power. ``idle`` are stretches (from, to) of it, in s.

    With ``guard_s`` the board idles for so long on both sides of each window: together with ``idle``
    windows are summed with such guards, without it the guards themselves are the idle stretches.
    """

    windows_from: From = "marker"
    idle: tuple[tuple[float, float], ...] = ()
    guard_s: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "idle": [list(one) for one in self.idle]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Pointed:
        """Back from JSON; what is absent was not asked for. Raises TypeError, ValueError."""
        pointed = cls(
            data.get("windows_from", "marker"),
            tuple((float(a), float(b)) for a, b in data.get("idle", ())),
            float(data.get("guard_s", 0.0)),
        )
        if pointed.windows_from not in FROM or not 0 <= pointed.guard_s < float("inf"):
            raise ValueError("windows_from or guard_s")
        return pointed


def find_windows(trace: Trace, marks: Marks, pointed: Pointed) -> tuple[tuple[Window, ...], Placing]:
    """The windows of inferences, in order.

    Raises RecordingError: MARKER_LINE, MARKER_MISSING, POWER_EDGES.
    """
    if pointed.windows_from == "marker":
        return marked_windows(trace, marks), MARKED
    windows, placing = power_windows(trace)
    return windows[marks.skip :], placing


def idle_windows(
    trace: Trace, windows: Sequence[Window], placing: Placing, pointed: Pointed
) -> Iterator[Window]:
    """The idle stretches. Raises UsageError, code IDLE, for one outside of the recording or in a window."""
    for from_s, to_s in pointed.idle:
        start, stop = (round(t * trace.sample_rate_hz) for t in (from_s, to_s))
        if not 0 <= start < stop <= trace.length:
            raise UsageError(
                f"There is no stretch from {from_s:g} to {to_s:g} s in the recording.",
                hint=f"it lasts {trace.duration_s:g} s.",
                code="IDLE",
            )
        if any(start < window.stop and window.start < stop for window in windows):
            raise UsageError(
                f"From {from_s:g} to {to_s:g} s the board is not idle: a window lies there.",
                hint="tinykit session plot shows where the windows are.",
                code="IDLE",
            )
        yield Window(start, stop)
    if not pointed.idle and pointed.guard_s:
        yield from _rims(trace, windows, placing, pointed.guard_s)


def _rims(trace: Trace, windows: Sequence[Window], placing: Placing, guard_s: float) -> Iterator[Window]:
    """Beside each window what lies within ``guard_s``, less what the window's edges may be off."""
    guard = round(guard_s * trace.sample_rate_hz)
    near = max(1, round(placing.reach_s * trace.sample_rate_hz))
    between = [0, *(edge for window in windows for edge in (window.start, window.stop)), trace.length]
    for k, (low, high) in enumerate(pairwise(between)):
        if k % 2:
            continue  # a window
        for start, stop in ((low, low + guard), (high - guard, high)):
            touches = start == low and low > 0, stop == high and high < trace.length
            if any(touches) and stop - start > 2 * near and high - low >= 2 * guard:
                yield Window(start + near, stop - near)


def analyse_file(
    trace: Trace, setup: MeterSetup, marks: Marks, pointed: Pointed, known: Known, *, expected: int | None
) -> Analysis:
    """Analyse a file's ``trace``; ``expected`` is how many windows somebody counted, if anybody did.

    Raises what `find_windows` and `idle_windows` do.
    """
    windows, placing = find_windows(trace, marks, pointed)
    idle = tuple(idle_windows(trace, windows, placing, pointed))
    kinds = [*((w, Phase("infer", marks.inferences or 1, None)) for w in windows)]
    kinds += [(w, Phase("idle", 0, None)) for w in idle]
    kinds.sort(key=lambda one: one[0].start)
    return analyse_windows(
        trace,
        setup,
        [phase for _, phase in kinds],
        [window for window, _ in kinds],
        known,
        expected=None if expected is None else expected + len(idle),
        placing=placing,
        is_file=True,
    )
