"""The words that a newcomer cannot know, a sentence each, and links to them from their first use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tinykit.reporting.page import KINDS, Page


@dataclass(frozen=True)
class Term:
    """``pattern`` finds it in a text; ``of``: the inputs whose report uses it."""

    name: str
    pattern: str
    meaning: str
    of: tuple[str, ...]

    @property
    def key(self) -> str:
        """What a link to it ends in."""
        return term_key(self.name)


_BOTH = ("Edge against cloud", "Measurement session")
_VERSUS, _SESSION = ("Edge against cloud",), ("Measurement session",)
_MODEL = ("Conversion", "Build", "Inspection")
TERMS = (
    Term(
        "device-day",
        "device-day",
        "One device for one day: all that it decides, sends and sleeps in 24 hours, with its "
        "share of network, data centre and hardware.",
        _VERSUS,
    ),
    Term(
        "edge, cloud, hybrid",
        "hybrid",
        "Edge: the device decides and reports some decisions. Cloud: it sends every input up. "
        "Hybrid: it decides, and sends up a share.",
        _VERSUS,
    ),
    Term(
        "95 % interval",
        "95 %|95 % interval",
        "What stands in brackets or after ±: the range that holds the quantity with 95 % "
        "probability, of all that was taken into account.",
        (*_BOTH, *_MODEL),
    ),
    Term(
        "draws",
        "draws",
        "Each draw takes every uncertain figure from its range by chance and computes all again; "
        "intervals are what 95 % of the draws gave.",
        _VERSUS,
    ),
    Term(
        "settings",
        "settings",
        "What a side may choose, its hand: how its radio connects, how many messages it gathers, "
        "raw or compressed, which server; each side has its best.",
        _VERSUS,
    ),
    Term(
        "≥, part:",
        "≥|part:",
        "Before a total of which some lines have no figure. ≥: it is at least this. part: what has no "
        "figure may add something or take it away.",
        _VERSUS,
    ),
    Term(
        "stance",
        "stance",
        "Attributional: average figures, and a fair share of all hardware. Consequential: only "
        "what changes when you decide.",
        _VERSUS,
    ),
    Term(
        "location-based, market-based",
        "location-based|market-based",
        "Carbon of electricity by the mix of the grid it is drawn from (location), or by the "
        "contract it is bought under (market).",
        _VERSUS,
    ),
    Term(
        "break-even",
        "break-evens?",
        "The value of a figure at which both sides cost the same; beyond it the answer turns round.",
        _VERSUS,
    ),
    Term(
        "stand-in",
        "stands? in|stand-in",
        "A published figure of another model or device, in place of one that nobody has measured.",
        _VERSUS,
    ),
    Term(
        "gross, net",
        "gross|net of idle",
        "Gross: all that the board took during an inference. Net of idle: less what it would have"
        " taken in that time anyway.",
        _SESSION,
    ),
    Term(
        "window",
        "windows?",
        "A stretch of inferences one after another, between two marks of the board on the meter's own clock.",
        _SESSION,
    ),
    Term(
        "verdict",
        "verdict",
        "Whether a session's checks allow its number: pass, WARN (read what it says), FAIL (no "
        "number stands alone), not checked.",
        _SESSION,
    ),
    Term(
        "budget",
        "budget",
        "Each doubt about a number, how large it is, and what share of the interval it makes.",
        _SESSION,
    ),
    Term(
        "int8",
        "int8",
        "Weights and values of a model in 8-bit whole numbers, as microcontrollers run it.",
        _MODEL,
    ),
    Term(
        "arena",
        "arena",
        "The memory that holds a model's values while it runs, shared by layers in turn.",
        _MODEL,
    ),
    Term(
        "MAC",
        "MACs?",
        "A multiplication and an addition: what a layer's work is counted in.",
        _MODEL,
    ),
    Term(
        "gate",
        "gate",
        "The loss of accuracy that was allowed before the conversion; beyond it, it fails.",
        _MODEL,
    ),
)
SIMULATED = "SIMULATED"
_STAMP = "It comes from an emulated board or meter, and says nothing about a real chip by itself."


def term_key(name: str) -> str:
    """The end of a link to ``name``."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def glossary(page: Page) -> Mapping[str, str]:
    """Every word that ``page`` needs, with its meaning: words, kinds of number, the stamp."""
    inputs = {section.what for section in page.sections}
    found = {one.name: one.meaning for one in TERMS if inputs & set(one.of)}
    found.update({f"kind: {kind}": f"{KINDS[kind].capitalize()}." for kind, _ in page.kinds})
    return found | ({SIMULATED: _STAMP} if page.simulated else {})


class FirstUses:
    """Where each word of a page's glossary is met first: a link there, and text everywhere else."""

    def __init__(self, page: Page) -> None:
        words = glossary(page)
        self._left = {
            one.name: re.compile(rf"(?<!\w)(?:{one.pattern})(?!\w)") for one in TERMS if one.name in words
        }
        self._seen: set[str] = set()

    def first(self, name: str) -> bool:
        """Whether ``name`` is met for the first time."""
        new = name not in self._seen
        self._seen.add(name)
        return new

    def split(self, text: str) -> list[tuple[str, str]]:
        """``text`` in parts, each with the key of the word that it is the first use of, or with ''."""
        for name, pattern in self._left.items():
            if found := pattern.search(text):
                del self._left[name]
                before, after = text[: found.start()], text[found.end() :]
                return [*self.split(before), (found.group(), term_key(name)), *self.split(after)]
        return [(text, "")] if text else []
