"""Raw bytes on disk as a trace: any stretch of it, the same again, with bounded memory."""

import hashlib
import tracemalloc

import numpy as np
import ppk2_words
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ppk2_words import indices, joined, pack

from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.errors import MeterError, RecordingError
from tinykit.meters import Arrival, Gap, Instrument, MeterSettings, MeterSetup, find_meter, recorded_trace

PPK2 = find_meter("ppk2")
SETUP = MeterSetup(
    "ppk2",
    Instrument("ppk2", "PPK2", "", "", "its own"),
    MeterSettings(voltage_v=3.3, rail="VDD"),
    ppk2_words.metadata().decode(),
)
LOST = slice(700_000, 700_010)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """5.5 million samples (22 MB: more than one checkpoint), ten of them lost."""
    count = 5_500_000
    ranges = (np.arange(count) // 1000 % 2 * 3).astype(np.uint8)
    words = pack(np.arange(count) % 0x3000, ranges, np.arange(count) // 5000 % 2)
    path = tmp_path_factory.mktemp("raw") / "meter.bin"
    path.write_bytes(np.delete(words, LOST).tobytes())
    return path


@pytest.fixture(scope="module")
def trace(recording):
    return recorded_trace(recording, PPK2, SETUP)


def test_what_a_recording_says_of_itself(recording, trace):
    assert trace.length == 5_500_000
    assert trace.gaps == (Gap(700_000, 10, "the sample counter jumps"),)
    assert trace.duration_s == pytest.approx(55)
    assert trace.provenance.sha256 == hashlib.sha256(recording.read_bytes()).hexdigest()
    assert trace.provenance.source == "meter.bin"
    assert trace.supply.kind == "set"
    assert trace.supply.rail == "VDD"
    assert trace.digital_lines[7] == "D7"
    assert trace.t_start_host_s is None


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 5_500_000), st.integers(0, 200_000))
def test_any_stretch_is_that_stretch(trace, start, count):
    blocks = list(trace.blocks(start, start + count))
    inside = np.arange(start, min(start + count, trace.length))
    inside = inside[(inside < LOST.start) | (inside >= LOST.stop)]
    assert np.array_equal(indices(blocks), inside)
    assert np.array_equal(joined(blocks, "digital"), inside // 5000 % 2)
    assert np.array_equal(joined(blocks, "range_"), inside // 1000 % 2 * 3)


def test_the_makers_filter_comes_with_the_trace(trace):
    spikes, differs = trace.new_filter(), 0
    for block in trace.blocks(1_000, 20_000):
        changed = spikes.feed(block) != block.current_a
        differs += np.count_nonzero(changed)
        assert (np.flatnonzero(changed) + block.first_index).max() % 1000 < 3
    assert differs == 3 * 18


def test_memory_stays_bounded(recording):
    tracemalloc.start()
    trace = recorded_trace(recording, PPK2, SETUP)
    charge = sum(float(block.current_a.sum()) for block in trace.blocks())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert charge > 0
    assert peak_bytes < 20e6  # of 22 MB of raw bytes and 55 MB of samples


@pytest.fixture(scope="module")
def arrivals(recording):
    """Bytes as they came from a meter that began at 100 s, late by a little; 640 samples vanished at 30 s."""
    rng = np.random.default_rng(2)
    taken_s = np.arange(0.01, 54.9, 0.01)
    received = np.floor(taken_s * 1e5)
    received -= np.where(received > LOST.start, 10, 0)
    return [
        Arrival(float(100 + t + late), int(4 * n))
        for t, n, late in zip(taken_s, received, rng.exponential(5e-4, len(taken_s)) + 1e-4, strict=True)
    ]


def test_arrivals_say_when_it_began(recording, arrivals):
    trace = recorded_trace(recording, PPK2, SETUP, arrivals)
    assert trace.t_start_host_s == pytest.approx(100, abs=0.001)
    assert trace.lost_by_clock == 0
    assert trace.warnings == ()


def test_a_loss_that_the_counter_cannot_show(recording, arrivals):
    late = [Arrival(a.t_host_s + (6.4e-3 if a.t_host_s > 130 else 0), a.size_bytes) for a in arrivals]
    trace = recorded_trace(recording, PPK2, SETUP, late)
    assert trace.lost_by_clock == 640
    assert [warning.code for warning in trace.warnings] == ["LOST_BY_CLOCK"]
    assert "30 s" in trace.warnings[0].text


def test_a_wrong_rate(recording, arrivals):
    slow = [Arrival(100 + (a.t_host_s - 100) * 1.01, a.size_bytes) for a in arrivals]
    trace = recorded_trace(recording, PPK2, SETUP, slow)
    assert "RATE_OFF" in [warning.code for warning in trace.warnings]


@pytest.mark.parametrize("content", [b"", b"\x01\x02\x03"])
def test_an_empty_recording(tmp_path, content):
    (tmp_path / "raw.bin").write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        recorded_trace(tmp_path / "raw.bin", PPK2, SETUP)
    assert caught.value.code == "RECORDING_EMPTY"


def test_a_recording_that_is_not_there(tmp_path):
    with pytest.raises(RecordingError, match=r"gone\.bin") as caught:
        recorded_trace(tmp_path / "gone.bin", PPK2, SETUP)
    assert caught.value.code == "RECORDING_MISSING"


def test_a_setup_without_its_calibration(recording):
    with pytest.raises(MeterError) as caught:
        recorded_trace(recording, PPK2, MeterSetup("ppk2", SETUP.instrument, SETUP.settings))
    assert caught.value.code == "METER_CALIBRATION_MISSING"


@pytest.mark.parametrize("lost", [0, 7])
def test_text_has_more_bytes_at_higher_powers_and_no_other_rate(tmp_path, lost):
    """A shield's samples in ASCII: the same rate, idle or active, and a loss is still found."""
    shield = EmulatedShield()
    shield.receive(b"htc\nacqtime inf\noutput energy\nfreq 1k\nformat ascii_dec\nvolt 3000m\npwr on\n")
    shield.take()
    shield.receive(b"start\n")
    shield.take()
    received, at, pieces = 0, [], []
    for k in range(60 * 20):
        current_a = 20e-3 if k // 200 % 2 else 2e-6
        data = shield.feed(np.full(5000, current_a))
        if lost and k == 600:
            data = b"".join(data.splitlines(keepends=True)[:-lost])
        pieces.append(data)
        received += len(data)
        at.append(Arrival(50.0 + (k + 1) * 0.05, received))
    path = tmp_path / "meter.bin"
    path.write_bytes(b"".join(pieces))
    setup = MeterSetup(
        "lpm01a",
        Instrument("lpm01a", "x", "", "", "none"),
        MeterSettings("source", 3.0, rate_hz=1000.0, quantity="energy"),
    )
    found = recorded_trace(path, find_meter("lpm01a"), setup, at)
    assert found.seen_rate_hz == pytest.approx(1000.0, rel=20e-6)
    assert [one.code for one in found.warnings if one.code in ("RATE_OFF", "LOST_BY_CLOCK")] == []
    assert found.lost == lost
