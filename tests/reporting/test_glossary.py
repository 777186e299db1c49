"""A page's words: each explained, each linked once, and never at the cost of its text."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tinykit.reporting.glossary import SIMULATED, TERMS, FirstUses, glossary
from tinykit.reporting.page import Answer, Page, Section

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"


def page(*inputs: str, simulated: bool = False) -> Page:
    sections = tuple(Section("k", one, "t", Answer("x", "good", simulated), (), (), "") for one in inputs)
    return Page("t", sections, "1")


def test_only_the_words_of_what_is_there() -> None:
    assert "stance" in glossary(page("Edge against cloud"))
    assert "stance" not in glossary(page("Conversion"))
    assert "SIMULATED" not in glossary(page("Conversion"))
    assert all(meaning.endswith(".") for meaning in glossary(page("Edge against cloud", "Build")).values())


def test_a_word_is_linked_from_its_first_use_alone() -> None:
    uses = FirstUses(page("Edge against cloud"))
    assert uses.split("saves 1 J per device-day") == [
        ("saves 1 J per ", ""),
        ("device-day", "term-device-day"),
    ]
    assert uses.split("a device-day") == [("a device-day", "")]
    assert uses.split("stanced") == [("stanced", "")]


def test_the_documentation_explains_every_word_as_a_report_does() -> None:
    """It may say more, in sentences of its own."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    told = {word: re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning) for word, meaning in rows}
    words = {one.name for one in TERMS} | {SIMULATED}
    assert words <= set(told)
    meant = glossary(page("Edge against cloud", "Measurement session", "Conversion", simulated=True))
    for word in words:
        assert f"{told[word]}.".lower().startswith(meant[word].lower()), word


def test_what_stands_before_a_total_is_explained() -> None:
    uses = FirstUses(page("Edge against cloud"))
    assert uses.split("A total after ≥ is") == [("A total after ", ""), ("≥", "term-part"), (" is", "")]
    assert "≥, part:" in glossary(page("Edge against cloud"))


@given(st.lists(st.sampled_from([*(one.name for one in TERMS), " ", "<b>", "x"]), max_size=20))
def test_no_text_is_lost(parts: list[str]) -> None:
    text = "".join(parts)
    uses = FirstUses(page("Edge against cloud", "Measurement session", "Conversion"))
    assert "".join(part for part, _ in uses.split(text)) == text
