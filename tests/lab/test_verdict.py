"""One finding a code; what was not looked at is not passed; one failure takes the headline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tinykit.lab.verdict import CODES, Evidence, judge

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
}
WARNINGS = {
    "WINDOW_SHORT": {"window_s": (1.0,) * 5, "board_s": (1.0,) * 5, "short_asked": True},
    "DRIFT": {"energies_j": (1e-3, 1.01e-3, 1.02e-3, 1.03e-3, 1.04e-3)},
    "IDLE_UNSTABLE": {"idle_w": (1e-4, 1e-3), "guard_powers_w": ()},
    "CALIBRATION": {"calibration_is_bound": False},
    "VOLTAGE": {"voltage_kind": "assumed"},
    "COMPLETE": {"complete": False},
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
    assert verdict.allows_absolute == (code != "CALIBRATION")


def test_every_code_can_fail_or_warn() -> None:
    assert {*FAULTS, *WARNINGS} == set(CODES)


def test_what_nobody_looked_at_is_not_passed() -> None:
    verdict = judge(Evidence())
    assert {finding.state for finding in verdict.findings} == {"not_checked"}
    assert not verdict.allows_absolute


def test_a_window_shorter_than_the_meters_own_step_fails() -> None:
    assert state(replace(GOOD, least_window_s=10.0), "WINDOW_SAMPLES") == "pass"
    assert state(replace(GOOD, least_window_s=10.2), "WINDOW_SAMPLES") == "fail"
