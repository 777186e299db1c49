"""``.jls`` files, written and read by the makers' own library."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from recordings import all_samples, codes

from tinykit.errors import MissingExtraError, RecordingError
from tinykit.meters.files import joulescope
from tinykit.meters.importing import ImportOptions, load_recording

pyjls = pytest.importorskip("pyjls")

UTC = pyjls.utc_to_jls(1_700_000_000.0)
SECOND = 1 << 30


def write(path, *signals, source=True):
    """``signals``: (name, data, rate, begins at s, UTC known); float32 data, or bool for a line."""
    with pyjls.Writer(str(path)) as writer:
        if source:
            writer.source_def(
                1,
                name="JS220-000415",
                vendor="jetperch",
                model="JS220",
                version="1.2",
                serial_number="000415",
            )
        for number, (name, data, rate, start_s, has_utc) in enumerate(signals, 1):
            line = data.dtype == bool
            kind = pyjls.DataType.U1 if line else pyjls.DataType.F32
            units = {"current": "A", "voltage": "V", "power": "W"}.get(name, "")
            writer.signal_def(
                number, 1, signal_type=0, data_type=kind, sample_rate=rate, name=name, units=units
            )
            first = 1000 * number
            if line:
                writer.fsr(number, first, np.packbits(data, bitorder="little"))
            else:
                writer.fsr_f32(number, first, data.astype(np.float32))
            if has_utc:
                for at in (0, len(data)):
                    writer.utc(number, first + at, UTC + round((start_s + at / rate) * SECOND))
    return path


def refusal(path, **options) -> str:
    with pytest.raises(RecordingError) as caught:
        load_recording(path, ImportOptions(**options))
    return caught.value.code


CURRENT_A = np.linspace(1e-3, 9e-3, 8000)
VOLTAGE_V = np.linspace(3.0, 3.1, 8000)


def test_current_and_voltage(tmp_path):
    path = write(
        tmp_path / "a.jls", ("current", CURRENT_A, 1000, 0, True), ("voltage", VOLTAGE_V, 1000, 0, True)
    )
    trace = load_recording(path)
    numbers, values, _ = all_samples(trace)
    assert np.array_equal(numbers, np.arange(8000))
    assert values == pytest.approx(CURRENT_A, rel=1e-6)
    assert np.concatenate([b.voltage_v for b in trace.blocks()]) == pytest.approx(VOLTAGE_V, rel=1e-6)
    assert (trace.supply.kind, trace.supply.voltage_v) == ("measured", None)
    assert (trace.instrument.model, trace.instrument.serial) == ("JS220", "000415")
    assert codes(trace) == []


def test_current_alone_takes_the_callers_voltage(tmp_path):
    path = write(tmp_path / "a.jls", ("current", CURRENT_A, 1000, 0, False))
    assert load_recording(path).supply is None
    assert load_recording(path, ImportOptions(voltage_v=3.0)).supply.kind == "assumed"


def test_power_stands_by_itself(tmp_path):
    path = write(
        tmp_path / "a.jls", ("power", CURRENT_A, 1000, 0, True), ("current", CURRENT_A, 1000, 0, True)
    )
    assert load_recording(path).quantity == "power"


def test_lines_are_unpacked_bit_by_bit(tmp_path):
    lines = [np.arange(8000) % period < period // 2 for period in (40, 100, 1600)]
    path = write(
        tmp_path / "a.jls",
        ("current", CURRENT_A, 1000, 0, True),
        *((f"gpi[{n}]", line, 1000, 0, True) for n, line in enumerate(lines)),
    )
    trace = load_recording(path)
    assert trace.digital_lines == ("gpi[0]", "gpi[1]", "gpi[2]")
    digital = all_samples(trace)[2]
    for bit, line in enumerate(lines):
        assert np.array_equal(digital >> bit & 1, line)


@pytest.mark.parametrize(("ahead_s", "rate"), [(0.25, 1000), (-0.5, 1000), (0.25, 2000), (-0.125, 2000)])
def test_signals_that_begin_at_different_times_meet_on_utc(tmp_path, ahead_s, rate):
    """A line that follows the current: where it is high, the current is high."""
    times_s = np.arange(8000) / 1000
    line_s = ahead_s + np.arange(8 * rate) / rate

    def burst(t):
        phase = np.rint(t * 2000).astype(int) % 2000
        return (phase >= 600) & (phase < 1200)

    path = write(
        tmp_path / "a.jls",
        ("current", np.where(burst(times_s), 10e-3, 1e-3), 1000, 0, True),
        ("gpi[0]", burst(line_s), rate, ahead_s, True),
    )
    trace = load_recording(path)
    _, values, digital = all_samples(trace)
    assert np.array_equal(values > 5e-3, digital == 1)
    assert trace.length == 8000 - round(abs(ahead_s) * 1000)
    assert codes(trace) == ["SIGNALS_CUT"]


def test_voltage_that_began_later_belongs_to_its_own_current(tmp_path):
    path = write(
        tmp_path / "a.jls",
        ("current", CURRENT_A, 1000, 0, True),
        ("voltage", VOLTAGE_V[:6000], 1000, 1.5, True),
    )
    (block,) = load_recording(path).blocks()
    assert block.current_a == pytest.approx(CURRENT_A[1500:7500], rel=1e-6)
    assert block.voltage_v == pytest.approx(VOLTAGE_V[:6000], rel=1e-6)


def test_dropped_samples_are_gaps(tmp_path):
    current_a, voltage_v = CURRENT_A.copy(), VOLTAGE_V.copy()
    current_a[100:150] = np.nan
    voltage_v[140:160] = np.nan
    path = write(
        tmp_path / "a.jls", ("current", current_a, 1000, 0, True), ("voltage", voltage_v, 1000, 0, True)
    )
    trace = load_recording(path)
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(100, 60)]
    assert len(all_samples(trace)[0]) == 7940


def test_a_part_is_the_part_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(joulescope, "_CHUNK", 700)
    current_a = CURRENT_A.copy()
    current_a[690:710] = np.nan
    path = write(
        tmp_path / "a.jls",
        ("current", current_a, 1000, 0, True),
        ("gpi[0]", np.arange(8000) % 3 == 0, 1000, 0, True),
    )
    trace = load_recording(path)
    assert sum(gap.count for gap in trace.gaps) == 20
    numbers, values, digital = all_samples(trace)
    for start, stop in ((0, 5), (650, 720), (3000, 8000)):
        blocks = list(trace.blocks(start, stop))
        inside = (numbers >= start) & (numbers < stop)
        assert np.array_equal(np.concatenate([b.values for b in blocks]), values[inside])
        assert np.array_equal(np.concatenate([b.digital for b in blocks]), digital[inside])


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([("voltage", VOLTAGE_V, 1000, 0, True)], "JLS_SIGNALS"),
        ([("gpi[0]", VOLTAGE_V > 3.05, 1000, 0, True)], "JLS_SIGNALS"),
        ([("current", CURRENT_A, 1000, 0, True), ("current", CURRENT_A, 1000, 0, True)], "JLS_SIGNALS"),
        ([("current", CURRENT_A, 1000, 0, True), ("voltage", VOLTAGE_V, 500, 0, True)], "JLS_SIGNALS"),
        ([("current", CURRENT_A, 1000, 0, True), ("voltage", VOLTAGE_V, 1000, 60, True)], "JLS_SIGNALS"),
        ([("current", CURRENT_A, 1000, 0, True), ("voltage", VOLTAGE_V, 1000, 0, False)], "JLS_NO_UTC"),
    ],
)
def test_files_that_do_not_say_enough(tmp_path, signals, code):
    assert refusal(write(tmp_path / "a.jls", *signals)) == code


def test_version_1_is_named(tmp_path):
    path = tmp_path / "a.jls"
    path.write_bytes(b"\xd3tagfmt \r\n \n  \x1a\x1c" + bytes(100))
    assert refusal(path) == "JLS_V1"


@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
def test_a_cut_file_is_refused_and_left_as_it_was(tmp_path, part):
    """The library would repair it in place."""
    path = write(tmp_path / "a.jls", ("current", CURRENT_A, 1000, 0, True))
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    before = hashlib.sha256(path.read_bytes()).digest()
    assert refusal(path) == "JLS_UNFINISHED"
    assert hashlib.sha256(path.read_bytes()).digest() == before


@pytest.mark.parametrize("data", [b"jls", b"x" * 500])
def test_junk_is_refused(tmp_path, data):
    path = tmp_path / "a.jls"
    path.write_bytes(data)
    assert refusal(path) == "JLS_DAMAGED"


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    path = write(tmp_path / "a.jls", ("current", CURRENT_A, 1000, 0, True))
    monkeypatch.setitem(__import__("sys").modules, "pyjls", None)
    with pytest.raises(MissingExtraError) as caught:
        load_recording(path)
    assert caught.value.extra == "joulescope"
