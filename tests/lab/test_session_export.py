"""What is exported reads back as the same joules, and says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sessions import SCRIPT, session

from tinykit.bench.meters.ppk2 import Ppk2Faults
from tinykit.errors import OutputError, RecordingError, UsageError
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.dense import dense
from tinykit.lab.export import export_session, exports
from tinykit.lab.import_windows import Pointed
from tinykit.lab.importer import Recording, import_recording
from tinykit.lab.store import open_session, reanalyse
from tinykit.meters.importing import load_recording


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With 40 samples lost between the windows."""
    folder = tmp_path_factory.mktemp("made") / "one"
    session(folder, faults=Ppk2Faults(losses=((25_900, 40),)))
    return folder


def windows_of(made: Path) -> tuple[float, float]:
    """Where the windows begin and end, idle left out."""
    analysis = reanalyse(open_session(made))
    inside = [w for p, w in zip(analysis.phases, analysis.windows, strict=True) if p.kind == "infer"]
    return (inside[0].start - 1000) / 1e5, (inside[-1].stop + 1000) / 1e5


@pytest.mark.parametrize(
    ("suffix", "marker", "rel"), [(".csv", "D0", 1e-6), (".jls", "gpi[0]", 1e-6)], ids=["csv", "jls"]
)
def test_samples_go_out_and_come_back(
    made: Path, tmp_path: Path, suffix: str, marker: str, rel: float
) -> None:
    if suffix == ".jls":
        pytest.importorskip("pyjls")
    low, high = windows_of(made)
    done = export_session(made, tmp_path / f"x{suffix}", from_s=low, to_s=high)
    assert done.simulated
    recording = Recording(
        done.path, 10, marker, windows=3, calibration=made / "calibration.json", short_asked=True
    )
    report = import_recording(recording, tmp_path / "back")
    assert report.simulated, "the stamp was lost on the way"
    assert report.headline is not None
    stored = open_session(made)
    assert stored.gross is not None
    # The stored one is summed with guards; between its edges a window has the same energy here.
    assert report.headline.value == pytest.approx(stored.gross.value, rel=2e-4)
    sums = [one.inner for one in report.analysis.energy.windows] if report.analysis.energy else []
    again = reanalyse(stored).energy
    assert again is not None
    for one, other in zip(sums, again.windows, strict=True):
        assert one.energy_j == pytest.approx(other.inner.energy_j, rel=rel)
        assert len(one.window) == len(other.inner.window)


@pytest.mark.parametrize(("column", "units"), [("current_mA", ["A", "V"]), ("power_mW", ["W"])])
def test_a_recording_without_lines_goes_to_jls_without_a_marker(
    tmp_path: Path, column: str, units: list[str]
) -> None:
    """Its windows are found by its power, and are there as annotations all the same."""
    pyjls = pytest.importorskip("pyjls")
    one = np.r_[np.full(300, 1.0), np.full(500, 10.0)]
    values = np.r_[np.tile(one, 2), np.full(300, 1.0)]
    table = tmp_path / "run.csv"
    table.write_text(column + "\n" + "\n".join(f"{value:g}" for value in values) + "\n")
    certificate = Calibration("a#5", "csv", "certificate", True, (Term("gain", "normal", 1e-3),))
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(certificate.to_dict()))
    recording = Recording(
        table,
        10,
        voltage_v=3.0 if "V" in units else None,
        sample_rate_hz=1000.0,
        calibration=file,
        short_asked=True,
        pointed=Pointed(windows_from="power"),
    )
    import_recording(recording, tmp_path / "one")
    done = export_session(tmp_path / "one", tmp_path / "x.jls")
    assert "2 windows" in done.note
    with pyjls.Reader(str(done.path)) as reader:
        signals = {s.units: s.signal_id for s in reader.signals.values() if s.signal_id}
        assert sorted(signals) == sorted(units)
        notes: list[str] = []
        reader.annotations(signals[units[0]], 0, lambda t, y, kind, group, data: notes.append(data))
        written = reader.fsr(signals[units[0]], 0, len(values))
    assert [text for text in notes if "inferences" in text] == [
        "infer 1, 10 inferences",
        "infer 2, 10 inferences",
    ]
    np.testing.assert_allclose(written, values * 1e-3, rtol=1e-6)


def test_lost_samples_have_no_row_in_a_table_and_are_nan_in_jls(made: Path, tmp_path: Path) -> None:
    pyjls = pytest.importorskip("pyjls")
    export_session(made, tmp_path / "x.csv")
    trace = load_recording(tmp_path / "x.csv")
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(25_900, 40)]
    export_session(made, tmp_path / "x.jls")
    with pyjls.Reader(str(tmp_path / "x.jls")) as reader:
        (number,) = (s.signal_id for s in reader.signals.values() if s.name == "current")
        values = reader.fsr(number, 0, trace.length)
        notes: list[tuple[int, str]] = []
        reader.annotations(number, 0, lambda t, y, kind, group, data: notes.append((t, data)))
    assert np.flatnonzero(np.isnan(values)).tolist() == list(range(25_900, 25_940))
    assert [text for _, text in notes if "inferences" in text] == [
        f"infer {k}, {SCRIPT.inferences} inferences" for k in (1, 2, 3)
    ]


def test_the_form_of_mlperf_is_stamped_and_holds_the_windows_energy(made: Path, tmp_path: Path) -> None:
    done = export_session(made, tmp_path / "results.json")
    assert "not a verified result" in done.note
    trials = json.loads(done.path.read_text())
    assert len(trials) == SCRIPT.windows
    for trial in trials:
        assert trial["tinykit"]["note"] == "not a verified result"
        assert trial["tinykit"]["simulated"] is True
        (_, first), (_, last) = trial["power"]["timestamps"]
        inside = trial["power"]["samples"][first:last]
        assert sum(inside) / trial["infer"]["iterations"] == pytest.approx(SCRIPT.gross_j, rel=2e-3)
        assert len(inside) == round(SCRIPT.active_s * 1000)
    trace = load_recording(done.path)
    assert trace.quantity == "energy"
    certificate = made / "calibration.json"
    recording = Recording(
        done.path, 10, "D7", level="pulses", calibration=certificate, voltage_v=3.0, short_asked=True
    )
    assert import_recording(recording, tmp_path / "back").simulated, "the stamp was lost on the way"
    for trial in trials:
        trial["tinykit"]["simulated"] = False
    done.path.write_text(json.dumps(trials))
    assert not load_recording(done.path).instrument.emulated


def test_an_export_is_whole_or_not_there(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as unknown:
        export_session(made, tmp_path / "x.xlsx")
    assert unknown.value.code == "EXPORT_FORMAT"
    with pytest.raises(RecordingError) as empty:
        export_session(made, tmp_path / "x.csv", from_s=900.0)
    assert empty.value.code == "EXPORT_EMPTY"
    with pytest.raises(RecordingError):
        export_session(made, tmp_path / "x.json", to_s=0.05)
    assert list(tmp_path.iterdir()) == []
    export_session(made, tmp_path / "x.csv", to_s=0.001)
    with pytest.raises(OutputError) as there:
        export_session(made, tmp_path / "x.csv", to_s=0.001)
    assert there.value.code == "EXPORT_EXISTS"


def test_formats_are_found_by_their_files() -> None:
    assert {one.name for one in exports()} >= {"csv", "jls", "mlperf"}


@pytest.mark.parametrize("size", [1, 7, 1000, 25_910, 1 << 18])
def test_dense_pieces_say_the_same_whatever_their_size(made: Path, size: int) -> None:
    trace = reanalyse(open_session(made)).trace
    low, high = 25_800, 26_800
    pieces = list(dense(trace, low, high, size=size))
    assert [piece.first for piece in pieces] == list(range(low, high, size))
    values = np.concatenate([piece.values for piece in pieces])
    assert np.flatnonzero(np.isnan(values)).tolist() == list(range(100, 140))
    whole = np.full(high - low, np.nan)
    for block in trace.blocks(low, high):
        whole[block.first_index - low : block.end_index - low] = block.values
    np.testing.assert_array_equal(values, whole)
