"""What a session by pins is judged by: the occurrences that its headline is made of, and the same budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tinykit.lab.analysis import Analysis, Known
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.external import Marks, analyse_marks
from tinykit.lab.phase_map import PhaseMap
from tinykit.lab.verdict import Finding
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.trace import Block, Instrument, Supply, Trace, array_trace

RATE_HZ, V = 10_000.0, 3.0
CODING = PhaseMap(((1, "sense"), (3, "infer"), (4, "sleep")), ("D0", "D1", "D2"), "sense")
FULL = ("gain", "offset", "voltage", "timebase", "skew", "temperature")
SETUP = MeterSetup("ppk2", Instrument("ppk2", "PPK2", "7", "", ""), MeterSettings("source", V), "")
SENSE, INFER, SLEEP = (1, 0.02, 4e-3), (3, 0.03, 12e-3), (4, 0.05, 20e-6)
"""(code, seconds, amperes)"""
CYCLE = (SENSE, INFER, SLEEP)
Parts = Sequence[tuple[int, float, float]]


def trace(parts: Parts) -> Trace:
    """``parts`` with a sleep before and behind them, a little noise on the current."""
    whole = (SLEEP, *parts, SLEEP)
    lengths = [round(seconds * RATE_HZ) for _, seconds, _ in whole]
    current = np.repeat([amperes for _, _, amperes in whole], lengths)
    current += np.random.default_rng(1).normal(0, 2e-6, len(current))
    digital = np.repeat([code for code, _, _ in whole], lengths).astype(np.uint8)
    block = Block(0, current_a=current, digital=digital)
    lines = tuple(f"D{i}" for i in range(8))
    return array_trace(RATE_HZ, SETUP.instrument, Supply(V, "set", "test"), block, digital_lines=lines)


def analysed(
    parts: Parts, marks: Marks, terms: Sequence[str] = FULL, *, short: bool = True, is_file: bool = False
) -> Analysis:
    calibration = Calibration("m", "ppk2", "test", True, tuple(Term(q, "normal", 1e-6) for q in terms))  # type: ignore[arg-type]
    known = Known(calibration, "session 1", False, 0.0, None, short)
    return analyse_marks(trace(parts), SETUP, marks, known, is_file=is_file)


def finding(analysis: Analysis, code: str) -> Finding:
    return next(one for one in analysis.verdict.findings if one.code == code)


PHASES = Marks(inferences=1, phases=CODING)


def test_one_infer_in_many_cycles_has_no_scatter_and_gives_no_headline() -> None:
    often = analysed(CYCLE * 4 + (SENSE,), PHASES)
    assert finding(often, "REPEATABILITY").state == "pass"
    assert often.verdict.allows_absolute
    once = analysed((SENSE, SLEEP) * 3 + (SENSE, INFER, SLEEP) + (SENSE, SLEEP) * 3 + (SENSE,), PHASES)
    assert once.ledger is not None
    assert once.ledger.cycles > 2
    assert finding(once, "REPEATABILITY").state == "warn"
    assert not once.verdict.allows_absolute


def test_without_inferences_it_is_the_cycles_that_repeat() -> None:
    one = analysed((SENSE, SLEEP) * 3 + CYCLE + (SENSE, SLEEP, SENSE), Marks(phases=CODING))
    assert finding(one, "REPEATABILITY").state == "pass"
    assert finding(analysed((*CYCLE, SENSE), Marks(phases=CODING)), "REPEATABILITY").state == "warn"


def test_one_window_of_one_pin_gives_no_headline() -> None:
    one = analysed(CYCLE, Marks("D1", inferences=5))
    assert finding(one, "REPEATABILITY").state == "warn"
    assert not one.verdict.allows_absolute


@pytest.mark.parametrize("marks", [PHASES, Marks("D1", inferences=5)])
def test_a_doubt_that_nobody_states_is_named(marks: Marks) -> None:
    whole = analysed(CYCLE * 3 + (SENSE,), marks)
    assert finding(whole, "BUDGET").state == "pass"
    assert {one.name for one in whole.doubts} >= {"gain", "skew", "edges", "settling", "repeatability"}
    silent = analysed(CYCLE * 3 + (SENSE,), marks, terms=("gain", "offset", "voltage"))
    assert finding(silent, "BUDGET").state == "warn"
    for name in ("timebase", "temperature", "skew"):
        assert name in finding(silent, "BUDGET").text


def test_an_infer_of_few_samples_fails() -> None:
    assert finding(analysed(CYCLE * 3 + (SENSE,), PHASES), "WINDOW_SAMPLES").state == "pass"
    short = (SENSE, (3, 0.008, 12e-3), SLEEP)
    few = analysed(short * 3 + (SENSE,), PHASES)
    assert finding(few, "WINDOW_SAMPLES").state == "fail"
    assert few.energy is None
    # The cycles have enough, and nobody asked for an inference.
    assert finding(analysed(short * 3 + (SENSE,), Marks(phases=CODING)), "WINDOW_SAMPLES").state == "pass"


def test_cycles_of_ten_seconds_together_are_long_enough() -> None:
    long = (SENSE, INFER, (4, 2.5, 20e-6))
    assert finding(analysed(long * 4 + (SENSE,), PHASES, short=False), "WINDOW_SHORT").state == "pass"
    assert finding(analysed(long * 3 + (SENSE,), PHASES, short=False), "WINDOW_SHORT").state == "fail"
    assert finding(analysed(long * 3 + (SENSE,), PHASES), "WINDOW_SHORT").state == "warn"


def test_what_cannot_apply_is_not_listed() -> None:
    phases = {one.code for one in analysed(CYCLE * 3 + (SENSE,), PHASES).verdict.findings}
    assert "PHASES" in phases
    assert not phases & {"PERIOD_LENGTH", "PERIOD_CLOSURE", "IDLE_UNSTABLE", "GUARD_NOT_IDLE"}
    pin = {one.code for one in analysed(CYCLE * 3, Marks("D1", inferences=5)).verdict.findings}
    assert not pin & {"PHASES", "PERIOD_LENGTH", "PERIOD_CLOSURE"}
    assert {"MODEL", "FIRMWARE", "OUTPUTS", "RIG", "IDLE_UNSTABLE"} <= pin
    file = analysed(CYCLE * 3, Marks("D1", inferences=5), is_file=True)
    assert not {one.code for one in file.verdict.findings} & {"RIG", "COMPLETE", "PHASES"}
