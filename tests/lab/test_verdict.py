"""One finding a code; what was not looked at is not passed; one failure takes the headline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tinykit.lab.evidence import Evidence
from tinykit.lab.verdict import judge
from tinykit.lab.verdict_codes import CODES

GOOD = Evidence(
    windows_expected=6,
    windows_found=6,
    window_s=(10.1,) * 5,
    board_s=(10.1,) * 5,
    clock_tolerance=1e-3,
    samples=5_050_000,
    least_samples=1_010_000,
    lost=0,
    saturated=0,
    decimated=False,
    clock_checked=True,
    energies_j=(1e-3, 1.001e-3, 0.999e-3, 1e-3, 1e-3),
    idle_w=(1e-4, 1.01e-4),
    active_w=0.05,
    guard_powers_w=(1e-4,) * 5,
    model_matches=True,
    firmware_matches=True,
    outputs_equal=True,
    calibration_is_bound=True,
    voltage_kind="set",
    rig_failures=(),
    complete=True,
    period_j=1e-3,
    period_rest_j=(1e-5, 2e-5),
    period_s=10.0,
    period_asked_s=10.0,
    phases_close=True,
    warnings=(),
    unknown_gaps=1,
    windows_from="marker",
    missing_terms=(),
)

FAULTS = {
    "LOSS": {"lost": 6_000},
    "SATURATED": {"saturated": 1},
    "DECIMATED": {"decimated": True},
    "RATE": {"clock_loss": "64 samples vanished unseen"},
    "MARKER_COUNT": {"windows_found": 5},
    "DURATION_MISMATCH": {"board_s": (10.1, 10.1, 10.1, 10.1, 10.2)},
    "WINDOW_SHORT": {"window_s": (10.1, 10.1, 10.1, 10.1, 9.9), "board_s": (10.1, 10.1, 10.1, 10.1, 9.9)},
    "WINDOW_SAMPLES": {"least_samples": 99},
    "GUARD_NOT_IDLE": {"guard_powers_w": (1e-4, 1e-4, 1e-4, 1e-4, 2e-3)},
    "MODEL": {"model_matches": False},
    "FIRMWARE": {"firmware_matches": False},
    "OUTPUTS": {"outputs_equal": False},
    "RIG": {"rig_failures": ("no marker",)},
    "METER": {"warnings": (("SHIELD_OVERCURRENT", "too much"),)},
    "LINES": {"warnings": (("EVENT_LOST", "event 3 came where 2 was due"),)},
    "GAPS": {"gaps_inside": 1},
    "WINDOWS_FROM": {"windows_from": "board", "edge_s": 0.11, "board_s": ()},
    "PERIOD_CLOSURE": {"period_rest_j": (-5e-5, -4e-5)},
    "PHASES": {"phases_close": False},
    "REPEATABILITY": {"energies_j": (1e-3, 1e-3, 1e-3, 1e-3, 0.3e-3)},
}
WARNINGS = {
    "WINDOW_SHORT": {"window_s": (1.0,) * 5, "board_s": (1.0,) * 5, "short_asked": True},
    "DRIFT": {"energies_j": (1e-3, 1.01e-3, 1.02e-3, 1.03e-3, 1.04e-3)},
    "IDLE_UNSTABLE": {"idle_w": (1e-4, 1e-3), "guard_powers_w": ()},
    "CALIBRATION": {"calibration_is_bound": False},
    "VOLTAGE": {"voltage_kind": "assumed"},
    "COMPLETE": {"complete": False},
    "METER": {"warnings": (("STRAY_BYTES", "3 bytes are no samples"),)},
    "LINES": {"warnings": (("LINES_MIXED", "twice"),)},
    "TRACE": {"warnings": (("PPK2_CLAMPED", "3 %"),)},
    "WINDOWS_FROM": {"windows_from": "power", "edge_s": 1e-4, "contrast": 30.0},
    "REPEATABILITY": {"energies_j": (1e-3,)},
    "BUDGET": {"missing_terms": ("temperature",)},
    "PERIOD_LENGTH": {"period_s": 10.2},
}


def state(evidence: Evidence, code: str) -> str:
    return next(finding.state for finding in judge(evidence).findings if finding.code == code)


def test_a_good_session_passes_every_check() -> None:
    verdict = judge(GOOD)
    assert [finding.code for finding in verdict.findings] == list(CODES)
    assert {finding.state for finding in verdict.findings} == {"pass"}
    assert verdict.state == "pass"
    assert verdict.allows_absolute


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_named_and_fails_the_session(code: str) -> None:
    verdict = judge(replace(GOOD, **FAULTS[code]))
    assert state(replace(GOOD, **FAULTS[code]), code) == "fail"
    assert [finding.code for finding in verdict.findings if finding.state == "fail"] == [code]
    assert not verdict.allows_absolute


@pytest.mark.parametrize("code", WARNINGS)
def test_each_warning_leaves_the_session_standing(code: str) -> None:
    verdict = judge(replace(GOOD, **WARNINGS[code]))
    assert state(replace(GOOD, **WARNINGS[code]), code) == "warn"
    assert verdict.state == "warn"
    assert [finding.code for finding in verdict.findings if finding.state == "warn"] == [code]
    assert verdict.allows_absolute == (code not in ("CALIBRATION", "REPEATABILITY"))


@pytest.mark.parametrize(
    ("step", "expected"), [(0.09, "pass"), (0.11, "warn"), (0.18, "warn"), (-0.18, "warn")]
)
def test_a_step_between_the_stretches_is_not_halved_by_their_mean(step: float, expected: str) -> None:
    pieces, means = (1e-2,) * 10 + (1e-2 * (1 + step),) * 10, (1e-2, 1e-2 * (1 + step))
    evidence = replace(GOOD, idle_w=pieces, idle_stretches_w=means, guard_powers_w=())
    (found,) = [one for one in judge(evidence).findings if one.code == "IDLE_UNSTABLE"]
    assert found.state == expected
    assert "Its stretches differ by" in found.text


def test_every_code_can_fail_or_warn() -> None:
    assert {*FAULTS, *WARNINGS} == set(CODES)


def test_what_nobody_looked_at_is_not_passed() -> None:
    verdict = judge(Evidence())
    assert {finding.state for finding in verdict.findings} == {"not_checked"}
    assert {*CODES} - {finding.code for finding in verdict.findings} == {
        "PERIOD_LENGTH",
        "PERIOD_CLOSURE",
        "PHASES",
    }
    assert not verdict.allows_absolute


@pytest.mark.parametrize(
    ("evidence", "absent"),
    [
        (Evidence(windows_from="counters"), {"MARKER_COUNT", "FIRMWARE", "VOLTAGE", "RIG"}),
        (Evidence(is_file=True), {"RIG", "COMPLETE"}),
        (Evidence(has_phases=True), {"IDLE_UNSTABLE", "GUARD_NOT_IDLE"}),
    ],
)
def test_what_a_kind_of_session_cannot_show_is_left_out(evidence: Evidence, absent: set[str]) -> None:
    listed = {finding.code for finding in judge(evidence).findings}
    assert not listed & absent
    assert absent <= {finding.code for finding in judge(Evidence(has_periods=True)).findings}


def test_a_rest_that_is_hardly_known_contradicts_nothing_and_passes_nothing() -> None:
    wide = judge(replace(GOOD, period_rest_j=(-3e-4, 4e-4)))
    finding = next(one for one in wide.findings if one.code == "PERIOD_CLOSURE")
    assert finding.state == "not_checked"
    assert "-30.00% to 40.00%" in finding.text
    assert state(replace(GOOD, period_rest_j=(2e-4, 9e-4)), "PERIOD_CLOSURE") == "warn"


def test_a_window_shorter_than_the_meters_own_step_fails() -> None:
    assert state(replace(GOOD, least_window_s=10.0), "WINDOW_SAMPLES") == "pass"
    assert state(replace(GOOD, least_window_s=10.2), "WINDOW_SAMPLES") == "fail"


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (
            {"windows_from": "host", "edge_s": 0.1, "board_s": ()},
            "fail",
        ),  # 10 s are too few for a host's clock
        ({"windows_from": "host", "edge_s": 0.1, "board_s": (), "window_s": (61.0,) * 5}, "warn"),
        ({"windows_from": "power", "edge_s": 1e-4, "contrast": 1.5}, "fail"),
        ({"windows_from": "board", "edge_s": 0.05, "board_s": ()}, "warn"),
        ({"windows_from": "counters"}, "pass"),
    ],
)
def test_windows_without_a_marker_are_labelled_or_refused(evidence: dict[str, object], expected: str) -> None:
    assert state(replace(GOOD, **evidence), "WINDOWS_FROM") == expected


def test_a_file_cannot_tell_what_its_meter_complained_of() -> None:
    assert state(replace(GOOD, is_file=True), "METER") == "not_checked"
    assert state(replace(GOOD, is_file=True, warnings=(("NO_VALUE", "5 samples"),)), "METER") == "warn"


def test_a_warning_of_an_unknown_kind_is_not_passed_over() -> None:
    assert state(replace(GOOD, warnings=(("SOMEBODYS_PLUGIN", "odd"),)), "TRACE") == "warn"


def test_notes_on_how_a_file_was_read_are_told_and_do_no_harm() -> None:
    verdict = judge(replace(GOOD, warnings=(("CSV_BOM", "The file begins with a mark."),)))
    finding = next(f for f in verdict.findings if f.code == "TRACE")
    assert (finding.state, "CSV_BOM" in finding.text) == ("pass", True)
