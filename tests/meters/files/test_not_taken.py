"""Files that look like recordings of samples and are not: each refusal has a code of its own."""

from __future__ import annotations

import pytest
from recordings import all_samples, codes

from tinykit.errors import RecordingError
from tinykit.meters.importing import ImportOptions, importers, load_recording

TRAPS = [
    ("a.csv", "# time,JS220-000415.i,JS220-000415.v,JS220-000415.p\n0,1,2,3\n", "JOULESCOPE_PIXELS"),
    ("a.csv", "# timestamp,JS220.current\n0,1\n", "PYJLS_MEANS"),
    ("a.csv", "#time,current,voltage,power,charge,energy\n0,1,2,3,4,5\n", "JOULESCOPE_STATISTICS"),
    ("a.csv", "#current,voltage,power,charge,energy\n1,2,3,4,5\n", "JOULESCOPE_STATISTICS"),
    (
        "a.csv",
        "time,current,voltage,power,charge,energy,current_min\n0,1,2,3,4,5,6\n",
        "JOULESCOPE_STATISTICS",
    ),
    ("Main current - Arc.csv", '"Timestamp","Value"\n0.000000,0.001\n', "OTII_COLUMN"),
    ("a.csv", "Time(ms),Main(mA),USB(mA),Main Voltage(V),\n0.1,1,2,3,\n", "MONSOON_TIME"),
    ("a.csv", "Time [s],Channel 0,Channel 1\n0,1,0\n", "SALEAE_EVENTS"),
    ("a.csv", "Time [s],Channel 0 [V]\n0,1\n", "SALEAE_EVENTS"),
    ("a.ppk", "\x00\x01", "PPK_LEGACY"),
    ("a.otii3", "{}", "OTII_PROJECT"),
    ("a.pt4", "\x00", "MONSOON_BINARY"),
    ("a.pt5", "\x00", "MONSOON_BINARY"),
    ("a.dlog", "<dlog>", "KEYSIGHT_DLOG"),
]


@pytest.mark.parametrize(("name", "text", "code"), TRAPS)
def test_a_trap_is_known(tmp_path, name, text, code):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    assert caught.value.code == code
    assert caught.value.hint


def test_otiis_column_is_read_if_the_caller_says_what_it_is(tmp_path):
    path = tmp_path / "Main current - Arc.csv"
    path.write_text('"Timestamp","Value"\n0.000000,0.001\n0.000250,0.002\n0.000500,0.003\n')
    trace = load_recording(path, ImportOptions(columns={"Timestamp": "time:s", "Value": "current:A"}))
    assert trace.sample_rate_hz == pytest.approx(4000)
    assert all_samples(trace)[1] == pytest.approx([1e-3, 2e-3, 3e-3])


def test_monsoons_rows_are_read_by_their_number_if_the_caller_says_so(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Time(ms),Main(mA),Main Voltage(V),\n0.1,1,3.0,\n0.1,2,3.0,\n0.1,3,3.0,\n")
    options = ImportOptions(columns={"Time(ms)": "skip"}, sample_rate_hz=5000)
    trace = load_recording(path, options)
    assert all_samples(trace)[1] == pytest.approx([1e-3, 2e-3, 3e-3])
    assert trace.supply.kind == "measured"
    assert codes(trace) == []


def test_every_importer_is_found_and_named():
    names = [importer.name for importer in importers()]
    assert set(names) == {"energyrunner", "jls", "mlperf", "not-taken", "ppk2", "ppk2-csv", "csv"}
    assert names[-1] == "csv"
