"""Pictures as SVG texts, for a page: texts stay texts, and the same figures give the same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tinykit.errors import MissingExtraError

Draw = Callable[[Path], Iterable[Path]]


def drawn(draw: Draw) -> dict[str, str]:
    """What ``draw`` writes into the folder it is given, by stem. Raises MissingExtraError and its errors."""
    with _settings(), TemporaryDirectory(prefix="tinykit-report-") as folder:
        return {path.stem: path.read_text(encoding="utf-8") for path in draw(Path(folder))}


@contextmanager
def _settings() -> Iterator[None]:
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError("matplotlib, which draws,", "report") from error
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tinykit"}),
        warnings.catch_warnings(),
    ):
        # A name in a script that DejaVu lacks is drawn by the reader's own fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield
