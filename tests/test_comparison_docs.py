"""The pages about comparisons say what the program does: commands run, and print what the pages quote."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tinykit.comparison.lines import entries

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILES = {"toml": "ours.toml", "csv": "mine.csv"}
PAGES = ("how-to/read-the-tornado.md", "how-to/replace-our-figures.md", "how-to/compare-edge-and-cloud.md")


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of each block; a command that goes on in the next line is one line."""
    return [(language, re.sub(r"\\\n\s*", "", text)) for language, text in BLOCK.findall(page)]


def run(line: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": "400", "HOME": str(folder)},
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_run_and_print_what_it_quotes(
    checkout: Path, tmp_path: Path, name: str
) -> None:
    page = (checkout / "docs" / name).read_text(encoding="utf-8")
    printed = ""
    for language, text in blocks(page):
        if language in FILES:
            (tmp_path / FILES[language]).write_text(text, encoding="utf-8")
        elif language == "sh":
            printed += "".join(run(line, tmp_path) for line in text.splitlines())
    said = " ".join(printed.split())
    lines = [line for language, text in blocks(page) if not language for line in text.splitlines()]
    quoted = [" ".join(line.rstrip("…; ").split()) for line in lines]
    assert [line for line in quoted if line not in said] == []


def test_the_explanation_has_every_line_of_the_ledger(checkout: Path) -> None:
    page = (checkout / "docs/explanation/how-the-comparison-works.md").read_text(encoding="utf-8")
    assert [entry.key for entry in entries() if f"`{entry.key}`" not in page] == []


def test_the_pictures_are_of_the_command_that_the_pages_show(checkout: Path) -> None:
    command = runpy.run_path(str(checkout / "docs/make_images.py"))["COMMAND"]
    for name in ("how-to/read-the-tornado.md", "how-to/compare-edge-and-cloud.md"):
        page = (checkout / "docs" / name).read_text(encoding="utf-8")
        assert command in "".join(text for language, text in blocks(page) if language == "sh")


def test_every_picture_is_small_and_shown(checkout: Path) -> None:
    docs = checkout / "docs"
    pages = "".join(page.read_text(encoding="utf-8") for page in docs.rglob("*.md"))
    pictures = list((docs / "images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 150_000
        assert f"images/{picture.name})" in pages, picture.name


@pytest.mark.slow
def test_the_pictures_can_be_drawn_again(checkout: Path, tmp_path: Path) -> None:
    script = checkout / "docs" / "make_images.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    assert {one.name for one in tmp_path.iterdir()} == {
        one.name for one in (checkout / "docs/images").iterdir()
    }
