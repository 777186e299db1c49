"""What two sessions share cancels, and nothing else; A/A is rarely called a difference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import BOUND, Script, session

from tinykit.bench.meters.ppk2 import Ppk2Errors
from tinykit.errors import RecordingError
from tinykit.estimate import Estimate, Influence
from tinykit.lab.budget import with_scatter
from tinykit.lab.compare import compare_estimates, compare_sessions

NOISY = Ppk2Errors(garbage=0, noise_lsb=2.0)
SCRIPT = Script(active_s=0.05, idle_s=0.05)


@pytest.fixture(scope="module")
def a(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a") / "a"
    session(folder, SCRIPT, errors=NOISY)
    return folder


def made(folder: Path, **words: object) -> Path:
    session(folder, words.pop("script", SCRIPT), errors=NOISY, **{"seed": 1, **words})  # type: ignore[arg-type]
    return folder


def test_a_gain_error_cancels_on_one_meter(a: Path, tmp_path: Path) -> None:
    """3 % more current is told apart, although the meter's gain is known to 0.4 % (95 %) only."""
    b = made(tmp_path / "b", script=replace(SCRIPT, active_a=12.36e-3))
    result = compare_sessions(a, b)
    assert result.is_comparable
    gross = result.compared[0]
    assert gross.ratio is not None
    assert gross.ratio.value == pytest.approx(1.03, rel=2e-3)
    assert gross.significant
    assert gross.a.u / gross.a.value > 2e-3
    assert gross.ratio.u < 1e-3


def test_nothing_cancels_between_two_meters(a: Path, tmp_path: Path) -> None:
    b = made(tmp_path / "b", calibration=replace(BOUND, instrument="ppk2#8"))
    result = compare_sessions(a, b)
    gross = result.compared[0]
    assert gross.ratio is not None
    assert gross.ratio.u == pytest.approx(np.sqrt(2) * gross.a.u / gross.a.value, rel=0.05)
    assert "UNIT" in {one.code for one in result.differences}


def test_a_new_calibration_cancels_nothing(a: Path, tmp_path: Path) -> None:
    b = made(tmp_path / "b", calibration=replace(BOUND, source="another day"))
    result = compare_sessions(a, b)
    assert "CALIBRATION" in {one.code for one in result.differences}
    assert result.compared[0].difference.u > 2e-3 * result.compared[0].a.value


def test_typical_figures_allow_one_meter_with_itself_only(tmp_path: Path) -> None:
    typical = replace(BOUND, is_bound=False)
    one, two = made(tmp_path / "1", calibration=typical), made(tmp_path / "2", calibration=typical, seed=2)
    assert compare_sessions(one, two).is_comparable
    other = made(tmp_path / "3", calibration=replace(typical, instrument="ppk2#8"), seed=3)
    result = compare_sessions(one, other)
    assert [d.code for d in result.differences if d.effect == "blocks"] == ["TYPICAL"]
    assert result.compared == ()


def test_what_has_no_number_is_not_compared(a: Path, tmp_path: Path) -> None:
    from tinykit.bench.meters.ppk2 import Ppk2Faults

    b = made(tmp_path / "b", faults=Ppk2Faults(saturations=((15_000, 5),)))
    result = compare_sessions(a, b)
    assert "NO_NUMBER" in {d.code for d in result.differences if d.effect == "blocks"}
    assert result.compared == ()


def test_a_session_is_not_compared_with_itself_nor_with_its_copy(a: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(RecordingError):
        compare_sessions(a, a)
    shutil.copytree(a, tmp_path / "copy")
    result = compare_sessions(a, tmp_path / "copy")
    assert "SAME_RECORDING" in {d.code for d in result.differences if d.effect == "blocks"}


def test_a_against_a_is_significant_in_at_most_8_percent_of_500() -> None:
    """Five windows each with a scatter of 0.1 %, behind one meter's gain of ±10 %."""
    random = np.random.default_rng(7)
    significant = 0
    for trial in range(500):
        gain = 1 + random.uniform(-0.1, 0.1)
        pair = []
        for side in "ab":
            windows = [
                Estimate(
                    v,
                    "J",
                    ("measured",),
                    ("test",),
                    {"m#1.range3.gain": Influence(0.1 * v / np.sqrt(3), "normal")},
                )
                for v in (gain * 1e-3 * (1 + 1e-3 * random.standard_normal(5))).tolist()
            ]
            pair.append(with_scatter(windows, f"session {trial}{side}.windows"))
        significant += compare_estimates("gross", *pair).significant
    assert 5 <= significant <= 40
