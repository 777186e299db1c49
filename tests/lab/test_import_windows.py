"""A recording without a marker, or with idle that the user points at: net joules, labelled, with doubts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tinykit.errors import TinykitError
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.compare import compare_sessions
from tinykit.lab.import_windows import Pointed
from tinykit.lab.importer import Recording, import_recording
from tinykit.lab.recompute import recompute
from tinykit.lab.report import SessionReport

RATE = 10_000
ACTIVE_A, IDLE_A, V, N = 10e-3, 1e-3, 3.0, 10
GAP, ACTIVE = 3_000, 5_000
GROSS_J = V * ACTIVE_A * ACTIVE / RATE / N
NET_J = V * (ACTIVE_A - IDLE_A) * ACTIVE / RATE / N


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three windows of 0.5 s, 0.3 s of idle around each, with a marker that nobody has to use."""
    one = np.r_[np.full(GAP, IDLE_A), np.full(ACTIVE, ACTIVE_A)]
    current = np.r_[np.tile(one, 3), np.full(GAP, IDLE_A)]
    noisy = current + np.random.default_rng(1).normal(0, 2e-5, len(current))
    rows = [f"{a * 1e3:.6f},{int(b > 5e-3)}" for a, b in zip(noisy, current, strict=True)]
    path = tmp_path_factory.mktemp("table") / "run.csv"
    path.write_text("current_mA,D0\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    names = ("gain", "offset", "voltage", "timebase", "skew", "temperature")
    one = Calibration("a#5", "csv", "certificate", True, tuple(Term(q, "normal", 1e-6) for q in names))
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(one.to_dict()))
    return path


def imported(table: Path, certificate: Path, out: Path, **pointed: object) -> SessionReport:
    recording = Recording(
        table,
        N,
        voltage_v=V,
        voltage_source="meter 9",
        sample_rate_hz=RATE,
        calibration=certificate,
        short_asked=True,
        pointed=Pointed(**pointed),  # type: ignore[arg-type]
    )
    return import_recording(recording, out)


def states(report: SessionReport) -> dict[str, str]:
    return {f.code: f.state for f in report.analysis.verdict.findings}


def test_without_idle_a_file_has_gross_energy_only(table: Path, certificate: Path, tmp_path: Path) -> None:
    energy = imported(table, certificate, tmp_path / "s").analysis.energy
    assert energy is not None
    assert energy.net is None


@pytest.mark.parametrize(
    "pointed",
    [
        {"idle": ((0.05, 0.25), (2.5, 2.6))},
        {"idle": ((0.05, 0.25),), "guard_s": 0.05},
        {"guard_s": 0.1},
        {"windows_from": "power", "guard_s": 0.1},
        {"windows_from": "power", "idle": ((0.05, 0.25),), "guard_s": 0.05},
    ],
)
def test_idle_that_is_pointed_at_gives_net_energy(
    table: Path, certificate: Path, tmp_path: Path, pointed: dict[str, object]
) -> None:
    report = imported(table, certificate, tmp_path / "s", **pointed)
    energy = report.analysis.energy
    assert energy is not None, report.analysis.verdict.to_dict()
    assert energy.net is not None
    for estimate, truth in ((energy.gross, GROSS_J), (energy.net, NET_J)):
        assert estimate.value == pytest.approx(truth, rel=5e-4)
        low, high = estimate.interval()
        assert low - 2e-4 * truth <= truth <= high + 2e-4 * truth
    # Guards are summed only where idle was measured beside them.
    assert (energy.guard_s > 0) == ("idle" in pointed and "guard_s" in pointed)
    assert recompute(tmp_path / "s").is_equal


@pytest.mark.parametrize(
    ("pointed", "settles"),
    [
        ({}, True),
        ({"idle": ((0.05, 0.25),)}, True),
        ({"guard_s": 0.1}, True),
        ({"windows_from": "power"}, True),
        ({"idle": ((0.05, 0.25),), "guard_s": 0.05}, False),
    ],
)
def test_windows_without_guards_doubt_what_the_supply_brings_late(
    table: Path, certificate: Path, tmp_path: Path, pointed: dict[str, object], settles: bool
) -> None:
    report = imported(table, certificate, tmp_path / "s", **pointed)
    energy = report.analysis.energy
    assert energy is not None
    for one in (energy.gross, energy.net):
        if one is not None:
            assert any(name.endswith(".settling") for name in one.influences) == settles
    (doubt,) = [one for one in report.analysis.doubts if one.name == "settling"]
    assert doubt.state == ("counted" if settles else "not_needed")


def test_power_edges_are_labelled_and_cost_an_influence(
    table: Path, certificate: Path, tmp_path: Path
) -> None:
    report = imported(table, certificate, tmp_path / "s", windows_from="power")
    assert states(report)["WINDOWS_FROM"] == "warn"
    document = json.loads((tmp_path / "s" / "energy.json").read_text())
    assert document["windows_from"]["method"] == "power"
    assert document["windows_from"]["contrast"] == pytest.approx(10, rel=0.05)
    energy = report.analysis.energy
    assert energy is not None
    (name,) = [name for name in energy.gross.influences if name.endswith("windows.power.edges")]
    edge_s = document["windows_from"]["edge_s"]
    expected = V * ACTIVE_A * edge_s * np.sqrt(2 / 3) / N
    assert energy.gross.influences[name].u == pytest.approx(expected, rel=1e-3)
    marked = imported(table, certificate, tmp_path / "m")
    assert states(marked)["WINDOWS_FROM"] == "pass"
    assert marked.analysis.energy is not None
    assert energy.gross.value == pytest.approx(marked.analysis.energy.gross.value, rel=5e-4)


@pytest.mark.parametrize(
    ("pointed", "word"),
    [
        ({"idle": ((0.1, 9.0),)}, "lasts"),
        ({"idle": ((0.2, 0.4),)}, "a window lies there"),
        ({"idle": ((0.2, 0.1),)}, "0.1"),
    ],
)
def test_a_stretch_that_is_not_idle_is_refused_before_anything_is_written(
    table: Path, certificate: Path, tmp_path: Path, pointed: dict[str, object], word: str
) -> None:
    with pytest.raises(TinykitError, match=word) as refused:
        imported(table, certificate, tmp_path / "s", **pointed)
    assert refused.value.code == "IDLE"
    assert not (tmp_path / "s").exists()


def test_two_ways_to_mark_an_inference_are_told_when_sessions_are_compared(
    table: Path, certificate: Path, tmp_path: Path
) -> None:
    for name, pointed in (("a", {}), ("b", {}), ("c", {"windows_from": "power"})):
        imported(table, certificate, tmp_path / name, **pointed)
    same, other = (compare_sessions(tmp_path / "a", tmp_path / name).differences for name in ("b", "c"))
    assert "MARKS" not in {one.code for one in same}
    assert "MARKS" in {one.code for one in other}
