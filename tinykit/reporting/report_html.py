"""A report as one HTML file that loads nothing: style, script, pictures and data stand in it.

What is executed or styles the page is named by its hash in the Content-Security-Policy; all else that a file
might bring along is text, escaped by the template engine, with control and bidi characters made visible.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinykit.console import safe_text
from tinykit.reporting.glossary import FirstUses, glossary, term_key
from tinykit.reporting.page import Page, Paragraph, Picture, Table, Trace
from tinykit.reporting.svg import inline_svg

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
_KINDS = {Table: "table", Picture: "picture", Trace: "trace", Paragraph: "paragraph"}
_LINK = re.compile(r"(https?://[^\s<>\"'`{}|\\^\[\]]+[^\s<>\"'`{}|\\^\[\].,;:!?)])")


def write_html(page: Page) -> str:
    """The whole file as text."""
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    template = _environment().get_template("report.html")
    uses = FirstUses(page)
    return template.render(
        page=page,
        notes=page.footnotes(),
        glossary=glossary(page),
        first=uses.first,
        words=lambda text: _words(uses, text),
        style=_markup(style),
        script=_markup(script),
        policy=(
            f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
            " base-uri 'none'; form-action 'none'"
        ),
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    made.filters.update(svg=_svg, block_kind=lambda block: _KINDS[type(block)], linked=_linked)
    made.filters.update(term=term_key, value=_value)
    return made


def _plain(value: Any) -> Any:
    """What every expression of a template passes through: text of files shows its odd characters."""
    return safe_text(value) if type(value) is str else value


def _words(uses: FirstUses, text: str) -> Markup:
    """``text`` with a link to the glossary from the first use of each of its words."""
    from markupsafe import Markup, escape

    link = Markup('<a class="term" href="#{}">{}</a>')
    parts = (link.format(key, word) if key else escape(word) for word, key in uses.split(safe_text(text)))
    return Markup("").join(parts)


def _value(text: str) -> Markup:
    """A value that breaks before its interval, where that is too wide between its ends, and nowhere else."""
    from markupsafe import Markup

    nominal, bracket, ends = (
        safe_text(text).replace(" ", "\N{NO-BREAK SPACE}").partition("\N{NO-BREAK SPACE}[")
    )
    if not bracket:
        return Markup("{}").format(nominal)
    ends = ends.replace(",\N{NO-BREAK SPACE}", ", ")
    return Markup('{} <span class="ends">[{}</span>').format(nominal, ends)


def _svg(picture: Picture) -> Markup:
    return inline_svg(picture.svg, picture.key, picture.title)


def _linked(text: str) -> Markup:
    """Web addresses become links, of two schemes only; all else stays text."""
    from markupsafe import Markup, escape

    parts = _LINK.split(safe_text(text))
    link = Markup('<a href="{0}" rel="noreferrer noopener">{0}</a>')
    return Markup("").join(
        link.format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
