"""Where a session's windows lie in its trace: by the marker, or by what is asked for in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinykit.errors import RecordingError
from tinykit.lab.clock_windows import CLOCK_TOLERANCE, Bracket, board_windows, host_windows, read_brackets
from tinykit.lab.host_windows import host_windows as counter_windows
from tinykit.lab.power_windows import power_windows
from tinykit.lab.recorder import Event
from tinykit.lab.windows import MARKED, Method, Placing, Window, find_edges, level_windows, pulse_windows
from tinykit.meters.meter import Capabilities
from tinykit.meters.trace import Trace


@dataclass(frozen=True)
class Placed:
    """``windows`` in order; ``phases`` are the numbers of those phases that they must be, in order."""

    windows: tuple[Window, ...]
    phases: tuple[int, ...]
    placing: Placing


def place_windows(
    trace: Trace,
    events: Sequence[Event],
    method: Method,
    *,
    line: int,
    meter: Capabilities,
    guard_s: float,
    tolerance: float | None,
) -> Placed:
    """The windows of the session that wrote ``events``, one a phase that came to its end.

    ``line`` is the marker's. A meter that is built into what it measures needs none.
    Raises RecordingError: BOARD_TIME, HOST_TIME, POWER_EDGES, EVENTS.
    """
    kinds = [str(event.facts["kind"]) for event in events if event.what == "done"]
    everyone = tuple(range(len(kinds)))
    if method == "marker":
        if not trace.digital_lines and not meter.modes:
            # A meter without wires is built into the host, and shares its clock.
            return Placed(counter_windows(trace, events), everyone, Placing("counters"))
        return Placed(marked_windows(trace, line, meter), everyone, MARKED)
    brackets = tuple(read_brackets(events))
    if not brackets:
        return Placed((), (), Placing(method))
    if method == "board":
        limit = CLOCK_TOLERANCE if tolerance is None else tolerance
        windows, placing = board_windows(trace, brackets, guard_s, limit)
        return Placed(windows, everyone, placing)
    if method == "host":
        windows, placing = host_windows(trace, brackets)
        return Placed(windows, everyone, placing)
    return _by_power(trace, brackets, kinds)


def marked_windows(trace: Trace, line: int, meter: Capabilities) -> tuple[Window, ...]:
    """The windows that the marker on ``line`` gives, as ``meter`` sees it."""
    edges = find_edges(trace, line) if trace.digital_lines else ()
    return pulse_windows(edges) if meter.sees == "falls" else level_windows(edges)


def _by_power(trace: Trace, brackets: Sequence[Bracket], kinds: Sequence[str]) -> Placed:
    """Inferences by edges of the power; states, which have none, by the host's time where it is known."""
    windows, placing = power_windows(trace)
    infers = tuple(i for i, kind in enumerate(kinds) if kind == "infer")
    try:
        held, by_host = host_windows(trace, brackets)
    except RecordingError:
        return Placed(windows, infers, replace(placing, unplaced=len(kinds) - len(infers)))
    if len(windows) != len(infers):
        return Placed(windows, infers, placing)
    states = {i: _inside(held[i], by_host.edge_s, trace) for i, kind in enumerate(kinds) if kind != "infer"}
    all_of_them = {**dict(zip(infers, windows, strict=True)), **states}
    order = tuple(sorted(all_of_them))
    return Placed(tuple(all_of_them[i] for i in order), order, placing)


def _inside(window: Window, edge_s: float, trace: Trace) -> Window:
    """What lies in the window for certain."""
    margin = min(round(edge_s * trace.sample_rate_hz), len(window) // 2)
    return Window(window.start + margin, window.stop - margin)
