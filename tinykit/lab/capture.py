"""The capture itself: lock-step with the board, every phase with the marker high, everything written down."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tinykit.lab.profile import ASLEEP, WORK, Profile
from tinykit.lab.recorder import LIVE_S, Recorder
from tinykit.pretty import format_duration
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, Window
from tinykit.running.runner import Device

LONGEST_REST_S = 60.0
_CALIBRATION_S = 0.2
_SEEN = 3.0
"""The recorder's last whole second may have begun two and a bit before."""


class DrivenSession(Protocol):
    """A running session that takes its phases one by one: what a capture needs of `tinykit.running`."""

    @property
    def device(self) -> Device:
        """What it runs on."""

    def load(self, row: Sequence[Array]) -> None:
        """Put one row into the board's buffer, and run nothing."""

    def fetch(self) -> tuple[Array, ...]:
        """The outputs of the last inference."""

    def rest(self, state: str, duration_ms: int) -> None:
        """Stay in a power state, marker high."""

    def arm(self, inferences: int, warmups: int = 0) -> None:
        """Ready for `go`."""

    def go(self, inferences: int) -> Window:
        """The armed window, marker high."""


class MarkedSession(DrivenSession, Protocol):
    """One whose board has a marker pin, and a line of its own."""

    def watch(self, look: Callable[[], None] | None) -> None:
        """Call ``look`` now and then while waiting for the board; what it raises ends the wait."""

    def tap(self, hear: Callable[[float, str, bytes], None] | None) -> None:
        """Tell ``hear`` what is sent (">") and received ("<") on the board's line, and when."""

    def answers(self) -> bool:
        """Whether the board answers to its name now."""

    def revive(self) -> None:
        """Wait until the board, which was switched off and on, answers again."""

    def debugger(self) -> bool | None:
        """Whether one is attached to the board now; None where that cannot be known."""


@dataclass(frozen=True)
class Plan:
    """What a session will do. ``states`` are held ``state_s`` each, idle before and after the windows.

    With a ``profile``, periods of duty-cycled work come last, ``sleep_ms`` of each asleep.
    """

    windows: int
    seconds: float
    warmups: int
    states: tuple[str, ...]
    state_s: float
    profile: Profile | None = None
    sleep_ms: int = 0

    def total_s(self) -> float:
        """How long the phases last together; transfers and warm-ups come on top."""
        others = [state for state in self.states if state != "idle"]
        cycles_s = self.profile.periods * self.profile.period_s if self.profile else 0.0
        held_s = (2 * ("idle" in self.states) + len(others)) * self.state_s
        return self.windows * self.seconds + held_s + cycles_s


def find_inferences(session: DrivenSession, seconds: float) -> int:
    """How many inferences fill ``seconds``: from ever longer trial windows, none of which is recorded."""
    count = 1
    while True:
        session.arm(count)
        took_s = session.go(count).duration_s
        if took_s >= min(_CALIBRATION_S, seconds) or count >= 1 << 20:
            return max(1, math.ceil(seconds * count / max(took_s, 1e-9) * 1.01))
        count *= 8 if took_s <= 0 else max(2, min(8, math.ceil(_CALIBRATION_S / took_s)))


def find_sleep_ms(session: DrivenSession, profile: Profile | None, rate_hz: float) -> int:
    """How long to sleep in a period, by a trial that must not be recorded; 0 without a profile.

    Raises UsageError, code PROFILE.
    """
    if profile is None:
        return 0
    session.arm(profile.inferences)
    return profile.sleep_ms(session.go(profile.inferences).duration_s, rate_hz)


def capture(
    session: DrivenSession,
    rows: Sequence[Sequence[Array]],
    inferences: int,
    plan: Plan,
    recorder: Recorder,
    progress: Progress = SILENT,
) -> list[tuple[Array, ...]]:
    """Run the plan; window k takes row k of ``rows`` (one array an input, with a first axis of 1), in turn.

    Gives the outputs of each window's last inference. Raises DeviceError and MeterError; what was recorded
    until then stays on disk.
    """
    results = []
    if "idle" in plan.states:
        _rest(session, "idle", plan.state_s, recorder, progress)
    for k in range(plan.windows):
        progress.start(f"Window {k + 1} of {plan.windows}: {inferences:,} inferences")
        session.load(rows[k % len(rows)])
        session.arm(inferences, plan.warmups)
        recorder.event("go", kind="infer", inferences=inferences, window=k)
        began_s = time.monotonic()
        window = session.go(inferences)
        live = _live(recorder, window.duration_s, began_s)
        board_s = window.duration_s if window.clock.startswith("board") else None
        # A board that tells lengths only begins at 0 each time.
        start_s = window.t_start_s or None if board_s is not None else None
        recorder.event(
            "done",
            kind="infer",
            inferences=inferences,
            window=k,
            board_s=board_s,
            board_start_s=start_s,
        )
        results.append(session.fetch())
        recorder.check()
        progress.finish(f"{format_duration(window.duration_s)}{live}")
    for state in plan.states:
        _rest(session, state, plan.state_s, recorder, progress)
    if plan.profile is not None:
        _cycle(session, plan.profile, plan.sleep_ms, recorder, progress)
    return results


def _cycle(
    session: DrivenSession, profile: Profile, sleep_ms: int, recorder: Recorder, progress: Progress
) -> None:
    progress.start(f"{profile.periods} periods of {profile.period_s:g} s", profile.periods)
    n = profile.inferences
    for k in range(profile.periods):
        session.arm(n)
        recorder.event("go", kind=WORK, inferences=n, period=k)
        window = session.go(n)
        board_s = window.duration_s if window.clock.startswith("board") else None
        recorder.event("done", kind=WORK, inferences=n, period=k, board_s=board_s)
        recorder.event("rest", kind=ASLEEP, inferences=0, period=k)
        session.rest("sleep", sleep_ms)
        recorder.event("done", kind=ASLEEP, inferences=0, period=k, board_s=sleep_ms / 1e3)
        recorder.check()
        progress.advance()
    progress.finish(format_duration(profile.periods * profile.period_s))


def _live(recorder: Recorder, lasted_s: float, began_s: float) -> str:
    """What the meter's last second holds, where nothing but this phase can be in it."""
    seen_s = min(lasted_s, time.monotonic() - began_s)
    if recorder.live_w is None or seen_s < _SEEN * LIVE_S:
        return ""
    return f", {recorder.live_w * 1e3:.3g} mW in the meter's last second"


def _rest(session: DrivenSession, state: str, seconds: float, recorder: Recorder, progress: Progress) -> None:
    progress.start(f"State {state}")
    left, began_s = seconds, time.monotonic()
    while left > 0:
        part = min(left, LONGEST_REST_S)
        recorder.event("rest", kind=state, inferences=0)
        session.rest(state, max(1, round(part * 1e3)))
        recorder.event("done", kind=state, inferences=0, board_s=part)
        recorder.check()
        left -= part
    progress.finish(f"{format_duration(seconds)}{_live(recorder, seconds, began_s)}")
