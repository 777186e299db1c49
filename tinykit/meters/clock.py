"""A meter's sample clock against the host's: where it began, how far it is off, what vanished unseen.

Bytes are received late and never early, so the earliest arrivals of every stretch lie on a line: the meter's
clock. Samples that a counter cannot show as lost (a 6-bit one misses multiples of 64) lift that line for
good, a busy host only for a while.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinykit.meters.trace import FloatArray

STRETCH_S = 1.0
# A busy host lifts the line too, for seconds; a loss lifts it for at least so many stretches,
LASTING = 5
# and by much more than the line trembles anyway.
_TREMBLES = 6.0
_LONGEST_SPAN = 20
# Crystals are within 100 ppm; more than this is not drift but a stream that loses or repeats samples.
MAX_DRIFT = 200e-6


@dataclass(frozen=True)
class Jump:
    """From about ``t_host_s`` on (good to a stretch), ``samples`` more were missing."""

    t_host_s: float
    samples: int


@dataclass(frozen=True)
class ClockFit:
    """``t_start_host_s`` is when sample 0 was taken, at the latest; ``rate_hz`` what the host's clock saw."""

    t_start_host_s: float
    rate_hz: float
    jumps: tuple[Jump, ...]

    @property
    def missing(self) -> int:
        """Samples that vanished unseen."""
        return sum(jump.samples for jump in self.jumps)


def fit_clock(t_host_s: FloatArray, received: FloatArray, rate_hz: float, unit: int = 1) -> ClockFit | None:
    """Fit arrivals: by ``t_host_s[i]``, ``received[i]`` sample periods had come, known losses included.

    ``unit`` is what unseen losses are multiples of. None where the arrivals span less than four stretches.
    In the last LASTING stretches a host that is late cannot be told from a loss: nothing is found there.
    """
    if len(t_host_s) < 2 or t_host_s[-1] - t_host_s[0] < 4 * STRETCH_S:
        return None
    stretch = ((t_host_s - t_host_s[0]) / STRETCH_S).astype(np.int64)
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    floors_s = np.minimum.reduceat(t_host_s - received / rate_hz, starts)
    middles_s = t_host_s[starts]
    # A median of slopes is not moved by a few jumps; long ones are not moved by what the line trembles.
    span = max(1, min(_LONGEST_SPAN, len(floors_s) // 8))
    drift = float(np.median((floors_s[span:] - floors_s[:-span]) / (middles_s[span:] - middles_s[:-span])))
    level_s = floors_s - np.clip(drift, -MAX_DRIFT, MAX_DRIFT) * (middles_s - middles_s[0])
    # What never comes back is a loss: the lowest level from here to the end can only rise.
    lasting_s = np.minimum.accumulate(level_s[::-1])[::-1]
    rises_s = np.diff(lasting_s)[: max(len(level_s) - LASTING, 0)]
    steps_s = np.diff(level_s)
    tremble_s = float(np.median(np.abs(steps_s - np.median(steps_s))))
    units = np.round(rises_s * rate_hz / unit).astype(np.int64)
    lost = np.flatnonzero((units > 0) & (rises_s > _TREMBLES * tremble_s))
    jumps = tuple(Jump(float(middles_s[i + 1]), int(units[i]) * unit) for i in lost)
    return ClockFit(float(lasting_s[0]), rate_hz / (1 + drift), jumps)
