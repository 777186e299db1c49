"""Phases from another program's recording: the same ledger, the same checks."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinykit.errors import RecordingError
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.manifest import verify
from tinykit.lab.phase_map import PhaseMap
from tinykit.lab.recompute import recompute

V, RATE_HZ = 3.0, 100_000.0
CYCLE = ((4, 0.030, 20e-6), (1, 0.010, 4e-3), (3, 0.020, 12e-3), (2, 0.010, 30e-3))
MAP = 'cycle = "sense"\n[phases]\n1 = "sense"\n3 = "infer"\n2 = "radio"\n4 = "sleep"\n'


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A .ppk2 file of four cycles; D0 to D2 change a sample apart."""
    lengths = [round(seconds * RATE_HZ) for _, seconds, _ in CYCLE] * 5
    codes = np.repeat([code for code, _, _ in CYCLE] * 5, lengths)
    codes = (codes & 1) | (np.r_[codes[:1], codes[:-1]] & ~1)
    records = np.zeros(len(codes), [("ua", "<f4"), ("lines", ">u2")])
    records["ua"] = np.repeat([amperes * 1e6 for _, _, amperes in CYCLE] * 5, lengths)
    records["lines"] = 0x5555
    for i in range(3):
        records["lines"] ^= np.where(codes >> i & 1, 0b11 << 2 * i, 0).astype(">u2")
    path = tmp_path / "run.ppk2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("session.raw", records.tobytes())
        about = {"formatVersion": 2, "metadata": {"samplesPerSecond": RATE_HZ}}
        archive.writestr("metadata.json", json.dumps(about))
    return path


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    one = Calibration("ppk2#5", "ppk2", "certificate", True, (Term("gain", "normal", 0.01),))
    (tmp_path / "certificate.json").write_text(json.dumps(one.to_dict()))
    (tmp_path / "map.toml").write_text(MAP)
    return ["--voltage", V, "--calibration", tmp_path / "certificate.json", "--short", "-o", tmp_path / "s"]


def test_a_recording_with_a_map_gives_a_ledger(tinykit, recording, words, tmp_path) -> None:
    ran = tinykit("session", "import", recording, "--phases", tmp_path / "map.toml", *words, "--json")
    assert ran.code == 0, ran.out
    ledger = json.loads(ran.out)["phases"]
    assert ledger["cycles"] == 4  # of five, the last one is cut off
    assert ledger["closes"] is True
    assert ledger["glitches"]["skew"] > 0
    for line, (_, seconds, amperes) in zip(ledger["lines"], [*CYCLE[1:], CYCLE[0]], strict=True):
        low, high = line["energy_j"]["interval95"]
        assert low < V * seconds * amperes < high
    assert verify(tmp_path / "s") == ()
    assert recompute(tmp_path / "s").is_equal
    shown = tinykit("session", "show", tmp_path / "s")
    assert "pre-process" not in shown.out
    for word in ("sense", "infer", "radio", "sleep", "/cycle [", "off the whole", "glitches"):
        assert word in shown.out, word


def test_a_typical_meter_leaves_shares_and_no_joules(tinykit, recording, words, tmp_path) -> None:
    words = [word for word in words if "certificate" not in str(word) and word != "--calibration"]
    ran = tinykit("session", "import", recording, "--phases", tmp_path / "map.toml", *words)
    assert ran.code == 0
    assert "only ratios" in ran.out
    assert "%" in ran.out
    assert "/cycle" not in ran.out
    assert "once" not in ran.out


def test_what_makes_no_sense_is_refused(tinykit, recording, words, tmp_path) -> None:
    ran = tinykit("session", "import", recording, *words, "--json")
    assert ran.code == 2
    (tmp_path / "map.toml").write_text("phases = 3\n")
    ran = tinykit("session", "import", recording, "--phases", tmp_path / "map.toml", *words, "--json")
    assert ran.code == 3
    assert json.loads(ran.out)["error"]["code"] == "PHASE_MAP"


def test_lines_without_a_whole_phase_are_refused_before_a_file_is_written(recording, tmp_path) -> None:
    from tinykit.lab.importer import Recording, import_recording

    coding = PhaseMap(((1, "a"),), ("D5",), "a")
    with pytest.raises(RecordingError) as caught:
        import_recording(Recording(recording, None, voltage_v=V, phases=coding), tmp_path / "s")
    assert caught.value.code == "PHASES_MISSING"
    assert not (tmp_path / "s").exists()
