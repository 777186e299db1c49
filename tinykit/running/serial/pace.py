"""How long a board may take: first by the model's size, then by what it was seen to take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinykit.running.result import Window
from tinykit.running.serial import strict
from tinykit.running.serial.exchange import Exchange

# A Cortex-M0 at 8 MHz in plain C does about this many; nothing slower is worth waiting for.
SLOWEST_MACS_PER_S = 250_000.0
UNKNOWN_INFERENCE_S = 60.0
_SLACK = 3.0
_LEAST_S = 0.5
_SAME = 0.05


class Pace:
    """Whether a board sends times, and how long it may take.

    The longest that an inference was seen to take, by the host's clock; before that a bound."""

    def __init__(self, macs: int | None, *, sends_times: bool) -> None:
        self.sends_times = sends_times
        self._bound_s = UNKNOWN_INFERENCE_S if macs is None else 2.0 + macs / SLOWEST_MACS_PER_S
        self._seen_s = 0.0

    def work_s(self, inferences: int) -> float:
        """What ``inferences`` may take."""
        if self._seen_s == 0.0:
            return inferences * self._bound_s
        return _LEAST_S + _SLACK * inferences * self._seen_s

    def saw(self, inferences: int, took_s: float) -> None:
        """``inferences`` took so long, everything around them included."""
        self._seen_s = max(took_s / inferences, 1e-6)


@dataclass(frozen=True)
class Seen:
    """A window, and how long the host saw it last; None where it is the host's own."""

    window: Window
    host_s: float | None


def timed_window(exchange: Exchange, pace: Pace, inferences: int, warmups: int, *, simulated: bool) -> Window:
    """A window by ``infer N W``. Raises LineError."""

    def once() -> Seen:
        t_start = exchange.link.clock()
        total = inferences + warmups
        timed = strict.infer(exchange, inferences, warmups, work_s=pace.work_s(total), times=pace.sends_times)
        pace.saw(total, exchange.link.clock() - t_start)
        window = strict.lap_window(exchange, timed, inferences, warmups)
        return Seen(window, None if timed.t_us is None else timed.host_s)

    return agreed(exchange, once, simulated=simulated)


def agreed(exchange: Exchange, once: Callable[[], Seen], *, simulated: bool) -> Window:
    """The window that ``once`` gives, held against the host's clock.

    A board that lives in virtual time disagrees with the host each time by the same ratio; a damaged digit
    does it once. Raises LineError, code REPLY_DAMAGED, for the latter.
    """
    first = exchange.retry(once)
    if simulated or _agrees(first):
        return first.window
    again = exchange.retry(once)
    off_s = abs(again.window.duration_s - first.window.duration_s)
    if _agrees(again) or off_s <= _SAME * first.window.duration_s:
        return again.window
    raise exchange.damaged(
        f"two windows took {first.window.duration_s:.4g} s and {again.window.duration_s:.4g} s by the board's"
        f" clock, {again.host_s:.4g} s by this computer's"
    )


def _agrees(seen: Seen) -> bool:
    return seen.host_s is None or strict.clocks_agree(seen.window.duration_s, seen.host_s)
