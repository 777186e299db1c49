"""The site, by Sphinx: ``./dev docs``. Pages are the Markdown files as they are; README.md is the way in.

Its lists of links are the site's navigation: one index for a checkout and for the site. Furo brings all that
a page needs; nothing is fetched from elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

from tinykit import __version__

project = "tinykit"
author = "The tinykit authors"
version = release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "README"
html_theme = "furo"
html_title = f"tinykit {__version__}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
myst_heading_anchors = 3
# A block without a language is what a program printed.
highlight_language = "none"

_DOCS = Path(__file__).parent
_PART = re.compile(r"^## (?P<title>[^:\n]+)[^\n]*\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_PAGE = re.compile(r"^- \[[^\]]*\]\((?P<page>[^):]+\.md)\)", re.MULTILINE)
_OUTSIDE = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<path>(?:\.\./)+[^)\s]+)\)")


def _navigation(index: str) -> str:
    """A hidden table of contents for each part of the index that links pages."""
    trees = []
    for part in _PART.finditer(index):
        pages = _PAGE.findall(part["body"])
        if pages:
            listed = "\n".join(page.removesuffix(".md") for page in pages)
            trees.append(f"```{{toctree}}\n:hidden:\n:caption: {part['title']}\n\n{listed}\n```\n")
    return "\n".join(trees)


def _in_the_checkout(page: Path, text: str) -> str:
    """Links to what is no page of the site become the file's name: the site has no copy of it."""

    def named(link: re.Match[str]) -> str:
        target = (page.parent / link["path"].partition("#")[0]).resolve()
        if target.is_relative_to(_DOCS):
            return link[0]
        return f"{link['text']} (`{target.relative_to(_DOCS.parent).as_posix()}`)"

    return _OUTSIDE.sub(named, text)


def _read(_: Any, name: str, source: list[str]) -> None:
    page = _DOCS / f"{name}.md"
    text = _in_the_checkout(page, source[0])
    source[0] = f"{text}\n{_navigation(text)}" if name == root_doc else text


def _add_index(app: Any, error: Exception | None) -> None:
    """The way in by the name that web servers look for."""
    if error is None:
        home = Path(app.outdir, f"{root_doc}.html").name
        page = f'<!doctype html><title>{project}</title><meta http-equiv="refresh" content="0; url={home}">\n'
        Path(app.outdir, "index.html").write_text(page, encoding="utf-8")


def setup(app: Any) -> None:
    """Sphinx's own hook."""
    app.connect("source-read", _read)
    app.connect("build-finished", _add_index)
    app.add_lexer("csv", TextLexer)
