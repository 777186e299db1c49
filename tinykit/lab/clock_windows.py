"""Windows without a marker, by clocks: the board's, fitted to the host's, or the host's alone.

The host notes when it told the board to begin (``go``) and when it heard of the end (``done``); the samples
know the host's time by when they arrived. Between the two lie the window, the idle guards, and what the line
takes in both directions. Limits: docs/explanation/from-samples-to-joules.md, "Without a marker".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinykit.errors import RecordingError
from tinykit.lab.recorder import Event
from tinykit.lab.windows import Placing, Window
from tinykit.meters.trace import Trace

HOST_EDGE_S = 0.1
"""An assumption: 60 characters at 9600 baud, a USB adapter's 16 ms, and a busy host."""
CLOCK_TOLERANCE = 0.005
"""Of a board's clock that nobody states."""
ARRIVAL_S = 0.005
"""Samples arrive late by this at most where they arrive earliest; 2.3 ms were seen on a PPK2."""


@dataclass(frozen=True)
class Bracket:
    """A phase by the host's clock, from ``go_s`` to ``done_s``, and by the board's where it tells.

    ``board_s`` is its length, ``board_start_s`` when it began by a clock that goes on between phases.
    """

    go_s: float
    done_s: float
    board_s: float | None
    board_start_s: float | None

    @property
    def slack_s(self) -> float:
        """What guards and line take of it; all of it where the board tells no length."""
        return self.done_s - self.go_s - (self.board_s or 0.0)


def read_brackets(events: Sequence[Event]) -> Iterator[Bracket]:
    """One for each phase that came to its end, in order. Raises RecordingError, code EVENTS."""
    begun: Event | None = None
    for event in events:
        if event.what in ("go", "rest"):
            begun = event
        elif event.what == "done":
            if begun is None or begun.facts.get("kind") != event.facts.get("kind"):
                raise RecordingError(
                    "A phase of the session ends that never began.",
                    hint="events.jsonl was edited, or is another session's.",
                    code="EVENTS",
                )
            told = (event.facts.get(name) for name in ("board_s", "board_start_s"))
            board_s, start_s = (None if one is None else float(one) for one in told)
            yield Bracket(begun.t_host_s, event.t_host_s, board_s, start_s)
            begun = None


def board_windows(
    trace: Trace, brackets: Sequence[Bracket], guard_s: float, tolerance: float
) -> tuple[tuple[Window, ...], Placing]:
    """The windows as long as the board says, each where line and guards leave room for it.

    ``tolerance`` is the board's clock's, relative. Raises RecordingError: BOARD_TIME, HOST_TIME, CLOCKS.
    """
    _check(brackets, tolerance)
    if any(one.board_s is None for one in brackets):
        raise RecordingError(
            "The board did not tell how long its windows were.",
            hint="take --windows-from power, or host with windows of a minute.",
            code="BOARD_TIME",
        )
    drift, length = _drift(brackets, tolerance)
    lasted = [(one.board_s or 0.0) * (1 + drift) for one in brackets]
    earliest = [one.go_s + guard_s for one in brackets]
    latest = [
        max(one.done_s - guard_s - lasts, early)
        for one, lasts, early in zip(brackets, lasted, earliest, strict=True)
    ]
    begins = _continuous(brackets, drift, earliest, latest)
    if begins is None:
        # The same few bytes go out before each window: what fits the quickest of them fits all.
        delay_s = min((b - a) / 2 for a, b in zip(earliest, latest, strict=True))
        begins = [a + delay_s for a in earliest]
        apart = [max(t - a, b - t) for t, a, b in zip(begins, earliest, latest, strict=True)]
    else:
        low = max(a - t for t, a in zip(begins, earliest, strict=True))
        high = min(b - t for t, b in zip(begins, latest, strict=True))
        begins = [t + (low + high) / 2 for t in begins]
        apart = [abs(high - low) / 2]
    placing = Placing("board", shift_s=max(apart) + ARRIVAL_S, length=length)
    return _samples(trace, begins, [t + d for t, d in zip(begins, lasted, strict=True)]), placing


def host_windows(trace: Trace, brackets: Sequence[Bracket]) -> tuple[tuple[Window, ...], Placing]:
    """The windows from the host's word to go until it heard of the end.

    Raises RecordingError: HOST_TIME, CLOCKS.
    """
    _check(brackets, CLOCK_TOLERANCE)
    edge_s = max(HOST_EDGE_S, *(one.slack_s for one in brackets if one.board_s is not None), 0.0)
    windows = _samples(trace, [one.go_s for one in brackets], [one.done_s for one in brackets])
    return windows, Placing("host", edge_s=edge_s + ARRIVAL_S)


def _check(brackets: Sequence[Bracket], tolerance: float) -> None:
    """Raise RecordingError, code CLOCKS, where the board took longer than the host waited for it."""
    for one in brackets:
        if one.board_s is not None and one.slack_s < -tolerance * one.board_s:
            raise RecordingError(
                f"The board took {one.board_s:.4g} s, of which the host saw {one.done_s - one.go_s:.4g} s.",
                hint="these clocks do not go together: an emulator must run with --pace real.",
                code="CLOCKS",
            )


def _drift(brackets: Sequence[Bracket], tolerance: float) -> tuple[float, float]:
    """How slow the board's clock is against the host's, relative, and a bound of what is left unknown.

    Lengths alone do not tell: what the line takes hides in them. Then it is within ``tolerance``.
    """
    ends_s = np.array([(b.board_start_s or 0.0) + (b.board_s or 0.0) for b in brackets])
    if len(brackets) < 3 or any(b.board_start_s is None for b in brackets) or not np.ptp(ends_s):
        return 0.0, tolerance
    heard_s = np.array([b.done_s for b in brackets])
    slope, offset = np.polyfit(ends_s - ends_s[0], heard_s - heard_s[0], 1)
    left_s = heard_s - heard_s[0] - slope * (ends_s - ends_s[0]) - offset
    drift = float(slope) - 1.0
    bound = 2.0 * float(np.abs(left_s).max()) / float(np.ptp(ends_s))
    return (drift, min(bound, tolerance)) if abs(drift) <= tolerance else (0.0, tolerance)


def _continuous(
    brackets: Sequence[Bracket], drift: float, earliest: Sequence[float], latest: Sequence[float]
) -> list[float] | None:
    """When windows began by the board's own clock, less an offset; None where it does not tell, or not so."""
    if any(one.board_start_s is None for one in brackets):
        return None
    begins = [(one.board_start_s or 0.0) * (1 + drift) for one in brackets]
    low = max(a - t for t, a in zip(begins, earliest, strict=True))
    high = min(b - t for t, b in zip(begins, latest, strict=True))
    return begins if low <= high else None


def _samples(trace: Trace, begins: Sequence[float], ends: Sequence[float]) -> tuple[Window, ...]:
    """Windows by the host's time, in s, as samples."""
    if trace.t_start_host_s is None:
        raise RecordingError(
            "Nobody knows at what time of the host's the samples were taken.",
            hint="record for four seconds at least; an emulator must run with --pace real.",
            code="HOST_TIME",
        )
    rate_hz, start_s = trace.seen_rate_hz or trace.sample_rate_hz, trace.t_start_host_s
    edges = [[round((t - start_s) * rate_hz) for t in times] for times in (begins, ends)]
    return tuple(Window(a, b) for a, b in zip(*edges, strict=True))
