"""Any CSV with declared units: what is read, what is mended aloud, what is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import all_samples, codes

from tinykit.errors import RecordingError
from tinykit.meters.importing import ImportOptions, load_recording


def table(tmp_path, text: str | bytes, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path, **options) -> tuple[str, str]:
    with pytest.raises(RecordingError) as caught:
        load_recording(path, ImportOptions(**options))
    assert caught.value.hint
    return caught.value.code, caught.value.message


def rows(*columns, separator=",") -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


T = [round(n * 0.001, 3) for n in range(6)]
MA = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        *(("time_s,current_mA", 1e-3), ("t (s),I (A)", 1.0), ("Time[s],Current[uA]", 1e-6)),
        *(("t_s,I_nA", 1e-9), ("t_s,current (µA)", 1e-6), ("# t_s,I_A", 1.0)),
    ],
)
def test_units_are_in_the_headers(tmp_path, header, scale):
    trace = load_recording(table(tmp_path, header + "\n" + rows(T, MA)))
    numbers, values, _ = all_samples(trace)
    assert numbers.tolist() == [0, 1, 2, 3, 4, 5]
    assert values == pytest.approx(np.array(MA) * scale)
    assert trace.sample_rate_hz == pytest.approx(1000)
    assert codes(trace) == []
    assert trace.supply is None


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1e3), ("us", 1e6), ("µs", 1e6)])
def test_times_come_in_units_too(tmp_path, unit, factor):
    trace = load_recording(table(tmp_path, f"t_{unit},I_mA\n" + rows([t * factor for t in T], MA)))
    assert trace.sample_rate_hz == pytest.approx(1000)


def test_a_measured_voltage_and_lines(tmp_path):
    text = "t_s,V_V,I_mA,D0,marker\n" + rows(T, [3.0, 2.9] * 3, MA, [0, 1] * 3, [1] * 6)
    trace = load_recording(table(tmp_path, text))
    (block,) = trace.blocks()
    assert block.voltage_v.tolist() == [3.0, 2.9] * 3
    assert block.digital.tolist() == [2, 3] * 3
    assert trace.digital_lines == ("D0", "marker")
    assert trace.supply.kind == "measured"


def test_power_is_power(tmp_path):
    trace = load_recording(table(tmp_path, "t_s,P_mW\n" + rows(T, MA)))
    assert trace.quantity == "power"
    assert all_samples(trace)[1] == pytest.approx(np.array(MA) * 1e-3)


@pytest.mark.parametrize(
    ("header", "quantity"),
    [("t_s,V_V,I_mA,P_W", "current"), ("t_s,I_mA,P_W,x_V", "current"), ("t_s,I_mA,P_W,n", "power")],
)
def test_of_power_and_current_the_one_that_is_complete_is_read_aloud(tmp_path, header, quantity):
    trace = load_recording(table(tmp_path, header + "\n" + rows(T, MA, MA, MA)))
    assert trace.quantity == quantity
    assert codes(trace) == ["COLUMNS_SKIPPED"]


def test_the_caller_may_name_columns(tmp_path):
    path = table(tmp_path, "when,what,junk\n" + rows(T, MA, ["a"] * 6))
    columns = {"when": "time:s", "what": "current:uA", "junk": "skip"}
    trace = load_recording(path, ImportOptions(columns=columns))
    assert all_samples(trace)[1] == pytest.approx(np.array(MA) * 1e-6)
    assert codes(trace) == []


def test_without_times_the_rate_must_be_given(tmp_path):
    path = table(tmp_path, "I_mA\n" + rows(MA))
    assert refused(path)[0] == "TIME_MISSING"
    assert refused(path, sample_rate_hz=0)[0] == "RATE_ABSURD"
    assert load_recording(path, ImportOptions(sample_rate_hz=50)).duration_s == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("header", "options", "code"),
    [
        ("time,current", {}, "UNITS_UNKNOWN"),
        ("t_s,Current(foo)", {}, "UNITS_UNKNOWN"),
        ("t_s,current_MA", {}, "UNITS_UNKNOWN"),
        ("t_s,I", {}, "UNITS_UNKNOWN"),
        ("t_s,I", {"columns": {"I": "current:furlong"}}, "UNITS_UNKNOWN"),
        ("t_s,I", {"columns": {"I": "current:V"}}, "UNITS_UNKNOWN"),
        ("t_s,I", {"columns": {"J": "current:A"}}, "COLUMN_UNKNOWN"),
        ("t_s,x_s", {}, "COLUMNS_AMBIGUOUS"),
        ("t_s,V_V", {}, "QUANTITY_MISSING"),
        ("t_s,note", {}, "QUANTITY_MISSING"),
        ("0.1,0.2", {}, "CSV_HEADER"),
        ("I_mA,I_mA", {}, "CSV_HEADER"),
        ("t_s,I_mA", {"sample_rate_hz": 1010.0}, "RATE_MISMATCH"),
        ("t_s,I_mA", {"max_bytes": 10}, "RECORDING_TOO_LARGE"),
    ],
)
def test_nothing_is_guessed(tmp_path, header, options, code):
    assert refused(table(tmp_path, header + "\n" + rows(T, MA)), **options)[0] == code


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("0,1\n0.001,2\n0.0005,3\n", "TIME_BACKWARDS", "row 3"),
        ("0,1\n0.001,2\n0.001,3\n0.002,4\n", "TIME_DUPLICATE", "row 3"),
        ("".join(f"{n + 0.4 * (n > 20):.1f},1\n" for n in range(40)), "TIME_IRREGULAR", "row 22"),
        ("0,1\n,2\n0.002,3\n", "TIME_MISSING", "row 2"),
        ("0,1\n0.001,abc\n", "CSV_NUMBER", "line 3"),
        ("0,1\n0.001,inf\n", "CSV_NUMBER", "line 3"),
        ("0,1\n0.001,1e999\n", "CSV_NUMBER", "line 3"),
        ("0,001,1,5\n0,002,1,6\n", "CSV_CELLS", "line 2"),
        ("0,1\n0.001\n", "CSV_CELLS", "line 3"),
        ("0,1\n", "RECORDING_EMPTY", ""),
        ("", "RECORDING_EMPTY", ""),
        ('0,1\n0.001,"2\n', "CSV_CELLS", ""),
    ],
)
def test_rows_that_are_refused(tmp_path, body, code, says):
    got, message = refused(table(tmp_path, "t_s,I_mA\n" + body))
    assert got == code
    assert says in message


def test_missing_rows_are_a_gap_and_told(tmp_path):
    keep = [n for n in range(40) if not 10 <= n < 15 and n != 30]
    text = "t_s,I_mA\n" + rows([f"{n / 1000:.3f}" for n in keep], keep)
    trace = load_recording(table(tmp_path, text))
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(10, 5), (30, 1)]
    assert codes(trace) == ["ROWS_MISSING"]
    assert np.array_equal(all_samples(trace)[0], keep)


def test_repeated_rows_are_dropped_and_told(tmp_path):
    trace = load_recording(table(tmp_path, "t_s,I_mA\n" + rows([0, 0.001, 0.001, 0.002], [1, 2, 2, 3])))
    assert codes(trace) == ["ROWS_REPEATED"]
    assert all_samples(trace)[1] == pytest.approx([1e-3, 2e-3, 3e-3])


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "-nan", " "])
def test_a_missing_number_is_no_number(tmp_path, cell):
    trace = load_recording(table(tmp_path, "t_s,I_mA\n" + rows(T, [1, 2, cell, 4, 5, 6])))
    assert codes(trace) == ["NOT_A_NUMBER"]
    (block,) = trace.blocks()
    assert np.flatnonzero(np.isnan(block.values)).tolist() == [2]
    assert block.flags.tolist() == [0, 0, 4, 0, 0, 0]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_read_and_told(tmp_path, separator):
    commas = [str(t).replace(".", ",") for t in T], [str(v).replace(".", ",") for v in MA]
    trace = load_recording(table(tmp_path, f"t_s{separator}I_mA\n" + rows(*commas, separator=separator)))
    assert codes(trace) == ["CSV_DECIMAL_COMMA"]
    assert all_samples(trace)[1] == pytest.approx(np.array(MA) * 1e-3)


def test_points_and_commas_in_one_number_are_refused(tmp_path):
    assert refused(table(tmp_path, "t_s;I_mA\n0;1.234,5\n1;2\n"))[0] == "CSV_DECIMAL"


def test_a_byte_order_mark_is_skipped_and_told(tmp_path):
    trace = load_recording(table(tmp_path, "\ufefft_s,I_mA\n" + rows(T, MA)))
    assert codes(trace) == ["CSV_BOM"]


def test_a_micro_sign_of_windows_is_read_and_told(tmp_path):
    trace = load_recording(table(tmp_path, ("t_s,I (µA)\n" + rows(T, MA)).encode("cp1252")))
    assert codes(trace) == ["CSV_CP1252"]
    assert all_samples(trace)[1] == pytest.approx(np.array(MA) * 1e-6)


def test_utf_16_is_refused(tmp_path):
    assert refused(table(tmp_path, ("t_s,I_mA\n" + rows(T, MA)).encode("utf-16")))[0] == "CSV_ENCODING"


def test_a_line_that_holds_volts_is_no_line(tmp_path):
    assert refused(table(tmp_path, "t_s,I_mA,D0\n" + rows(T, MA, [0, 3.3] * 3)))[0] == "LINE_VALUES"


def test_nine_lines_are_too_many(tmp_path):
    header = "t_s,I_mA," + ",".join(f"D{n}" for n in range(9)) + "\n"
    assert refused(table(tmp_path, header + rows(T, MA, *[[0] * 6] * 9)))[0] == "COLUMNS_AMBIGUOUS"


def test_windows_line_ends_and_trailing_separators(tmp_path):
    text = "t_s,I_mA,\r\n" + "".join(f"{t},{v},\r\n" for t, v in zip(T, MA, strict=True)) + "\r\n"
    assert all_samples(load_recording(table(tmp_path, text)))[1] == pytest.approx(np.array(MA) * 1e-3)


def test_files_that_are_not_there_or_empty_or_strange(tmp_path):
    assert refused(tmp_path / "no.csv")[0] == "RECORDING_MISSING"
    assert refused(table(tmp_path, ""))[0] == "RECORDING_EMPTY"
    assert refused(table(tmp_path, "x", "a.doc"))[0] == "RECORDING_FORMAT"


def test_times_with_few_digits_still_make_a_clock(tmp_path):
    times = [f"{n / 4096:.4f}" for n in range(3000)]
    trace = load_recording(table(tmp_path, "t_s,I_mA\n" + rows(times, [1] * 3000)))
    assert trace.sample_rate_hz == pytest.approx(4096, rel=1e-3)
    assert trace.length == 3000
    assert not trace.gaps


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1, 1, allow_nan=False), min_size=2, max_size=50),
    st.sampled_from([1.0, 7.0, 1000.0, 44_100.0, 1e6]),
    st.sampled_from([("mA", 1e-3), ("uA", 1e-6), ("A", 1.0)]),
    st.booleans(),
)
def test_what_is_written_is_read(tmp_path_factory, values, rate_hz, unit, slow):
    name, scale = unit
    text = f"t_s,I_{name}\n" + "".join(
        f'{n / rate_hz!r},"{v!r}"\n' if slow else f"{n / rate_hz!r},{v!r}\n" for n, v in enumerate(values)
    )
    trace = load_recording(table(tmp_path_factory.mktemp("x"), text))
    assert all_samples(trace)[1] == pytest.approx(np.array(values) * scale, rel=1e-12, abs=1e-300)
    assert trace.sample_rate_hz == pytest.approx(rate_hz, rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_junk_is_refused_and_never_crashes(tmp_path_factory, junk):
    with contextlib.suppress(RecordingError):
        load_recording(table(tmp_path_factory.mktemp("x"), junk.encode("utf-8", "surrogatepass")))
