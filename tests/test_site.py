"""The site builds without a warning, has every page, and asks no other machine for anything."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

PARTS = ["Tutorials", "How-to", "Reference", "Explanation", "Troubleshooting", "Evidence"]
FETCHING = {"script", "img", "iframe", "source", "object", "embed", "video", "audio", "link", "use"}


@pytest.fixture(scope="module")
def site(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--fail-on-warning", "--keep-going", "-d", str(folder / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "docs", str(folder / "html")],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


class Page(HTMLParser):
    """What a page makes a browser fetch, and the captions of its navigation."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.captions: list[str] = []
        self._caption = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in FETCHING:
            self.fetched += [
                values[name] or "" for name in ("src", "srcset", "href", "data") if name in values
            ]
        self._caption = values.get("class") == "caption-text"

    def handle_data(self, data: str) -> None:
        if self._caption:
            self.captions.append(data)
        self._caption = False


@pytest.mark.slow
def test_every_page_is_there_and_in_the_navigation(checkout: Path, site: Path) -> None:
    docs = checkout / "docs"
    pages = [page.relative_to(docs).with_suffix(".html") for page in docs.rglob("*.md")]
    assert [page for page in pages if not (site / page).is_file()] == []
    assert (site / "index.html").is_file()
    navigation = Page(site / "README.html").captions
    assert [one for one in navigation if one in PARTS] == PARTS
    home = (site / "README.html").read_text(encoding="utf-8")
    assert [str(page) for page in pages if f'href="{page}"' not in home and page.stem != "README"] == []


@pytest.mark.slow
def test_a_browser_fetches_nothing_from_elsewhere(site: Path) -> None:
    outside = [
        f"{path.name}: {target}"
        for path in site.rglob("*.html")
        for target in Page(path).fetched
        if target.startswith(("//", "http:", "https:"))
    ]
    assert outside == []
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert styles
    assert [text[:80] for text in styles if "url(http" in text or "url(//" in text or "@import" in text] == []


@pytest.mark.slow
def test_no_link_within_the_site_is_dead(site: Path) -> None:
    dead = [
        f"{path.relative_to(site)}: {target}"
        for path in site.rglob("*.html")
        for target in Page(path).fetched
        if "://" not in target and not target.startswith(("data:", "#"))
        if not (path.parent / target.partition("?")[0].partition("#")[0]).exists()
    ]
    assert dead == []
