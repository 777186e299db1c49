"""Windows by the host's own clock, for a meter that is built into what it measures: there is no marker."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinykit.lab.recorder import Event
from tinykit.lab.windows import Window
from tinykit.meters.meter import UPDATES_A_WINDOW
from tinykit.meters.trace import Trace


def host_windows(trace: Trace, events: Sequence[Event]) -> tuple[Window, ...]:
    """A window from each event ``go`` or ``rest`` to its ``done``, to the nearest sample.

    ``unsure`` is what counters that change now and then add: at both edges they show what was true up to one
    update ago. A window that goes on behind the trace's end was cut off. Empty where the trace does not know
    the host's time.
    """
    if trace.t_start_host_s is None:
        return ()
    rate_hz, start_s = trace.sample_rate_hz, trace.t_start_host_s
    unsure = math.ceil(2 * trace.min_window_s / UPDATES_A_WINDOW * rate_hz)
    windows = []
    began_s: float | None = None
    for event in events:
        if event.what in ("go", "rest"):
            began_s = event.t_host_s
        elif event.what == "done" and began_s is not None:
            start, stop = (round((t_s - start_s) * rate_hz) for t_s in (began_s, event.t_host_s))
            # The last reading comes right behind the last event, in the same sample perhaps.
            stop = trace.length if stop == trace.length + 1 else stop
            windows.append(Window(max(start, 0), stop, unsure))
            began_s = None
    return tuple(windows)
