"""The catalogue: what travels with the package is sound, a user's rows win, a bad file is refused by line."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog, Row
from tinykit.comparison.catalog_check import CITED_SINGLY, HANDFUL, check_catalog
from tinykit.comparison.catalog_reader import COLUMNS, bundled_files, judge_rows, make_row, read_rows
from tinykit.comparison.units import UNITS
from tinykit.errors import InputError

CATALOG = Catalog.load()
GOOD = {"key": "wifi.mine", "value": "0.3", "unit": "J/message", "source": "my PPK2, 2026-11-02"}


def file(tmp_path: Path, *rows: dict[str, str], name: str = "own.csv") -> Path:
    columns = [column for column in COLUMNS if any(column in row for row in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / name
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        Catalog.load(path)
    return caught.value


# -- what travels with the package -----------------------------------------------------------------------


def test_nothing_is_wrong_with_the_bundled_figures():
    report = check_catalog()
    assert report.faults == ()
    assert report.total == len(CATALOG) > 600


def test_every_bundled_row_is_a_number_or_a_declared_gap():
    for row in CATALOG:
        if row.is_gap:
            assert row.check == "gap"
            with pytest.raises(InputError) as caught:
                row.estimate()
            assert caught.value.code == "CATALOG_GAP"
            assert row.key in caught.value.message
        else:
            estimate = row.estimate()
            low, high = estimate.interval()
            assert math.isfinite(estimate.value)
            assert low <= row.nominal <= high
            assert estimate.kind == "published"
            assert row.key in estimate.sources[0]
            assert f"[{row.check}]" in estimate.sources[0]


def test_share_alike_sets_are_not_bundled():
    for licence in CITED_SINGLY:
        assert sum(row.licence == licence for row in CATALOG) <= HANDFUL
    assert not [row.key for row in CATALOG if "electricitymaps" in row.key or ".ember." in row.key]


def test_a_battery_joule_is_not_a_grid_joule():
    battery = CATALOG.find("act.battery.li").estimate("g/J")
    grid = CATALOG.find("grid.KOR.ecologits").estimate("g/J")
    # 0.54 J of radio: about 11 mg out of a primary cell, 0.06 mg out of a socket.
    assert 0.54 * battery.value * 1e3 == pytest.approx(11, abs=0.5)
    assert 0.54 * grid.value * 1e3 == pytest.approx(0.06, abs=0.005)


def test_the_rows_are_in_categories():
    assert {"radio", "network", "server", "grid", "pue", "water", "embodied", "price", "supply"} <= set(
        CATALOG.categories
    )
    assert sum(len(CATALOG.category(name)) for name in CATALOG.categories) == len(CATALOG)
    with pytest.raises(InputError, match="radios") as caught:
        CATALOG.category("radios")
    assert caught.value.code == "CATALOG_CATEGORY"
    assert "radio" in caught.value.hint


# -- a row as an estimate --------------------------------------------------------------------------------


def test_a_lognormal_keeps_the_median_and_both_ends():
    row = CATALOG.find("act.battery.li")
    one = row.estimate("kgCO2e/kWh")
    assert one.interval() == pytest.approx((61.5, 87), rel=1e-6)
    assert one.interval(coverage=1e-9)[0] == pytest.approx(74, rel=1e-6)
    assert row.nominal == pytest.approx(74e3 / 3.6e6)


def test_a_triangle_runs_from_low_to_high():
    estimate = CATALOG.find("server.dell-r740.manufacturing").estimate("kgCO2e/server")
    low, high = estimate.interval(0.999999)
    assert low == pytest.approx(26, rel=0.1)
    assert high == pytest.approx(2600, rel=0.01)
    assert estimate.value == pytest.approx((26 + 1313 + 2600) / 3)


def test_alternatives_are_never_drawn():
    row = CATALOG.find("avg.fixed.malmodin2020")
    assert row.low is not None and row.distribution == ""
    assert row.estimate().u == 0.0


def test_a_row_is_one_influence_wherever_it_is_used():
    battery = CATALOG.find("act.battery.li").estimate()
    assert (battery - battery).u == 0.0
    assert list(battery.influences) == ["catalog.act.battery.li"]


def test_a_row_is_not_taken_for_something_else():
    with pytest.raises(InputError) as caught:
        CATALOG.find("avg.fixed.carbontrust2021").estimate("J")
    assert caught.value.code == "CATALOG_UNIT"


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("battery.li", "act.battery.li"),
        ("wifi.esp32.wake", "wifi.esp32.wake_dhcp"),
        ("avg.fixed.carbontrust2012", "avg.fixed.carbontrust2021"),
        ("qqqqqq", "tinykit catalog list"),
    ],
)
def test_an_unknown_key_offers_the_nearest(asked, offered):
    with pytest.raises(InputError) as caught:
        CATALOG.find(asked)
    assert caught.value.code == "CATALOG_KEY"
    assert offered in caught.value.hint


# -- a user's own file -----------------------------------------------------------------------------------


def test_a_users_row_replaces_ours_and_says_so(tmp_path):
    ours = CATALOG.find("wifi.esp32.static_mqtt")
    own = Catalog.load(file(tmp_path, {**GOOD, "key": ours.key}))
    row = own.find(ours.key)
    assert (row.value, row.check, row.category, row.origin) == (0.3, "user", "radio", "own.csv:2")
    assert row.estimate().kind == "assumed"
    assert len(own) == len(CATALOG)
    assert own.provenance_hash != CATALOG.provenance_hash


def test_a_users_row_may_be_measured_and_have_a_spread(tmp_path):
    cells = {**GOOD, "kind": "measured", "low": "0.28", "high": "0.33", "distribution": "lognormal"}
    estimate = Catalog.load(file(tmp_path, cells)).find("wifi.mine").estimate()
    assert estimate.kind == "measured"
    assert estimate.u > 0


def test_a_users_row_closes_a_gap(tmp_path):
    assert CATALOG.find("visit.price").is_gap
    cells = {"key": "visit.price", "value": "80", "unit": "USD/visit", "source": "our service contract"}
    assert Catalog.load(file(tmp_path, cells)).find("visit.price").nominal == 80


def test_the_last_file_wins(tmp_path):
    first = file(tmp_path, GOOD, name="a.csv")
    second = file(tmp_path, {**GOOD, "value": "0.4"}, name="b.csv")
    assert Catalog.load(first, second).find("wifi.mine").value == 0.4


def test_the_hash_knows_content_and_neither_order_nor_place(tmp_path):
    other = {**GOOD, "key": "wifi.other"}
    (tmp_path / "far").mkdir()
    one = Catalog.load(file(tmp_path, GOOD, other))
    two = Catalog.load(file(tmp_path / "far", other, GOOD, name="renamed.csv"))
    assert one.provenance_hash == two.provenance_hash
    changed = Catalog.load(file(tmp_path, GOOD, {**other, "note": "again"}))
    assert changed.provenance_hash != one.provenance_hash


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"value": "nan"}, "value 'nan' is no finite number"),
        ({"value": "1e999"}, "value '1e999' is no finite number"),
        ({"value": "1_000"}, "no finite number"),
        ({"value": "=1+1"}, "no finite number"),
        ({"value": "-0.3"}, "negative"),
        ({"value": ""}, "marked gap"),
        ({"unit": "J/mesage"}, "did you mean J/message"),
        ({"source": " "}, "no source"),
        ({"low": "0.4"}, "outside of its range"),
        ({"high": "0.2"}, "outside of its range"),
        ({"distribution": "lognormal"}, "needs low and high"),
        ({"distribution": "lognormal", "low": "0.3", "high": "1"}, "0 < low < value < high"),
        ({"distribution": "triangular", "low": "0.3", "high": "0.3"}, "low < high"),
        ({"value": "1e31"}, "not between 1e-30 and 1e+30"),
        ({"distribution": "lognormal", "low": "1e-9", "high": "1"}, "too wide"),
        ({"distribution": "normal"}, "distribution 'normal' is none of"),
        ({"kind": "guessed"}, "kind 'guessed' is none of"),
        ({"check": "sure"}, "check 'sure' is none of"),
        ({"year": "20x6"}, "year '20x6'"),
        ({"year": "3026"}, "year '3026'"),
        ({"key": "a b"}, "key 'a b'"),
        ({"key": "pue.mine", "unit": "ratio", "value": "0.9"}, "below 1"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path, change, expected):
    error = refused(file(tmp_path, {**GOOD, "key": "fine"}, {**GOOD, **change}))
    assert error.code == "CATALOG_ROW"
    assert "own.csv, line 3: " in error.message
    assert expected in error.message


def test_a_key_that_is_there_twice_is_refused(tmp_path):
    assert "twice, first in line 2" in refused(file(tmp_path, GOOD, GOOD)).message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "lacks the column 'key'"),
        (b"key,value,units,source\n", "unknown column 'units', did you mean 'unit'?"),
        (b"key,value,unit\n", "lacks the column 'source'"),
        (b"key,key,value,unit,source\n", "names a column twice"),
        (b"key,value,unit,source\na,1,J\n", "has 3 cells in line 2, its header 4"),
        (b"key,value,unit,source\n\xff,1,J,x\n", "is not CSV in UTF-8"),
        (b'key,value,unit,source\n"a"b,1,J,x\n', "is not CSV in UTF-8"),
        (b"key,value,unit,source\n" + b"#" * 4_000_001, "bytes, above"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(tmp_path, data, expected):
    path = tmp_path / "own.csv"
    path.write_bytes(data)
    error = refused(path)
    assert error.code == "CATALOG_FILE"
    assert expected in error.message


def test_a_file_that_is_not_there_is_refused(tmp_path):
    error = refused(tmp_path / "absent.csv")
    assert error.code == "CATALOG_FILE"
    assert "cannot be read" in error.message


def test_a_file_from_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(b"\xef\xbb\xbfkey,value,unit,source\r\nx.y,1.5,J,bench\r\n,,,\r\n")
    assert [row.key for row in read_rows(path)] == ["x.y"]


# -- properties ------------------------------------------------------------------------------------------

CELL = st.text(max_size=10) | st.sampled_from(
    ["nan", "-1", "0.5", "1e400", "J", "kWh/GB", "gap", "lognormal"]
)


NUMBER = CELL | st.floats(0.0).map(repr)
LIKELY = st.fixed_dictionaries(
    {
        "key": st.just("k"),
        "value": NUMBER,
        "low": NUMBER | st.just(""),
        "high": NUMBER | st.just(""),
        "distribution": st.sampled_from(["", "lognormal", "triangular"]),
        "unit": st.sampled_from(sorted(UNITS)),
        "source": st.just("s"),
    }
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(COLUMNS), CELL) | LIKELY)
def test_any_cells_give_a_sound_row_or_a_reason(cells):
    row, faults = make_row(cells, category="user", origin="x:1")
    assert faults or row is not None
    if row is not None and not faults and not row.is_gap:
        estimate = row.estimate()
        assert math.isfinite(estimate.value)
        assert math.isfinite(estimate.u)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_catalogue_or_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"key,value,unit,source\n" + data)
    try:
        read_rows(path)
    except InputError as error:
        assert error.code in ("CATALOG_FILE", "CATALOG_ROW")


@settings(deadline=None)
@given(
    st.floats(1e-9, 1e9),
    st.floats(1.001, 50),
    st.floats(1.001, 50),
    st.sampled_from(["lognormal", "triangular", ""]),
)
def test_a_written_row_is_read_back(value, below, above, shape):
    cells = dict.fromkeys(COLUMNS, "") | {
        "key": "k",
        "value": repr(value),
        "low": repr(value / below),
        "high": repr(value * above),
        "distribution": shape,
        "unit": "mW",
        "kind": "published",
        "check": "verified",
        "source": "s",
    }
    row, faults = make_row(cells, category="user", origin="x:1")
    assert not faults and isinstance(row, Row)
    assert (row.value, row.low, row.high) == (value, value / below, value * above)
    assert row.nominal == value * 1e-3
    estimate = row.estimate()
    assert estimate.unit == "W"
    assert (estimate.u > 0) is bool(shape)


# -- the check -------------------------------------------------------------------------------------------


def test_the_check_lists_every_fault_with_its_line(tmp_path):
    path = file(tmp_path, {**GOOD, "value": "x"}, GOOD, {**GOOD, "key": "b", "unit": "kJ", "low": "y"})
    report = check_catalog([path])
    assert [fault.where for fault in report.faults] == ["own.csv:2", "own.csv:3", "own.csv:4", "own.csv:4"]
    assert report.counts == {"user": {**dict.fromkeys(report.counts["user"], 0), "user": 1}}


def test_the_check_finds_a_key_in_two_files(tmp_path):
    report = check_catalog([file(tmp_path, GOOD, name="a.csv"), file(tmp_path, GOOD, name="b.csv")])
    assert [fault.what for fault in report.faults] == ["the key is in a.csv:2 and b.csv:2"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"licence": "GPL-9"}, "licence 'GPL-9'"),
        ({"licence": ""}, "licence ''"),
        ({"url": "see the paper"}, "no address"),
        ({"year": "", "check": "verified"}, "states its year"),
        ({"check": "user"}, "check mark of ours"),
        ({"publisher_kind": ""}, "publisher_kind"),
        ({"licence": "CC-BY-SA-4.0"}, "cited singly"),
    ],
)
def test_what_travels_with_the_package_is_cited(tmp_path, monkeypatch, change, expected):
    good = {**GOOD, "kind": "published", "check": "verified", "publisher_kind": "measured", "year": "2024"}
    good |= {"url": "https://example.org/a", "licence": "MIT", "note": ""}
    monkeypatch.setattr(
        "tinykit.comparison.catalog_check.bundled_files", lambda: (file(tmp_path, {**good, **change}),)
    )
    assert any(expected in fault.what for fault in check_catalog().faults)
    monkeypatch.setattr("tinykit.comparison.catalog_check.bundled_files", lambda: (file(tmp_path, good),))
    assert check_catalog().faults == ()


def test_a_bundle_of_share_alike_figures_is_found(tmp_path, monkeypatch):
    row = {**GOOD, "kind": "published", "check": "verified", "publisher_kind": "modelled", "year": "2024"}
    row |= {"url": "https://example.org/a", "licence": "ODbL-1.0", "note": "cited singly"}
    rows = [{**row, "key": f"k{n}"} for n in range(HANDFUL + 1)]
    monkeypatch.setattr("tinykit.comparison.catalog_check.bundled_files", lambda: (file(tmp_path, *rows),))
    assert [fault.what for fault in check_catalog().faults] == [
        f"{HANDFUL + 1} figures under 'ODbL-1.0': above {HANDFUL} is a bundle"
    ]


def test_the_bundled_files_are_the_categories():
    assert tuple(path.stem for path in bundled_files()) == CATALOG.categories
    assert all(row is not None for path in bundled_files() for _, row, _ in judge_rows(path))
