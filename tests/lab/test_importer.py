"""A file of another program becomes a session: its true joules, its traps in the verdict."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from recordings import write_energyrunner

from tinykit.errors import InputError, RecordingError, TinykitError, UsageError
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.importer import Recording, import_recording
from tinykit.lab.manifest import MANIFEST, verify
from tinykit.lab.recompute import recompute
from tinykit.lab.report import SessionReport

ACTIVE_A, IDLE_A, ACTIVE_S, V = 12e-3, 20e-6, 0.05, 3.0
TRUE_J = V * ACTIVE_A * ACTIVE_S / 10


def ppk2_file(path: Path, windows: int = 3, rate_hz: float = 100_000.0, lost: int = 0) -> Path:
    """A recording as Nordic's app saves it: bursts with D2 high, ``lost`` samples in the first one."""
    idle, active = round(0.02 * rate_hz), round(ACTIVE_S * rate_hz)
    one = np.r_[np.full(idle, IDLE_A), np.full(active, ACTIVE_A)]
    current_ua = np.r_[np.tile(one, windows), np.full(idle, IDLE_A)] * 1e6
    high = current_ua > 1000
    records = np.zeros(len(current_ua), [("ua", "<f4"), ("lines", ">u2")])
    records["ua"] = current_ua
    records["lines"] = np.where(high, 0x5555 ^ (0b11 << 4), 0x5555)
    records["ua"][idle + 10 : idle + 10 + lost] = np.float32(0.2)
    records["lines"][idle + 10 : idle + 10 + lost] = 0x5555
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("session.raw", records.tobytes())
        archive.writestr(
            "metadata.json",
            json.dumps({"formatVersion": 2, "metadata": {"samplesPerSecond": rate_hz}}),
        )
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    one = Calibration("ppk2#5", "ppk2", "certificate", True, (Term("gain", "normal", 0.01),))
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(one.to_dict()))
    return path


def states(report: SessionReport) -> dict[str, str]:
    return {f.code: f.state for f in report.analysis.verdict.findings}


def given(path: Path, **words: object) -> Recording:
    return Recording(path, **{"inferences": 10, "marker": "D2", "voltage_v": V, "short_asked": True, **words})  # type: ignore[arg-type]


def test_a_recording_with_a_certificate_gives_its_joules(tmp_path: Path, certificate: Path) -> None:
    path = ppk2_file(tmp_path / "run.ppk2")
    report = import_recording(given(path, calibration=certificate, voltage_source="meter 9"), tmp_path / "s")
    assert report.headline is not None
    assert report.headline.value == pytest.approx(TRUE_J, rel=1e-6)
    assert report.headline.u / TRUE_J == pytest.approx(0.01, rel=0.01)
    assert report.headline.kind == "measured"
    assert not report.simulated
    found = states(report)
    assert found["LOSS"] == found["VOLTAGE"] == found["CALIBRATION"] == "pass"
    # Nobody counted the windows, and no board told their length: such checks are not passed.
    for code in ("MARKER_COUNT", "DURATION_MISMATCH", "MODEL", "OUTPUTS", "RATE"):
        assert found[code] == "not_checked", code
    # Another program had no plan of ours, and no rig.
    assert not {"COMPLETE", "RIG"} & set(found)
    assert verify(tmp_path / "s") == ()
    assert recompute(tmp_path / "s").is_equal
    path.unlink()  # the session holds its own copy
    assert recompute(tmp_path / "s").is_equal


def test_without_a_certificate_nothing_stands_alone(tmp_path: Path) -> None:
    report = import_recording(given(ppk2_file(tmp_path / "run.ppk2")), tmp_path / "s")
    assert report.headline is None
    assert report.analysis.energy is not None
    assert states(report)["CALIBRATION"] == "warn"
    assert states(report)["VOLTAGE"] == "warn"


def test_a_decimated_recording_gives_no_number(tmp_path: Path, certificate: Path) -> None:
    path = ppk2_file(tmp_path / "run.ppk2", rate_hz=10_000.0)
    report = import_recording(given(path, calibration=certificate), tmp_path / "s")
    assert states(report)["DECIMATED"] == "fail"
    assert report.headline is None
    assert report.analysis.energy is None


def test_lost_samples_fail_the_verdict(tmp_path: Path, certificate: Path) -> None:
    path = ppk2_file(tmp_path / "run.ppk2", lost=30)
    report = import_recording(given(path, calibration=certificate, skip=0), tmp_path / "s")
    assert report.headline is None


def test_counted_windows_must_be_there(tmp_path: Path, certificate: Path) -> None:
    path = ppk2_file(tmp_path / "run.ppk2")
    right = import_recording(given(path, calibration=certificate, windows=2, skip=1), tmp_path / "a")
    assert states(right)["MARKER_COUNT"] == "pass"
    wrong = import_recording(given(path, calibration=certificate, windows=4), tmp_path / "b")
    assert states(wrong)["MARKER_COUNT"] == "fail"
    assert wrong.headline is None


def test_short_windows_fail_where_nobody_meant_them(tmp_path: Path, certificate: Path) -> None:
    path = ppk2_file(tmp_path / "run.ppk2")
    report = import_recording(given(path, calibration=certificate, short_asked=False), tmp_path / "s")
    assert states(report)["WINDOW_SHORT"] == "fail"
    assert report.headline is None


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        ({"marker": "D9"}, "MARKER_LINE", "D9"),
        ({"marker": "D0"}, "MARKER_MISSING", "D2"),
        ({"voltage_v": None}, "VOLTAGE_MISSING", "--voltage"),
        ({"voltage_v": -3.0}, "VOLTAGE_ABSURD", "volts"),
        ({"inferences": 0}, "USAGE", "--n"),
        ({"calibration": Path("nowhere.json")}, "CALIBRATION", "nowhere"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, words: dict[str, object], code: str, word: str
) -> None:
    path = ppk2_file(tmp_path / "run.ppk2")
    with pytest.raises(TinykitError, match=word) as refused:
        import_recording(given(path, **words), tmp_path / "s")
    assert refused.value.code == code
    assert not (tmp_path / "s").exists()


def test_a_table_of_an_unknown_meter_needs_a_calibration(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(
        "time_ms,current_mA,D0\n" + "".join(f"{i},{1 + i % 2},{i // 200 % 2}\n" for i in range(900))
    )
    with pytest.raises(UsageError) as refused:
        import_recording(given(path, marker="D0"), tmp_path / "s")
    assert refused.value.code == "CALIBRATION_MISSING"


def test_a_power_recording_has_its_offset_in_watts_or_is_refused(tmp_path: Path) -> None:
    """Amperes move it by the rail's volts; where nobody knows those, they would move nothing."""
    path, file = tmp_path / "run.csv", tmp_path / "meter.json"
    rows = "".join(f"{i},{1 + i // 200 % 2},{i // 200 % 2}\n" for i in range(1100))
    path.write_text("time_ms,power_mW,D0\n" + rows)

    def energy(offset: Term, out: str, voltage_v: float | None) -> SessionReport:
        terms = (Term("gain", "normal", 0.0), offset)
        file.write_text(json.dumps(Calibration("j#1", "j", "certificate", True, terms).to_dict()))
        recording = given(path, marker="D0", voltage_v=voltage_v, calibration=file, inferences=1)
        return import_recording(recording, tmp_path / out)

    with pytest.raises(InputError, match="offset in A") as refused:
        energy(Term("offset", "normal", 1e-5), "refused", None)
    assert refused.value.code == "CALIBRATION_UNIT"
    assert not (tmp_path / "refused").exists()
    watts = energy(Term("offset", "normal", 3e-5, is_power=True), "watts", None)
    amperes = energy(Term("offset", "normal", 1e-5), "amperes", 3.0)
    for one in (watts, amperes):
        assert one.headline is not None
        assert one.headline.value == pytest.approx(2e-3 * 0.2, rel=1e-9)
        assert one.headline.influences["j#1.offset"].u == pytest.approx(3e-5 * 0.2, rel=1e-9)
    assert recompute(tmp_path / "watts").is_equal


@pytest.mark.parametrize(
    "change",
    [{"file": "../../etc/passwd"}, {"file": "raw/recording/../../x"}, {"inferences": 0}, {"level": "odd"}],
)
def test_a_manifest_that_points_elsewhere_is_refused(
    tmp_path: Path, certificate: Path, change: dict[str, object]
) -> None:
    from tinykit.lab.manifest import write_manifest

    path = ppk2_file(tmp_path / "run.ppk2")
    import_recording(given(path, calibration=certificate), tmp_path / "s")
    manifest = json.loads((tmp_path / "s" / MANIFEST).read_text())
    files = manifest.pop("files")
    manifest.pop("seal")
    manifest["import"].update(change)
    write_manifest(tmp_path / "s", manifest, files)
    with pytest.raises(RecordingError) as refused:
        recompute(tmp_path / "s")
    assert refused.value.code == "SESSION_FILE"


def test_a_recording_of_two_files_keeps_both(tmp_path: Path, certificate: Path) -> None:
    """EnergyRunner's edges lie beside its samples; without them a stored session could not be read again."""
    energy_uj = np.r_[np.full(100, 1.0), np.full(1000, 60.0), np.full(100, 1.0)]
    path = write_energyrunner(tmp_path, energy_uj, (0.100, 1.100))
    recording = given(path, marker="D7", level="pulses", calibration=certificate)
    report = import_recording(recording, tmp_path / "session")
    assert report.analysis.energy is not None
    assert report.analysis.energy.gross.value == pytest.approx(1000 * 60e-6 / 10)
    assert verify(tmp_path / "session") == ()
    (tmp_path / "trace1-timestamps.json").unlink()
    path.unlink()
    again = recompute(tmp_path / "session")
    assert again.is_equal
    assert (tmp_path / "session" / "raw" / "recording-timestamps.json").is_file()
