"""A written report on a terminal: its answers, and where it is."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from tinykit.console import safe_text
from tinykit.pretty import format_bytes
from tinykit.reporting.report import Report

_STYLES = {"good": "green", "bad": "bold red", "open": "yellow"}


def view(report: Report) -> RenderableType:
    """What ``tinykit report`` shows."""
    return Group(*_lines(report))


def _lines(report: Report) -> Iterator[Text]:
    for section in report.page.sections:
        answer = section.answer
        yield Text.assemble((safe_text(answer.whole), _STYLES[answer.tone]))
        if answer.verdict:
            yield Text(f"  verdict: {safe_text(answer.verdict).removeprefix('verdict ')}")
        for sentence in answer.loses:
            yield Text(f"  edge loses: {safe_text(sentence)}")
    yield Text()
    yield Text(f"Written: {safe_text(str(report.path))}, {format_bytes(report.size_bytes)}")
    if report.pictures:
        yield Text(f"Pictures: {safe_text(str(report.pictures[0].parent))}")
