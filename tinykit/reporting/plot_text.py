"""Texts of a picture: their sizes, and names out of files."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from tinykit.console import safe_text

COLUMN = 5.0
"""Width of a picture in inches: at this width a text of `BODY` points is legible on any screen."""
TITLE, BODY, SMALL = 11.0, 10.0, 8.5


def plot_text(text: str, longest: int = 60) -> str:
    """``text``, cut, its control characters visible, and without a dollar sign that starts a formula."""
    return safe_text(text)[:longest].replace("$", r"\$")


def wrapped(text: str, wide: int = 52) -> str:
    """``text`` in lines: of so many characters a title fits a picture, and less wide an axis with labels."""
    return fill(text, wide)


def plain(axis: Any) -> None:
    """No frame, texts of a size that can be read."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=BODY)
