"""A session without a marker: inferences by power or board clock, states by the host's, and true joules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinykit.lab.analysis import Analysis, Known, analyse_windows, place_phases
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.recorder import Event
from tinykit.lab.start import known_from_dict, known_to_dict
from tinykit.lab.windows import Method
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.trace import Block, Instrument, Supply, Trace, array_trace

RATE, START_S, V = 1_000.0, 100.0, 3.0
ACTIVE_A, IDLE_A, N, WINDOW_S, IDLE_S = 10e-3, 1e-3, 10, 10.0, 5.0
OUT_S, GUARD_S, BACK_S = 0.020, 0.005, 0.030
GROSS_J, NET_J = V * ACTIVE_A * WINDOW_S / N, V * (ACTIVE_A - IDLE_A) * WINDOW_S / N
NAMES = ("gain", "offset", "voltage", "timebase", "temperature")
CALIBRATION = Calibration("ppk2#1", "ppk2", "test", True, tuple(Term(q, "normal", 1e-6) for q in NAMES))  # type: ignore[arg-type]
PHASES = ("idle", "infer", "infer", "infer", "idle")


def session() -> tuple[Trace, list[Event]]:
    """Idle, three windows, idle; 0.3 s between them, in which line and guards fit."""
    current, events, at_s = [np.full(1_000, IDLE_A)], [], START_S + 1.0
    for kind in PHASES:
        lasts_s, amperes = (WINDOW_S, ACTIVE_A) if kind == "infer" else (IDLE_S, IDLE_A)
        told = {"kind": kind, "inferences": N if kind == "infer" else 0}
        events.append(Event(at_s - GUARD_S - OUT_S, "go" if kind == "infer" else "rest", told))
        events.append(Event(at_s + lasts_s + GUARD_S + BACK_S, "done", {**told, "board_s": lasts_s}))
        current += [np.full(round(lasts_s * RATE), amperes), np.full(300, IDLE_A)]
        at_s += lasts_s + 0.3
    instrument = Instrument("ppk2", "test", "1", "", "none")
    block = Block(0, current_a=np.concatenate(current))
    trace = array_trace(RATE, instrument, Supply(V, "set", "test"), block)
    return replace(trace, t_start_host_s=START_S), events


def analysed(trace: Trace, events: list[Event], method: Method) -> Analysis:
    known = Known(CALIBRATION, "session 1", False, GUARD_S, 1e-4, True, windows_from=method)
    setup = MeterSetup("ppk2", trace.instrument, MeterSettings("ammeter", V))
    phases, windows, placing = place_phases(trace, setup, events, known, 0)
    return analyse_windows(trace, setup, phases, windows, known, expected=len(phases), placing=placing)


def finding(analysis: Analysis, code: str) -> tuple[str, str]:
    return next((f.state, f.text) for f in analysis.verdict.findings if f.code == code)


@pytest.mark.parametrize("method", ["board", "power"])
def test_the_true_joules_lie_in_the_interval(method: Method) -> None:
    analysis = analysed(*session(), method)
    energy = analysis.energy
    assert energy is not None, analysis.verdict.to_dict()
    assert energy.net is not None
    assert finding(analysis, "WINDOWS_FROM")[0] == "warn"
    assert energy.placing.method == method
    for estimate, truth in ((energy.gross, GROSS_J), (energy.net, NET_J)):
        low, high = estimate.interval()
        assert low <= truth <= high
        assert high - low < 0.02 * truth
    assert energy.idle is not None
    assert energy.idle.value == pytest.approx(V * IDLE_A, rel=1e-6)


@pytest.mark.parametrize("late_s", [25.0, 60.0, -12.0])
def test_windows_beyond_the_recording_are_lost_samples_and_no_number(late_s: float) -> None:
    trace, events = session()
    analysis = analysed(trace, [replace(one, t_host_s=one.t_host_s + late_s) for one in events], "board")
    assert finding(analysis, "LOSS")[0] == "fail"
    assert analysis.energy is None


def test_a_board_that_shifts_its_windows_costs_what_a_late_marker_would() -> None:
    energy = analysed(*session(), "board").energy
    assert energy is not None
    shift = energy.gross.influences["session 1.windows.board.shift"]
    step_w = V * (ACTIVE_A - IDLE_A)
    assert shift.u == pytest.approx(step_w * energy.placing.shift_s / (2 * np.sqrt(3)) / N, rel=0.01)


def test_guards_take_what_edges_of_the_power_leave() -> None:
    """Edges are good to a sample, the board idles for five on both sides: active power lies inside."""
    energy = analysed(*session(), "power").energy
    assert energy is not None
    assert energy.guard_s == GUARD_S
    edges = energy.gross.influences["session 1.windows.power.edges"]
    assert edges.u == pytest.approx(V * IDLE_A * energy.placing.edge_s * np.sqrt(2 / 3) / N, rel=0.01)


def test_ten_seconds_by_the_hosts_clock_give_no_number() -> None:
    analysis = analysed(*session(), "host")
    assert analysis.energy is None
    assert finding(analysis, "WINDOWS_FROM")[0] == "fail"


def test_states_that_nobody_can_place_are_told() -> None:
    trace, events = session()
    analysis = analysed(replace(trace, t_start_host_s=None), events, "power")
    assert analysis.energy is not None
    assert analysis.energy.net is None
    assert "2 states were held" in finding(analysis, "WINDOWS_FROM")[1]


def test_a_window_that_the_power_does_not_show_fails_the_count() -> None:
    trace, events = session()
    one_more = [replace(event, t_host_s=event.t_host_s + 60) for event in events[2:4]]
    analysis = analysed(trace, [*events, *one_more], "power")
    assert analysis.energy is None
    assert finding(analysis, "MARKER_COUNT")[0] == "fail"


def test_what_was_asked_for_survives_the_manifest_and_nothing_else_is_taken() -> None:
    known = Known(CALIBRATION, "session 1", False, GUARD_S, 1e-4, True, windows_from="power")
    stored, certificate = known_to_dict(known), CALIBRATION.to_dict()
    assert known_from_dict(stored, certificate).windows_from == "power"
    older = {name: value for name, value in stored.items() if name != "windows_from"}
    assert known_from_dict(older, certificate).windows_from == "marker"
    with pytest.raises(ValueError, match="windows_from"):
        known_from_dict({**stored, "windows_from": "guess"}, certificate)
