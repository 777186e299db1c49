"""Names out of files as texts of a picture."""

from __future__ import annotations

from tinykit.console import safe_text


def plot_text(text: str, longest: int = 60) -> str:
    """``text``, cut, its control characters visible, and without a dollar sign that starts a formula."""
    return safe_text(text)[:longest].replace("$", r"\$")
