"""What is held beside the windows is judged too: samples that are lost there, or full, and ranges in use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinykit.lab.analysis import Analysis, Known, Phase, analyse_windows
from tinykit.lab.calibration import Calibration, Quantity, Term
from tinykit.lab.windows import Window
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.trace import INVALID, SATURATED, Block, Instrument, Supply, array_trace

RATE, V = 2_000.0, 3.0
ACTIVE_A, IDLE_A, SLEEP_A = 10e-3, 1e-3, 1e-5
KINDS = ("idle", "infer", "infer", "sleep", "idle")
AMPERES = {"infer": ACTIVE_A, "idle": IDLE_A, "sleep": SLEEP_A}
RANGES = {"infer": 2, "idle": 1, "sleep": 0}
WINDOWS = [Window(1_000 + 12_000 * k, 11_000 + 12_000 * k) for k in range(len(KINDS))]
QUANTITIES: tuple[Quantity, ...] = ("gain", "offset", "voltage", "timebase", "temperature", "skew")
BOUND = Calibration("ppk2#1", "ppk2", "test", True, tuple(Term(q, "normal", 1e-6) for q in QUANTITIES))


def analysed(
    spoilt: dict[int, tuple[int, int]] | None = None,
    calibration: Calibration = BOUND,
    kinds: tuple[str, ...] = KINDS,
    expected: int | None = None,
    idle_behind_a: float = IDLE_A,
    rate_hz: float = RATE,
) -> Analysis:
    """``spoilt``: flag and number of samples from 3 s into the phase on, by the phase's place."""
    length = 1_000 + 12_000 * len(KINDS)
    current, ranges, flags = np.full(length, IDLE_A), np.ones(length, np.uint8), np.zeros(length, np.uint8)
    lines = np.zeros(length, np.uint8)
    for place, (kind, window) in enumerate(zip(kinds, WINDOWS, strict=False)):
        at = slice(window.start, window.stop)
        amperes = idle_behind_a if kind == "idle" and place else AMPERES[kind]
        current[at], ranges[at], lines[at] = amperes, RANGES[kind], 1
        flag, count = (spoilt or {}).get(place, (0, 0))
        flags[window.start : window.stop][-count or len(flags) :] = flag
    block = Block(0, current_a=current, range_=ranges, flags=flags, digital=lines)
    instrument = Instrument("ppk2", "test", "1", "", "none")
    trace = array_trace(rate_hz, instrument, Supply(V, "set", "test"), block, digital_lines=("D0",))
    known = Known(calibration, "s", False, 0.0, None, True)
    setup = MeterSetup("ppk2", instrument, MeterSettings("ammeter", V))
    phases = [Phase(kind, 10 if kind == "infer" else 0, None) for kind in kinds]
    return analyse_windows(trace, setup, phases, WINDOWS[: len(kinds)], known, expected=expected)


def finding(analysis: Analysis, code: str) -> tuple[str, str]:
    return next((f.state, f.text) for f in analysis.verdict.findings if f.code == code)


@pytest.mark.parametrize(("kinds", "expected"), [((), None), ((), 3), (("idle", "sleep"), 2)])
def test_without_a_window_nothing_passes(kinds: tuple[str, ...], expected: int | None) -> None:
    analysis = analysed(kinds=kinds, expected=expected)
    assert finding(analysis, "MARKER_COUNT")[0] == "fail"
    assert analysis.verdict.state == "fail"
    assert analysis.energy is None


def test_samples_lost_or_full_in_a_state_fail() -> None:
    assert [finding(analysed(), code)[0] for code in ("LOSS", "SATURATED")] == ["pass", "pass"]
    lost = analysed({3: (INVALID, 100)})
    assert finding(lost, "LOSS")[0] == "fail"
    assert "In sleep" in finding(lost, "LOSS")[1]
    assert finding(analysed({3: (SATURATED, 100)}), "SATURATED")[0] == "fail"


def test_idle_before_and_behind_are_held_against_each_other() -> None:
    assert finding(analysed(), "IDLE_UNSTABLE")[0] == "pass"
    state, text = finding(analysed(idle_behind_a=1.18 * IDLE_A), "IDLE_UNSTABLE")
    assert state == "warn"
    assert "Its stretches differ by 0.00054 W" in text


def test_samples_too_far_apart_to_see_a_supply_settle_are_said_to_be() -> None:
    (seen,) = [one for one in analysed().doubts if one.name == "settling"]
    assert seen.state == "counted"
    slow = analysed(rate_hz=1_000.0)
    (unseen,) = [one for one in slow.doubts if one.name == "settling"]
    assert (unseen.state, unseen.why) == ("missing", "samples too far apart to see it")
    assert finding(slow, "BUDGET")[0] == "warn"


def test_a_piece_without_samples_is_not_zero_watts() -> None:
    # The last three of ten pieces of the first idle stretch hold nothing.
    refused = analysed({0: (INVALID, 3_000)}).refused
    assert refused is not None
    assert refused.idle is not None
    assert refused.idle.value == pytest.approx(V * IDLE_A, rel=1e-9)
    assert len(refused.idle_pieces_w) < len(refused.idle_sums)
    assert refused.net is not None
    assert "s.idle.loss" in {*refused.idle.influences, *refused.net.influences}
    whole = analysed({0: (INVALID, 10_000), 4: (INVALID, 10_000)})
    assert finding(whole, "LOSS")[0] == "fail"
    assert whole.refused is not None
    assert whole.refused.idle is None


def test_a_range_that_only_sleep_visits_needs_a_calibration_too() -> None:
    assert [finding(analysed(), code)[0] for code in ("CALIBRATION", "BUDGET")] == ["pass", "pass"]
    others = tuple(term for term in BOUND.terms if term.quantity != "gain")
    silent = replace(BOUND, terms=(*others, *(Term("gain", "normal", 1e-6, range_) for range_ in (1, 2))))
    analysis = analysed(calibration=silent)
    assert [finding(analysis, code)[0] for code in ("CALIBRATION", "BUDGET")] == ["warn", "warn"]
    assert "range 0" in finding(analysis, "BUDGET")[1]
