"""Windows by clocks: where line and guards leave room for them, with a doubt as large as that room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinykit.errors import RecordingError
from tinykit.lab.clock_windows import (
    ARRIVAL_S,
    HOST_EDGE_S,
    Bracket,
    board_windows,
    host_windows,
    read_brackets,
)
from tinykit.lab.recorder import Event
from tinykit.meters.trace import Block, Instrument, Supply, Trace, array_trace

RATE = 1_000.0
OUT_S, GUARD_S, BACK_S = 0.020, 0.005, 0.030
"""What the line takes before and after a window, and how long the board idles there."""


def trace(start_s: float | None = 100.0, seen_hz: float | None = None) -> Trace:
    block = Block(0, current_a=np.full(60_000, 1e-3))
    made = array_trace(RATE, Instrument("t", "t", "", "", "none"), Supply(3.0, "set", "t"), block)
    return replace(made, t_start_host_s=start_s, seen_rate_hz=seen_hz)


def brackets(
    count: int = 4, lasts_s: float = 10.0, drift: float = 0.0, *, continuous: bool = False
) -> list[Bracket]:
    """Windows that truly begin at 101 s, 113 s, … by the host's clock; the board's is slow by ``drift``."""
    rng = np.random.default_rng(3)
    found = []
    for k in range(count):
        begin_s = 101.0 + 12 * k
        late_s = rng.uniform(0, 0.002)
        start = (begin_s - 40.0) / (1 + drift) if continuous else None
        found.append(
            Bracket(
                begin_s - GUARD_S - OUT_S,
                begin_s + lasts_s + GUARD_S + BACK_S + late_s,
                lasts_s / (1 + drift),
                start,
            )
        )
    return found


def starts_s(windows: tuple[object, ...], rate: float = RATE) -> list[float]:
    return [100.0 + one.start / rate for one in windows]  # type: ignore[attr-defined]


def test_the_boards_windows_lie_within_their_declared_reach() -> None:
    windows, placing = board_windows(trace(), brackets(), GUARD_S, 1e-4)
    assert (placing.method, placing.edge_s, placing.length) == ("board", 0.0, 1e-4)
    # 20 ms out and 30 ms back leave room for 25 ms to both sides.
    assert placing.shift_s == pytest.approx(0.025 + ARRIVAL_S, abs=0.003)
    for k, start_s in enumerate(starts_s(windows)):
        assert abs(start_s - (101.0 + 12 * k)) <= placing.shift_s
    assert {len(one) for one in windows} <= {9_999, 10_000, 10_001}


def test_a_board_clock_that_goes_on_gives_its_drift_and_one_offset() -> None:
    windows, placing = board_windows(trace(), brackets(drift=2e-3, continuous=True), GUARD_S, 5e-3)
    assert placing.length < 2e-4
    assert [len(one) for one in windows] == pytest.approx([10_000] * 4, abs=3)
    for k, start_s in enumerate(starts_s(windows)):
        assert abs(start_s - (101.0 + 12 * k)) <= placing.shift_s


def test_the_meters_own_rate_is_what_the_host_saw() -> None:
    windows, _ = host_windows(trace(seen_hz=1_001.0), brackets())
    assert starts_s(windows, 1_001.0)[3] == pytest.approx(101.0 + 36 - OUT_S - GUARD_S, abs=1e-3)


def test_host_windows_hold_the_true_ones_and_say_how_wide_they_are() -> None:
    windows, placing = host_windows(trace(), brackets())
    assert (placing.method, placing.edge_s) == ("host", HOST_EDGE_S + ARRIVAL_S)
    for k, one in enumerate(windows):
        assert 100.0 + one.start / RATE <= 101.0 + 12 * k
        assert 100.0 + one.stop / RATE >= 111.0 + 12 * k


@pytest.mark.parametrize(
    ("change", "start_s", "code"),
    [
        ({"board_s": None}, 100.0, "BOARD_TIME"),
        ({"board_s": 30.0}, 100.0, "CLOCKS"),
        ({}, None, "HOST_TIME"),
    ],
)
def test_what_clocks_cannot_tell_is_refused(
    change: dict[str, object], start_s: float | None, code: str
) -> None:
    some = [replace(one, **change) for one in brackets()]  # type: ignore[arg-type]
    with pytest.raises(RecordingError) as refused:
        board_windows(trace(start_s), some, GUARD_S, 1e-4)
    assert refused.value.code == code


def test_brackets_are_read_from_a_sessions_events() -> None:
    events = [
        Event(1.0, "rest", {"kind": "idle", "inferences": 0}),
        Event(3.0, "done", {"kind": "idle", "inferences": 0, "board_s": 1.9}),
        Event(4.0, "go", {"kind": "infer", "inferences": 5}),
        Event(6.0, "done", {"kind": "infer", "inferences": 5, "board_s": 1.8, "board_start_s": 7.0}),
    ]
    assert list(read_brackets(events)) == [Bracket(1.0, 3.0, 1.9, None), Bracket(4.0, 6.0, 1.8, 7.0)]
    with pytest.raises(RecordingError) as refused:
        list(read_brackets(events[1:]))
    assert refused.value.code == "EVENTS"
