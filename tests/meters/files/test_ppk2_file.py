"""``.ppk2`` files: their values, and the traps in them."""

from __future__ import annotations

import resource
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import all_samples, codes, lose, ppk2_records, write_ppk2

from tinykit.errors import RecordingError
from tinykit.meters import zip_member
from tinykit.meters.importing import ImportOptions, load_recording


def refusal(path, **options) -> str:
    with pytest.raises(RecordingError) as caught:
        trace = load_recording(path, ImportOptions(**options))
        all_samples(trace)
    assert path.name in caught.value.message or options
    return caught.value.code


def test_current_and_lines(tmp_path):
    current_ua = np.linspace(1, 50_000, 3000)
    bits = np.arange(3000) % 256
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", ppk2_records(current_ua, bits)))
    numbers, values, digital = all_samples(trace)
    assert np.array_equal(numbers, np.arange(3000))
    assert values == pytest.approx(current_ua * 1e-6, rel=1e-6)
    assert np.array_equal(digital, bits)
    assert (trace.sample_rate_hz, trace.length, trace.quantity) == (100_000, 3000, "current")
    assert trace.digital_lines == tuple(f"D{n}" for n in range(8))
    assert trace.supply is None
    assert codes(trace) == []
    assert len(trace.provenance.sha256) == 64


@pytest.mark.parametrize(("source", "kind"), [("", "assumed"), ("multimeter, today", "measured")])
def test_the_voltage_is_the_callers(tmp_path, source, kind):
    path = write_ppk2(tmp_path / "a.ppk2", ppk2_records([5.0, 5.0]))
    supply = load_recording(path, ImportOptions(voltage_v=3.0, voltage_source=source, rail="VDD")).supply
    assert (supply.voltage_v, supply.kind, supply.rail) == (3.0, kind, "VDD")
    assert refusal(path, voltage_v=-1.0) == "VOLTAGE_ABSURD"


def test_lost_samples_are_gaps_and_no_current(tmp_path):
    records = ppk2_records(np.full(1000, 20_000.0), 1)
    for start, count in ((0, 3), (100, 64), (999, 1)):
        lose(records, start, count)
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", records))
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(0, 3), (100, 64), (999, 1)]
    numbers, values, _ = all_samples(trace)
    assert len(numbers) == 1000 - 68
    assert set(values) == {float(np.float32(20_000)) * 1e-6}
    assert trace.lost == 68


def test_a_true_0_2_ua_with_a_line_high_is_no_loss(tmp_path):
    records = ppk2_records(np.full(10, np.float32(0.2)), 1)
    assert load_recording(write_ppk2(tmp_path / "a.ppk2", records)).lost == 0


def test_clamped_zeros_are_told(tmp_path):
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", ppk2_records([0.1] * 500 + [9.0] * 500)))
    assert codes(trace) == ["PPK2_CLAMPED"]
    assert "50 %" in trace.warnings[0].text


@pytest.mark.parametrize("rate", [10_000, 1000, 1])
def test_below_the_full_rate_it_is_a_filters_output(tmp_path, rate):
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", ppk2_records([5.0] * 10), rate))
    assert codes(trace) == ["DECIMATED"]
    assert trace.min_window_s == 1000 / rate


def test_the_filters_tail_is_small_in_the_shortest_window_that_is_allowed(tmp_path):
    """The app's arithmetic: every 10 µs state += (I - state) / f, and every f-th state is written."""
    rate_hz, f = 10_000, 10
    path = write_ppk2(tmp_path / "a.ppk2", ppk2_records([5.0] * 10), rate_hz)
    wide = round(load_recording(path).min_window_s * rate_hz)
    burst = np.zeros(3 * wide * f)
    burst[wide * f : 2 * wide * f] = 1.0
    written, state = [], 0.0
    for number, true in enumerate(burst.tolist()):
        state += (true - state) / f
        if number % f == f - 1:
            written.append(state)
    assert sum(written[wide : 2 * wide]) / wide == pytest.approx(1.0, abs=1e-3)


def test_a_line_both_high_and_low_is_high_and_told(tmp_path):
    records = ppk2_records([5.0, 5.0])
    records["lines"][1] = 0x5555 | 0x3
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", records))
    assert codes(trace) == ["LINES_MIXED"]
    assert all_samples(trace)[2].tolist() == [0, 1]


def test_lines_as_plain_bits_of_another_program_are_read(tmp_path):
    records = ppk2_records(np.full(256, 5.0))
    records["lines"] = np.arange(256, dtype=np.uint16).byteswap()
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", records))
    assert codes(trace) == ["PPK2_LINES_PLAIN"]
    assert all_samples(trace)[2].tolist() == list(range(256))


def test_lines_that_are_no_pairs_are_left_out(tmp_path):
    records = ppk2_records([5.0] * 4)
    records["lines"] = [0x1234, 0x5555, 0xAAAA, 0x0055]
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", records))
    assert codes(trace) == ["PPK2_LINES_UNREADABLE"]
    assert trace.digital_lines == ()
    assert all_samples(trace)[2] is None


def test_what_is_no_number_has_no_value(tmp_path):
    records = ppk2_records([5.0, 5.0, 5.0])
    records["current_ua"][1] = np.inf
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", records))
    assert codes(trace) == ["NOT_A_NUMBER"]
    (block,) = trace.blocks()
    assert np.isnan(block.values).tolist() == [False, True, False]
    assert block.flags.tolist() == [0, 4, 0]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_part_is_the_part_of_the_whole(tmp_path, compression, monkeypatch):
    monkeypatch.setattr(zip_member, "_CHECKPOINT_EVERY", 50_000)
    monkeypatch.setattr(zip_member, "CHUNK_BYTES", 1000)
    rng = np.random.default_rng(3)
    records = ppk2_records(rng.uniform(1, 5e4, 60_000), rng.integers(0, 256, 60_000))
    lose(records, 20_000, 777)
    trace = load_recording(write_ppk2(tmp_path / "a.ppk2", records, compression=compression))
    numbers, values, digital = all_samples(trace)
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(20_000, 777)]
    for start, stop in ((0, 1), (19_990, 20_900), (20_100, 20_200), (55_555, 60_000), (59_999, 70_000)):
        blocks = list(trace.blocks(start, stop))
        inside = (numbers >= start) & (numbers < stop)
        assert np.array_equal(np.concatenate([b.values for b in blocks] or [[]]), values[inside])
        assert np.array_equal(np.concatenate([b.digital for b in blocks] or [[]]), digital[inside])


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"records": b"12345"}, "PPK2_SIZE"),
        ({"records": b""}, "PPK2_SIZE"),
        ({"version": 1}, "PPK2_VERSION"),
        ({"rate": 0}, "PPK2_METADATA"),
        ({"rate": 200_000}, "PPK2_METADATA"),
        ({"rate": "fast"}, "PPK2_METADATA"),
        ({"rate": True}, "PPK2_METADATA"),
        ({"metadata": "{"}, "PPK2_METADATA"),
        ({"metadata": "[" * 100_000}, "PPK2_METADATA"),
        ({"metadata": " " * (2 << 20)}, "RECORDING_TOO_LARGE"),
        ({"extra": (("../../etc/passwd", b"x"),)}, "ZIP_UNSAFE"),
        ({"extra": (("/abs", b"x"),)}, "ZIP_UNSAFE"),
        ({"extra": (("C:\\x", b"x"),)}, "ZIP_UNSAFE"),
        ({"extra": tuple((f"f{n}", b"") for n in range(200))}, "ZIP_UNSAFE"),
        ({"compression": zipfile.ZIP_LZMA}, "ZIP_MEMBER"),
    ],
)
def test_files_that_are_refused(tmp_path, how, code):
    records = how.pop("records", ppk2_records([5.0] * 100))
    assert refusal(write_ppk2(tmp_path / "a.ppk2", records, **how)) == code


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path):
    records = ppk2_records([5.0])
    path = write_ppk2(tmp_path / "a.ppk2", records, extra=(("session.raw", records.tobytes()),))
    assert refusal(path) == "ZIP_UNSAFE"


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = write_ppk2(tmp_path / "a.ppk2", ppk2_records([5.0] * 1000))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 3_000_000_000)
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(path) == "ZIP_UNSAFE"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("claimed", [5994, 6006])
def test_a_member_that_is_not_as_long_as_it_claims_is_refused(tmp_path, claimed):
    path = write_ppk2(tmp_path / "a.ppk2", ppk2_records(np.random.default_rng(1).uniform(1, 9, 1000)))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", claimed)
    path.write_bytes(data)
    assert refusal(path) == "ZIP_DAMAGED"


def test_without_the_members_it_is_no_recording(tmp_path):
    path = tmp_path / "a.ppk2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", b"x")
    assert refusal(path) == "ZIP_MEMBER"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_are_refused_or_read_but_never_crash(tmp_path_factory, data):
    path = write_ppk2(tmp_path_factory.mktemp("x") / "a.ppk2", ppk2_records(np.linspace(1, 99, 400)))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
    try:
        trace = load_recording(path)
    except RecordingError:
        return
    assert len(all_samples(trace)[0]) + trace.lost == trace.length
