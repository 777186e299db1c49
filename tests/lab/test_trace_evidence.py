"""Nothing that a trace warns of goes by the judge, and every code that a decoder can say has its place."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tinykit.meters
from tinykit.lab.analysis import Analysis, Known, Phase, analyse_windows
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.trace_warnings import ELSEWHERE, MEANINGS
from tinykit.lab.windows import Window
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.trace import Block, Gap, Instrument, Supply, Trace, TraceWarning, array_trace

RATE = 10_000.0
CERTIFICATE = Calibration(
    "t#1",
    "t",
    "test",
    True,
    tuple(Term(q, "normal", 1e-3) for q in ("gain", "offset", "voltage", "timebase", "skew", "temperature")),
)
KNOWN = Known(CERTIFICATE, "session 1", False, 0.0, None, True)
WINDOWS = [Window(1_000, 3_000), Window(4_000, 6_000)]


def trace(*gaps: Gap) -> Trace:
    current = np.full(8_000, 1e-5)
    for window in WINDOWS:
        current[window.start : window.stop] = 1e-2
    supply = Supply(3.0, "set", "test")
    block = Block(0, current_a=current, digital=(current > 1e-3).astype(np.uint8))
    instrument = Instrument("t", "t", "1", "", "none")
    return array_trace(RATE, instrument, supply, block, digital_lines=("D0",), gaps=gaps)


def analysed(
    one: Trace, known: Known = KNOWN, windows: list[Window] = WINDOWS, *, is_file: bool = False
) -> Analysis:
    setup = MeterSetup("t", one.instrument, MeterSettings("ammeter", 3.0))
    phases = [Phase("infer", 10, None) for _ in windows]
    return analyse_windows(one, setup, phases, windows, known, expected=None, is_file=is_file)


def states(analysis: Analysis) -> dict[str, str]:
    return {finding.code: finding.state for finding in analysis.verdict.findings}


def test_a_trace_without_a_word_of_complaint_passes() -> None:
    analysis = analysed(trace())
    found = states(analysis)
    assert [found[code] for code in ("METER", "LINES", "TRACE", "GAPS", "WINDOWS_FROM", "BUDGET")] == [
        "pass"
    ] * 6
    assert analysis.energy is not None


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_each_warning_reaches_its_finding(code: str) -> None:
    group, weight = MEANINGS[code]
    analysis = analysed(replace(trace(), warnings=(TraceWarning(code, "Something is odd."),)))
    finding = next(f for f in analysis.verdict.findings if f.code == group)
    assert finding.state == weight
    assert f"{code}: Something is odd." in finding.text
    assert (analysis.energy is None) == (weight == "fail")


@pytest.mark.parametrize(
    ("code", "finding"), [("DECIMATED", "DECIMATED"), ("RATE_OFF", "RATE"), ("LOST_BY_CLOCK", "RATE")]
)
def test_warnings_with_a_finding_of_their_own_fail(code: str, finding: str) -> None:
    assert code in ELSEWHERE
    assert states(analysed(replace(trace(), warnings=(TraceWarning(code, "Odd."),))))[finding] == "fail"


def test_samples_that_vanished_by_the_clock_fail_with_no_warning_beside_them() -> None:
    assert states(analysed(replace(trace(), lost_by_clock=64)))["RATE"] == "fail"


@pytest.mark.parametrize(
    ("at", "state"), [(500, "pass"), (3_500, "pass"), (1_000, "fail"), (2_000, "fail"), (6_000, "fail")]
)
def test_an_unknown_loss_fails_where_a_window_is(at: int, state: str) -> None:
    analysis = analysed(trace(Gap(at, 0, "the buffer overflowed")))
    assert states(analysis)["GAPS"] == state
    assert (analysis.energy is None) == (state == "fail")


def test_every_code_that_the_meters_room_can_say_is_judged() -> None:
    """Found by reading its sources, so that a new warning cannot be forgotten."""
    said: set[str] = set()
    for path in Path(tinykit.meters.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        said |= set(re.findall(r'(?:TraceWarning|\.warn)\(\s*"([A-Z0-9_]+)"', text))
        said |= set(re.findall(r'^\s+"([A-Z0-9_]{5,})": "', text, re.MULTILINE))
        said |= set(re.findall(r'"([A-Z0-9_]{5,})": \(self\._', text))
    assert {"SHIELD_ERROR", "STRAY_BYTES", "COUNTER_PAUSE", "PPK2_CLAMPED"} <= said
    assert said == {*MEANINGS, *ELSEWHERE}


def test_one_window_has_a_number_but_none_that_stands_alone() -> None:
    analysis = analysed(trace(), windows=WINDOWS[:1])
    assert analysis.energy is not None
    assert states(analysis)["REPEATABILITY"] == "warn"
    assert not analysis.verdict.allows_absolute
    assert [d.state for d in analysis.doubts if d.name == "repeatability"] == ["missing"]


def test_what_no_calibration_states_is_named_and_not_taken_for_zero() -> None:
    silent = replace(
        CERTIFICATE, terms=tuple(t for t in CERTIFICATE.terms if t.quantity not in ("temperature", "skew"))
    )
    analysis = analysed(trace(), replace(KNOWN, calibration=silent))
    finding = next(f for f in analysis.verdict.findings if f.code == "BUDGET")
    assert finding.state == "warn"
    assert "temperature" in finding.text
    assert "skew" in finding.text
    assert "gain" not in finding.text


def test_what_the_makers_software_filtered_before_it_stored_is_a_doubt_that_is_missing() -> None:
    ppk2 = replace(trace(), instrument=Instrument("ppk2", "PPK2", "", "", "none"))
    setup = MeterSetup("ppk2", ppk2.instrument, MeterSettings("ammeter", 3.0))
    phases = [Phase("infer", 10, None)] * 2
    analysis = analyse_windows(ppk2, setup, phases, WINDOWS, KNOWN, expected=None, is_file=True)
    assert [d.state for d in analysis.doubts if d.name == "spike filter"] == ["missing"]
    assert states(analysis)["BUDGET"] == "warn"
