"""A report before it is HTML or Markdown: answers, sections, figures, tables, footnotes.

What reads an input (`report_session`, `report_comparison`, `report_model`) makes these records; `report_html`
and `report_markdown` write them. All text is plain: whoever writes it escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tinykit.estimate import Estimate
from tinykit.pretty import format_estimate

Kind = Literal["measured", "published", "modelled", "assumed", "counted", "chosen", "unknown", "not used"]
KINDS: Mapping[Kind, str] = {
    "measured": "read from an instrument, or found by running it",
    "published": "a figure that somebody else published",
    "modelled": "computed from a model of the thing, an emulator's too",
    "assumed": "a judgement of our own: nobody published it",
    "counted": "exact: counted, no interval",
    "chosen": "a choice of whoever asks: swept, never drawn",
    "unknown": "nobody has a figure: what needs it is left blank, and never counted as 0",
    "not used": "has no figure and needs none: nothing here asks for it",
}
"""What the word beside a number means, or that stands in its place."""
Tone = Literal["good", "bad", "open"]
"""Of an answer: it says yes, it says no, or it cannot be told."""


@dataclass(frozen=True)
class Number:
    """A number as it is read: value, interval and unit in ``text``; ``sources`` become footnotes."""

    text: str
    kind: Kind
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"'{self.kind}' is no kind of number")

    @classmethod
    def of(cls, estimate: Estimate, per: str = "") -> Number:
        """An estimate with its 95 % interval."""
        return cls(f"{format_estimate(estimate)}{per}", estimate.kind, estimate.sources)


Cell = str | Number


@dataclass(frozen=True)
class Table:
    """``heads`` that begin with ``>`` stand over numbers. ``folded``: shown when it is asked for.

    ``kind`` and ``sources`` are those of all numbers that do not carry their own.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False
    note: str = ""
    kind: Kind | None = None
    sources: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[tuple[str, bool], ...]:
        """Each column's name, and whether it holds numbers."""
        return tuple((head.removeprefix(">"), head.startswith(">")) for head in self.heads)

    @property
    def numbers(self) -> Iterator[Number]:
        """The cells that carry a kind and sources of their own."""
        return (cell for row in self.rows for cell in row if isinstance(cell, Number))


@dataclass(frozen=True)
class Picture:
    """``svg`` as matplotlib wrote it, not yet fit for a page; ``data`` is what it was drawn from."""

    key: str
    title: str
    svg: str
    data: Table
    simulated: bool
    note: str = ""


@dataclass(frozen=True)
class Trace:
    """What the zoom script draws: ``document`` is JSON, and `tinykit.reporting.trace_data` makes it."""

    key: str
    title: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Paragraph:
    """Plain words."""

    text: str


Block = Table | Picture | Trace | Paragraph
_LONGEST_TITLE = 160


@dataclass(frozen=True)
class Answer:
    """What an input says, in a sentence, and the ``basis`` it stands on, in the same line; ``verdict`` in a
    word or two, ``loses`` where the edge loses.

    ``more``: a sentence each, of what must be known beside it: what its intervals hold, what stands in.
    """

    text: str
    tone: Tone
    simulated: bool
    verdict: str = ""
    loses: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    basis: str = ""
    more: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The sentence with its basis."""
        return f"{self.text} {self.basis}".strip()


def clipped(title: str) -> str:
    """A name out of a file may be as long as the file."""
    return title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}…"


@dataclass(frozen=True)
class Section:
    """One input: ``what`` it is, its answer, its blocks, and the facts of the appendix."""

    key: str
    what: str
    title: str
    answer: Answer
    blocks: tuple[Block, ...]
    appendix: tuple[tuple[str, str], ...]
    command: str


@dataclass(frozen=True)
class Page:
    """A whole report; the most telling answer comes first."""

    title: str
    sections: tuple[Section, ...]
    version: str

    @property
    def simulated(self) -> bool:
        """Whether an emulator is in any of it."""
        return any(one.answer.simulated for one in self.sections)

    @property
    def kinds(self) -> tuple[tuple[Kind, str], ...]:
        """The kinds of number that occur, with their meaning."""
        found = {one.kind for one in self._numbers()} | {table.kind for table in self._tables()}
        return tuple((kind, text) for kind, text in KINDS.items() if kind in found)

    def footnotes(self) -> Footnotes:
        """All sources, numbered in the order in which a reader meets them."""
        notes = Footnotes()
        for section in self.sections:
            notes.add(section.answer.sources)
        for table in self._tables():
            notes.add(table.sources)
            for number in table.numbers:
                notes.add(number.sources)
        return notes

    def _tables(self) -> Iterator[Table]:
        for section in self.sections:
            for block in section.blocks:
                table = block.data if isinstance(block, Picture) else block
                if isinstance(table, Table):
                    yield table

    def _numbers(self) -> Iterator[Number]:
        for table in self._tables():
            yield from table.numbers


@dataclass
class Footnotes:
    """Sources by number; one source is one footnote wherever it is cited."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, sources: Iterable[str]) -> None:
        """Number those that have none."""
        for source in sources:
            self._numbers.setdefault(source, len(self._numbers) + 1)

    def of(self, sources: Iterable[str]) -> tuple[int, ...]:
        """Their numbers, each once."""
        return tuple(dict.fromkeys(self._numbers[source] for source in sources))

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return ((number, source) for source, number in self._numbers.items())
