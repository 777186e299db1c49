"""A session killed at any byte: what came to its end is kept, nothing else gives a number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import Script, record

from tinykit.errors import RecordingError, TinykitError
from tinykit.lab.manifest import MANIFEST, verify
from tinykit.lab.outputs import write_outputs
from tinykit.lab.recompute import recompute
from tinykit.lab.recover import recover

SCRIPT = Script(windows=3, active_s=0.03, idle_s=0.04, guard_s=0.01)
RATE = 100_000.0
NAMES = ("meter.bin", "arrivals.bin", "events.jsonl")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "cut"
    record(folder, SCRIPT)
    return folder


def test_a_session_killed_at_its_very_end_is_whole(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "cut")
    result = recover(tmp_path / "cut")
    assert (result.kept, result.noted, result.planned) == (5, 5, 5)
    assert result.report.headline is not None
    assert result.report.headline.value == pytest.approx(SCRIPT.gross_j, rel=2e-3)
    with pytest.raises(RecordingError) as again:
        recover(tmp_path / "cut")
    assert again.value.code == "SESSION_FINISHED"


@given(shares=st.tuples(*(st.floats(0, 1) for _ in NAMES)), cut=st.sets(st.sampled_from(NAMES), min_size=1))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_anywhere_it_verifies_and_uses_finished_windows_only(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, shares: tuple[float, ...], cut: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("k") / "cut"
    shutil.copytree(whole, folder)
    for name, share in zip(NAMES, shares, strict=True):
        if name in cut:
            path = folder / "raw" / name
            path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    samples = (folder / "raw" / "meter.bin").stat().st_size // 4
    done = sum(
        b"done" in line and line.endswith(b"}")
        for line in (folder / "raw" / "events.jsonl").read_bytes().split(b"\n")
    )
    try:
        result = recover(folder)
    except RecordingError as error:
        assert error.code == "RECORDING_EMPTY"
        assert not (folder / MANIFEST).exists()
        assert samples < 64
        return
    assert verify(folder) == ()
    assert recompute(folder).is_equal
    energy = result.report.analysis.energy
    if energy is None:
        return
    assert result.kept <= done
    for one in energy.windows:
        assert one.outer.window.stop <= samples
        assert one.inner.samples == round(SCRIPT.active_s * RATE)
        assert one.gross.value == pytest.approx(SCRIPT.gross_j, rel=2e-3)
    codes = {f.code: f.state for f in result.report.analysis.verdict.findings}
    assert codes["COMPLETE"] == "warn"


@pytest.mark.parametrize("lost", [1, 2])
def test_bytes_that_never_reached_the_disk_cost_their_phases_only(
    whole: Path, tmp_path: Path, lost: int
) -> None:
    """Without enough arrivals for a clock, one phase may lack its bytes; two are more than a kill takes."""
    shutil.copytree(whole, tmp_path / "cut")
    path = tmp_path / "cut" / "raw" / "meter.bin"
    per_window = SCRIPT.active_s + 2 * SCRIPT.guard_s
    keep_s = SCRIPT.guard_s + SCRIPT.idle_s + 3 * per_window + 2 * SCRIPT.guard_s + SCRIPT.idle_s / 2
    keep_s -= (lost - 1) * per_window
    path.write_bytes(path.read_bytes()[: int(keep_s * RATE) * 4])
    result = recover(tmp_path / "cut")
    findings = {f.code: f.state for f in result.report.analysis.verdict.findings}
    if lost == 1:
        assert result.kept == 4
        assert result.report.headline is not None
        assert result.report.analysis.energy is not None
        assert len(result.report.analysis.energy.windows) == 3
    else:
        assert findings["MARKER_COUNT"] == "fail"
        assert result.report.headline is None


def test_a_marker_too_many_in_the_middle_is_no_cut(tmp_path: Path, whole: Path) -> None:
    shutil.copytree(whole, tmp_path / "cut")
    path = tmp_path / "cut" / "raw" / "events.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    result = recover(tmp_path / "cut")
    assert result.report.headline is None
    assert {f.code: f.state for f in result.report.analysis.verdict.findings}["MARKER_COUNT"] == "fail"


@pytest.mark.parametrize("name", ["start.json", "setup.json"])
@pytest.mark.parametrize("keep", [0, 20, 200])
def test_without_its_beginning_it_is_refused_and_left_alone(
    whole: Path, tmp_path: Path, name: str, keep: int
) -> None:
    shutil.copytree(whole, tmp_path / "cut")
    path = tmp_path / "cut" / "raw" / name
    path.write_bytes(path.read_bytes()[:keep])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TinykitError) as refused:
        recover(tmp_path / "cut")
    assert refused.value.code in ("SESSION_START", "RECORDING_SETUP")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_has_nothing_to_recover(tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as refused:
        recover(tmp_path)
    assert refused.value.code == "RECOVER_NOTHING"


def test_a_window_whose_guard_is_cut_is_left_out(whole: Path, tmp_path: Path) -> None:
    """Its own samples are all there; what stands for idle behind it is not."""
    shutil.copytree(whole, tmp_path / "cut")
    path = tmp_path / "cut" / "raw" / "meter.bin"
    end_s = SCRIPT.guard_s + SCRIPT.idle_s + 3 * (SCRIPT.active_s + 2 * SCRIPT.guard_s)
    path.write_bytes(path.read_bytes()[: int((end_s + SCRIPT.guard_s / 2) * RATE) * 4])
    events = tmp_path / "cut" / "raw" / "events.jsonl"
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:4]))
    result = recover(tmp_path / "cut")
    assert (result.kept, result.noted) == (3, 4)
    assert result.report.analysis.energy is not None
    assert len(result.report.analysis.energy.windows) == 2
    assert result.report.analysis.energy.gross.value == pytest.approx(SCRIPT.gross_j, rel=2e-3)


def test_a_kill_while_the_results_are_written_leaves_nothing_unlisted(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(whole, folder)
    write_outputs(folder, [np.zeros((2, 10), np.int8)])
    (folder / ".energy.json.partial").write_bytes(b"{")
    recover(folder)
    assert verify(folder) == ()
    assert "outputs.npz" in json.loads((folder / MANIFEST).read_bytes())["files"]
