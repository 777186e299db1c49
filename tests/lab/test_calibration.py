"""Calibration files: read back as written; absurd ones are refused by the entry that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import InputError
from tinykit.lab.calibration import UNITS, Calibration, Term, datasheet, load_calibration, parse_calibration
from tinykit.lab.options import MeasureOptions, choose_calibration, planned_calibration
from tinykit.meters.registry import find_meter

terms = st.builds(
    Term,
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["normal", "rectangular"]),
    st.floats(0, 0.5),
    st.none() | st.integers(0, 7),
    st.floats(0.5, 1e6) | st.just(float("inf")),
)


@given(st.lists(terms, max_size=8, unique_by=lambda t: (t.quantity, t.range_)))
def test_a_calibration_reads_back_as_it_was_written(some: list[Term]) -> None:
    one = Calibration("a#1", "a", "certificate 7", True, (Term("gain", "normal", 0.01, 200), *some))
    assert parse_calibration(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"half_width": 5.0}, "absurd"),
        ({"half_width": -0.1}, "zero or more"),
        ({"half_width": float("nan")}, "zero or more"),
        ({"quantity": "colour"}, "quantity"),
        ({"distribution": "triangular"}, "distribution"),
        ({"unit": "%"}, "unit"),
        ({"range": "high"}, "range"),
    ],
)
def test_absurd_terms_are_refused_by_name(tmp_path: Path, change: dict[str, object], word: str) -> None:
    document = Calibration("a#1", "a", "x", True, (Term("gain", "rectangular", 0.02),)).to_dict()
    document["terms"][0].update(change)
    file = tmp_path / "c.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=word) as refused:
        load_calibration(file)
    assert refused.value.code == "CALIBRATION"


def test_an_offset_is_in_amperes_or_in_watts_and_nothing_else_is() -> None:
    document = Calibration("a#1", "a", "x", True, (Term("gain", "normal", 0.02),)).to_dict()
    offset = {"quantity": "offset", "unit": "W", "distribution": "normal", "u": 1e-3}
    read = parse_calibration({**document, "terms": [*document["terms"], offset]})
    assert read.terms[1] == Term("offset", "normal", 1e-3, is_power=True)
    assert parse_calibration(read.to_dict()) == read
    assert read.to_dict()["terms"][1]["unit"] == "W"
    with pytest.raises(InputError, match="unit of offset is A or W"):
        parse_calibration({**document, "terms": [*document["terms"], {**offset, "unit": "V"}]})
    with pytest.raises(InputError, match="unit of gain is 1"):
        parse_calibration({**document, "terms": [{**offset, "quantity": "gain"}]})


def test_a_calibration_without_gain_or_with_an_entry_twice_is_refused() -> None:
    base = Calibration("a#1", "a", "x", True, (Term("gain", "normal", 0.02),)).to_dict()
    with pytest.raises(InputError, match="gain"):
        parse_calibration({**base, "terms": []})
    with pytest.raises(InputError, match="twice"):
        parse_calibration({**base, "terms": base["terms"] * 2})


def test_a_ranges_own_term_comes_before_the_general_one() -> None:
    ppk2 = datasheet("ppk2", "ppk2#77")
    assert ppk2 is not None
    assert ppk2.instrument == "ppk2#77"
    assert not ppk2.is_bound
    general, top = ppk2.find("gain", 2), ppk2.find("gain", 4)
    assert general is not None
    assert top is not None
    assert (general.width, top.width) == (0.10, 0.15)
    assert ppk2.find("temperature") is None
    assert datasheet("nothing", "x") is None


def test_a_certificate_of_another_meter_is_refused(tmp_path: Path, checkout: Path) -> None:
    own = tmp_path / "mine.json"
    own.write_bytes((checkout / "tinykit/data/instruments/rapl.json").read_bytes())
    with pytest.raises(InputError) as caught:
        choose_calibration("ppk2", "E1234", own, None)
    assert caught.value.code == "CALIBRATION_METER"
    assert choose_calibration("rapl", "", own, None).meter == "rapl"


@pytest.mark.parametrize(
    ("meter", "unit", "fits"), [("ppk2", "W", False), ("ppk2", "A", True), ("rapl", "A", False)]
)
def test_a_plan_sees_an_offset_in_the_wrong_unit(tmp_path: Path, meter: str, unit: str, fits: bool) -> None:
    terms = (Term("gain", "normal", 0.01), Term("offset", "normal", 1e-6, is_power=unit == "W"))
    own = tmp_path / "mine.json"
    own.write_text(json.dumps(Calibration(f"{meter}#1", meter, "certificate 7", True, terms).to_dict()))
    options = MeasureOptions(tmp_path / "out", calibration=own)
    if fits:
        assert planned_calibration(find_meter(meter), options, None).terms == terms
    else:
        with pytest.raises(InputError) as caught:
            planned_calibration(find_meter(meter), options, None)
        assert caught.value.code == "CALIBRATION_UNIT"
