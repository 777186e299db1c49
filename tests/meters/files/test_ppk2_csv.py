"""CSV exports of Nordic's app: groups of columns, and the app's own marks."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import all_samples, codes, write_ppk2_csv

from tinykit.errors import RecordingError
from tinykit.meters.importing import ImportOptions, load_recording

CURRENT_UA = np.linspace(10, 5000, 400)


@pytest.mark.parametrize("groups", ["ticl", "tic", "til", "ti"])
def test_any_groups_of_columns(tmp_path, groups):
    bits = np.arange(400) % 256
    trace = load_recording(write_ppk2_csv(tmp_path / "a.csv", CURRENT_UA, bits, groups=groups))
    numbers, values, digital = all_samples(trace)
    assert np.array_equal(numbers, np.arange(400))
    assert values == pytest.approx(CURRENT_UA * 1e-6, abs=1e-9)
    assert trace.sample_rate_hz == pytest.approx(100_000)
    assert trace.instrument.kind == "ppk2"
    assert codes(trace) == []
    if groups == "ti":
        assert digital is None
    else:
        assert np.array_equal(digital, bits)
        assert trace.digital_lines == tuple(f"D{n}" for n in range(8))


def test_without_times_the_rate_must_be_given(tmp_path):
    path = write_ppk2_csv(tmp_path / "a.csv", CURRENT_UA, groups="ic")
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    assert caught.value.code == "TIME_MISSING"
    assert load_recording(path, ImportOptions(sample_rate_hz=100_000)).length == 400


def test_without_current_there_is_nothing(tmp_path):
    with pytest.raises(RecordingError) as caught:
        load_recording(write_ppk2_csv(tmp_path / "a.csv", CURRENT_UA, groups="tc"))
    assert caught.value.code == "QUANTITY_MISSING"


def test_rows_that_the_app_left_out_are_a_gap(tmp_path):
    holed = CURRENT_UA.copy()
    holed[100:130] = np.nan
    trace = load_recording(write_ppk2_csv(tmp_path / "a.csv", holed))
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(100, 30)]
    assert codes(trace) == ["ROWS_MISSING"]


def test_runs_of_the_apps_mark_for_lost_samples_have_no_value(tmp_path):
    lost = CURRENT_UA.copy()
    lost[50:66] = 0.2
    lost[200] = 0.2
    trace = load_recording(write_ppk2_csv(tmp_path / "a.csv", lost))
    assert set(codes(trace)) == {"PPK2_LOST", "PPK2_LOST_MAYBE", "NOT_A_NUMBER"}
    values = all_samples(trace)[1]
    assert np.flatnonzero(np.isnan(values)).tolist() == list(range(50, 66))


def test_clamped_zeros_and_decimation_are_told(tmp_path):
    trace = load_recording(write_ppk2_csv(tmp_path / "a.csv", [0.0, 5.0] * 50, rate=1000))
    assert codes(trace) == ["PPK2_CLAMPED", "DECIMATED"]
    assert trace.min_window_s == pytest.approx(1.0)


def test_symbols_for_both_and_for_no_data(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Timestamp(ms),Current(uA),D0-D7\n0.000,5.000,0X00000-\n0.010,6.000,10000000\n")
    trace = load_recording(path)
    assert codes(trace) == ["LINES_MIXED", "LINES_NO_DATA"]
    assert all_samples(trace)[2].tolist() == [2, 1]


@pytest.mark.parametrize("cell", ["0102", "abcdefgh", "00000002"])
def test_lines_that_are_none_are_refused(tmp_path, cell):
    path = tmp_path / "a.csv"
    path.write_text(f"Timestamp(ms),Current(uA),D0-D7\n0.000,5.000,00000000\n0.010,6.000,{cell}\n")
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    assert caught.value.code in ("CSV_NUMBER", "LINE_VALUES")
