"""MLPerf Tiny's results.json and EnergyRunner's traces: samples of energy, summed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from recordings import all_samples, codes, write_energyrunner, write_mlperf

from tinykit.errors import RecordingError
from tinykit.meters.importing import ImportOptions, load_recording

ENERGY_J = np.linspace(20e-6, 40e-6, 200)


def refusal(path, **options) -> str:
    with pytest.raises(RecordingError) as caught:
        load_recording(path, ImportOptions(**options))
    return caught.value.code


def test_one_trial(tmp_path):
    trace = load_recording(write_mlperf(tmp_path / "results.json", [(ENERGY_J, (20, 180), 1.8)]))
    _, values, digital = all_samples(trace)
    assert trace.quantity == "energy"
    assert np.flatnonzero(digital == 0).tolist() == [20, 180]
    assert values[20:180].sum() == pytest.approx(ENERGY_J[20:180].sum(), rel=1e-12)
    assert (trace.supply.voltage_v, trace.supply.kind) == (1.8, "assumed")
    assert codes(trace) == ["RATE_ASSUMED"]
    assert trace.sample_rate_hz == 1000


def test_five_trials_follow_each_other_with_holes_of_unknown_length(tmp_path):
    path = write_mlperf(tmp_path / "results.json", [(ENERGY_J, (20, 180), 1.8)] * 5)
    trace = load_recording(path, ImportOptions(sample_rate_hz=1000))
    assert trace.length == 1000
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(200 * n, 0) for n in range(1, 5)]
    digital = all_samples(trace)[2]
    assert np.flatnonzero(digital == 0).tolist() == [200 * n + k for n in range(5) for k in (20, 180)]
    assert load_recording(path, ImportOptions(trial=3)).length == 200
    assert refusal(path, trial=5) == "TRIAL_MISSING"
    assert codes(trace) == []


@pytest.mark.parametrize("events", [(5, 20, 180), (20,), ()])
def test_another_number_of_events_is_told_and_the_last_two_count(tmp_path, events):
    trace = load_recording(write_mlperf(tmp_path / "r.json", [(ENERGY_J, events, 1.8)]))
    assert "MARKER_COUNT" in codes(trace)
    assert np.flatnonzero(all_samples(trace)[2] == 0).tolist() == list(events[-2:])


def test_the_callers_voltage_goes_before_the_files(tmp_path):
    path = write_mlperf(tmp_path / "r.json", [(ENERGY_J, (20, 180), 3.3)])
    trace = load_recording(path, ImportOptions(voltage_v=1.8, voltage_source="multimeter"))
    assert trace.supply.voltage_v == 1.8


@pytest.mark.parametrize(
    ("trials", "code"),
    [
        ([(ENERGY_J, (180, 20), 1.8)], "MLPERF_FORMAT"),
        ([(ENERGY_J, (20, 200), 1.8)], "MLPERF_FORMAT"),
        ([(ENERGY_J, (-1, 20), 1.8)], "MLPERF_FORMAT"),
        ([([], (), 1.8)], "MLPERF_FORMAT"),
        ([([np.nan, 1], (), 1.8)], "MLPERF_FORMAT"),
        ([(ENERGY_J, (20, 180), "much")], "MLPERF_FORMAT"),
        ([], "MLPERF_FORMAT"),
        ([(ENERGY_J, (20, 180), 1.8), (ENERGY_J, (20, 180), 3.3)], "TRIAL_MISSING"),
    ],
)
def test_trials_that_are_refused(tmp_path, trials, code):
    assert refusal(write_mlperf(tmp_path / "r.json", trials)) == code


@pytest.mark.parametrize(
    "text", ["[", "[1]", '[{"power": 3}]', "[" * 100_000, '[{"power": {"samples": [[1]], "timestamps": []}}]']
)
def test_documents_that_are_none(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    assert refusal(path) == "MLPERF_FORMAT"


def test_a_document_too_large_for_memory(tmp_path):
    path = write_mlperf(tmp_path / "r.json", [(ENERGY_J, (20, 180), 1.8)])
    assert refusal(path, max_bytes=1000) == "RECORDING_TOO_LARGE"


# --------------------------------------------------------------------------------------- EnergyRunner


def test_a_trace_of_energyrunner(tmp_path):
    path = write_energyrunner(tmp_path, ENERGY_J * 1e6, (0.020, 0.180))
    trace = load_recording(path, ImportOptions(voltage_v=1.8))
    _, values, digital = all_samples(trace)
    assert trace.sample_rate_hz == 1000
    assert values == pytest.approx(ENERGY_J, rel=1e-6)
    assert np.flatnonzero(digital == 0).tolist() == [20, 180]
    assert codes(trace) == []


def test_without_its_edges_it_says_so(tmp_path):
    trace = load_recording(write_energyrunner(tmp_path, ENERGY_J * 1e6, None))
    assert codes(trace) == ["MARKERS_MISSING"]
    assert trace.digital_lines == ()


@pytest.mark.parametrize(
    ("edges", "code"),
    [([0.1, 0.05], "ENERGYRUNNER_EDGES"), ([9.0], "ENERGYRUNNER_EDGES"), ([-1.0], "ENERGYRUNNER_EDGES")],
)
def test_edges_that_do_not_belong(tmp_path, edges, code):
    assert refusal(write_energyrunner(tmp_path, ENERGY_J * 1e6, edges)) == code


@pytest.mark.parametrize("content", [{"a": 1}, ["x"], 3, [None]])
def test_edges_that_are_none(tmp_path, content):
    path = write_energyrunner(tmp_path, ENERGY_J * 1e6, ())
    (tmp_path / "trace1-timestamps.json").write_text(json.dumps(content))
    assert refusal(path) == "ENERGYRUNNER_FORMAT"


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), float("inf"), 1e30])
def test_an_absurd_rate(tmp_path, rate_hz):
    assert refusal(write_energyrunner(tmp_path, ENERGY_J * 1e6, None, rate_hz)) == "ENERGYRUNNER_FORMAT"


def test_half_a_sample_or_none(tmp_path):
    path = write_energyrunner(tmp_path, ENERGY_J * 1e6, None)
    whole = path.read_bytes()
    for data in (whole[:-1], whole[:5], whole[:3], whole + b"\x00\x00\xc0\x7f"):
        path.write_bytes(data)
        assert refusal(path) == "ENERGYRUNNER_FORMAT"
