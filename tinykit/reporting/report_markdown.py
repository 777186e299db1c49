"""A report as Markdown: the same answers, tables and footnotes; its pictures are files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tinykit.console import safe_text
from tinykit.reporting.glossary import glossary
from tinykit.reporting.page import (
    Answer,
    Block,
    Cell,
    Footnotes,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
    Trace,
)

_MOST_ROWS = 60
_SPECIAL = re.compile(r"([\\`*_\[\]#|~$])")
_FIRST = re.compile(r"^(\s*\d*)([-+.)=])")


def write_markdown(page: Page, pictures: str) -> str:
    """The whole file as text; ``pictures`` is the folder, beside it, that pictures are linked in."""
    return "\n".join(_lines(page, pictures)) + "\n"


def _lines(page: Page, pictures: str) -> Iterator[str]:
    notes = page.footnotes()
    yield f"# {escaped(page.title)}{_stamp(page.simulated)}"
    for section in page.sections:
        yield from ("", f"**{section.what}: {escaped(section.title)}**", "", *_answer(section.answer, notes))
    for section in page.sections:
        yield from _section(section, notes, pictures)
    yield from ("", "## Sources", "")
    yield from (f"[^{number}]: {escaped(source)}" for number, source in notes)
    yield from ("", "## Glossary", "")
    yield from (f"- **{escaped(word)}**: {escaped(meaning)}" for word, meaning in glossary(page).items())
    yield from ("", "## Appendix")
    for section in page.sections:
        yield from ("", f"### {escaped(section.title)}", "")
        yield from (f"- {escaped(name)}: {escaped(value)}" for name, value in section.appendix)
        yield from ("", "Computed again by", "", f"    {safe_text(section.command)}")
    yield from ("", f"Written by tinykit {escaped(page.version)}.")


def _answer(answer: Answer, notes: Footnotes) -> Iterator[str]:
    yield f"{escaped(answer.whole)}{_cites(answer.sources, notes)}"
    if answer.verdict:
        yield from ("", f"**{escaped(answer.verdict)}**{_stamp(answer.simulated)}")
    if answer.loses:
        yield from ("", "Where the edge loses:", "", *(f"- {escaped(one)}" for one in answer.loses))
    for sentence in answer.more:
        yield from ("", escaped(sentence))


def _section(section: Section, notes: Footnotes, pictures: str) -> Iterator[str]:
    yield from ("", f"## {escaped(section.title)}{_stamp(section.answer.simulated)}")
    for block in section.blocks:
        yield from _block(block, notes, pictures)


def _block(block: Block, notes: Footnotes, pictures: str) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield from ("", escaped(text))
        case Table():
            yield from ("", f"### {_title(block, notes)}", "", *_table(block, notes))
        case Picture():
            yield from ("", f"### {escaped(block.title)}{_stamp(block.simulated)}", "")
            yield f"![{escaped(block.title)}]({pictures}/{block.key}.svg)"
            yield from ("", escaped(block.note)) if block.note else ()
            yield from ("", _title(block.data, notes), "", *_table(block.data, notes))
        case Trace():
            pass


def _title(table: Table, notes: Footnotes) -> str:
    kind = f" *{table.kind}*" if table.kind else ""
    return f"{escaped(table.title)}{kind}{_cites(table.sources, notes)}"


def _table(table: Table, notes: Footnotes) -> Iterator[str]:
    yield "| " + " | ".join(escaped(name) for name, _ in table.columns) + " |"
    yield "|" + "|".join(" ---: " if is_number else " --- " for _, is_number in table.columns) + "|"
    for row in table.rows[:_MOST_ROWS]:
        yield "| " + " | ".join(_cell(cell, notes) for cell in row) + " |"
    if (left := len(table.rows) - _MOST_ROWS) > 0:
        yield from ("", f"{left} more rows are in the HTML report.")
    if table.note:
        yield from ("", escaped(table.note))


def _cell(cell: Cell, notes: Footnotes) -> str:
    if isinstance(cell, str):
        return escaped(cell)
    return f"{escaped(cell.text)} *{cell.kind}*{_cites(cell.sources, notes)}".strip()


def _cites(sources: tuple[str, ...], notes: Footnotes) -> str:
    return " ".join(f"[^{number}]" for number in sorted(notes.of(sources)))


def _stamp(simulated: bool) -> str:
    return " **SIMULATED**" if simulated else ""


def escaped(text: str) -> str:
    """Plain text that no reader of Markdown takes for marks or HTML."""
    plain = _FIRST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", safe_text(text)))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
