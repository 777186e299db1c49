"""Windows by clocks instead of a marker, live on an emulated rig: labelled, or refused, and never silent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from emulated import Emulated, measure

from tinykit.lab.recompute import recompute
from tinykit.lab.report import SessionReport
from tinykit.lab.verdict import Finding


def placed(report: SessionReport) -> Finding:
    return next(one for one in report.analysis.verdict.findings if one.code == "WINDOWS_FROM")


def label(emulated: Emulated) -> dict[str, object]:
    """How ``energy.json`` says that windows were found."""
    energy = json.loads((emulated.ports.parent / "session" / "energy.json").read_text())
    found = energy["windows_from"]
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
def test_windows_by_the_boards_clock_are_labelled_and_hold_the_truth(emulate_rig, digits, tinykit) -> None:
    emulated = emulate_rig("--meter", "ppk2", "--pace", "real", "--errors", "none")
    report = measure(digits, emulated, "ppk2", windows=2, seconds=12.0, windows_from="board")
    finding = placed(report)
    assert finding.text.startswith("Windows are by the board's clock, not by a marker")
    assert label(emulated)["method"] == "board"
    shown = tinykit("session", "show", emulated.ports.parent / "session").out
    assert "SIMULATED" in shown
    energy = report.analysis.energy
    if finding.state == "fail":
        # A computer that is too busy for the pace makes the line look slow: then there is no number.
        assert label(emulated)["shift_s"] > 0.01 * 12.0  # type: ignore[operator]
        assert energy is None
        assert "No number" in shown
        return
    assert finding.state == "warn"
    assert "by the board's clock" in shown
    assert energy is not None
    assert len(energy.windows) == 2
    truths = emulated.true_j(energy.windows[0].inner.duration_s)[-2:]
    low, high = energy.gross.interval()
    assert low < sum(truths) / 2 / energy.windows[0].inferences < high
    assert any(name.endswith("windows.board.shift") for name in energy.gross.influences) != bool(
        energy.guard_s
    )
    assert recompute(emulated.ports.parent / "session").is_equal


@pytest.mark.slow
def test_short_windows_by_the_hosts_clock_are_labelled_and_refused(emulate_rig, digits, tinykit) -> None:
    emulated = emulate_rig("--meter", "ppk2", "--pace", "real", "--errors", "none")
    report = measure(digits, emulated, "ppk2", seconds=1.0, state_s=1.0, windows_from="host")
    finding = placed(report)
    assert finding.state == "fail"
    assert "by the host's clock, not by a marker" in finding.text
    assert "must last 60 s" in finding.text
    assert report.headline is None
    assert label(emulated)["method"] == "host"
    assert "No number" in tinykit("session", "show", emulated.ports.parent / "session").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--windows-from", "board"], "board's clock need an emulator with --pace real"),
        (["--windows-from", "host", "--seconds", 60], "host's clock need an emulator with --pace real"),
        (["--windows-from", "host"], "last 60 s at least"),
        (["--windows-from", "power"], None),
    ],
)
def test_clocks_that_do_not_go_together_are_refused_before_anything_runs(
    tinykit, digits, tmp_path: Path, words: list[object], said: str | None
) -> None:
    from sessions import declare_emulator

    declare_emulator(tmp_path, pace="fast")
    (tmp_path / "meter").touch()
    rig = ["--on", "virtual-m4", "--meter", f"ppk2:{tmp_path}/meter", "--voltage", 3]
    ran = tinykit("measure", digits.tflite, *rig, *words, "--dry-run", "--json")
    missing = json.loads(ran.out)["missing"]
    assert [said in one for one in missing] == [True] if said else missing == []
    assert "(emulated)" in json.loads(ran.out)["meter"]


def test_a_port_that_is_not_there_is_missing_also_by_a_relative_name(tinykit, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rig = ["--on", "virtual-m4", "--meter", "ppk2:ports/meter", "--voltage", 3]
    ran = tinykit("measure", digits.tflite, *rig, "--dry-run", "--json")
    assert json.loads(ran.out)["missing"] == ["there is no port ports/meter"]
