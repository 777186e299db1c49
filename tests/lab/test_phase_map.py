"""map.toml: what is right is read, what is wrong is refused with its line and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import ConfigError
from tinykit.lab.phase_map import PhaseMap, load_phase_map, parse_phase_map

PATH = Path("map.toml")


def test_codes_and_names_are_read_and_lines_follow_from_them() -> None:
    text = '[phases]\n1 = "sense"\n3 = "pre-process"\n0b10 = "infer"\n0x6 = "radio"\n4 = "sleep"\n'
    # TOML keys are text: 0b10 and 0x6 are bare keys, and numbers all the same.
    coding = parse_phase_map(text, PATH)
    assert coding.phases == ((1, "sense"), (3, "pre-process"), (2, "infer"), (6, "radio"), (4, "sleep"))
    assert coding.lines == ("D0", "D1", "D2")
    assert coding.cycle == "sense"
    assert [coding.name(code) for code in (0, 2, 7)] == ["unmarked", "infer", "code 7"]
    assert PhaseMap.from_dict(coding.to_dict()) == coding


def test_what_a_map_may_say_beside() -> None:
    text = 'lines = ["D7", "D2"]\nactive = "low"\ncycle = "b"\ndebounce_us = 20\n[phases]\n0 = "a"\n3 = "b"\n'
    coding = parse_phase_map(text, PATH)
    assert (coding.lines, coding.is_active_high, coding.cycle) == (("D7", "D2"), False, "b")
    assert coding.debounce_s == pytest.approx(20e-6)
    assert coding.name(0) == "a"


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ('phase = 1\n[phases]\n1 = "a"\n', ":1: phase is not", "Did you mean phases?"),
        ('cycle = "raido"\n[phases]\n1 = "radio"\n', ":1: cycle names 'raido'", "Did you mean radio?"),
        ("[phases]\nsense = 1\n", ":2: phases.sense is not a code", 'Did you mean 1 = "sense"?'),
        ('[phases]\n256 = "a"\n', ":2: phases.256 is not a code", "0 to 255"),
        ('[phases]\n1 = "a"\n0x1 = "b"\n', ":3: phases.0x1 is code 1 once more", "one line"),
        ('[phases]\n1 = "total"\n', ":2: phases.1 must name", "not unmarked or total"),
        ("[phases]\n1 = 2\n", ":2: phases.1 must name", "A letter first"),
        ('lines = ["D0"]\n[phases]\n2 = "a"\n', ":1: lines are 1, and the codes need 2", "as many lines"),
        (
            'lines = ["D0", "D0"]\n[phases]\n1 = "a"\n',
            ":1: lines must name eight lines at most, each once",
            "D0 to D7",
        ),
        ('active = "hi"\n[phases]\n1 = "a"\n', ":1: active must be", "inverts"),
        ('debounce_us = -1\n[phases]\n1 = "a"\n', ":1: debounce_us must be", "50"),
        ("cycle = 'a'\n", "phases must be a table", "[phases]"),
        ("[phases\n", "is not TOML", "mark-phases.md"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(text: str, where: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_phase_map(text, PATH)
    assert where in caught.value.message
    assert hint in caught.value.hint


def test_a_map_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_phase_map(tmp_path / "map.toml")
    (tmp_path / "map.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_phase_map(tmp_path / "map.toml")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_phase_map(text, PATH)
    except ConfigError as error:
        assert error.hint


@pytest.mark.parametrize(
    "change", [{"lines": []}, {"cycle": "x"}, {"phases": []}, {"debounce_s": "1"}, {"phases": [{"code": 1}]}]
)
def test_an_edited_manifest_is_no_map(change: dict[str, object]) -> None:
    whole = parse_phase_map('[phases]\n1 = "a"\n', PATH).to_dict()
    with pytest.raises((KeyError, TypeError, ValueError)):
        PhaseMap.from_dict({**whole, **change})
