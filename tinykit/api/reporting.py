"""One page of everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tinykit.api.files import File
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.reporting.report import Report


def report(
    inputs: Sequence[File],
    out: File = "report.html",
    *,
    format: Literal["html", "md"] | None = None,
    title: str = "",
    progress: Progress = SILENT,
) -> Report:
    """Write one page about ``inputs``, in any mix: folders of sessions and of comparisons, the JSON that
    a conversion leaves beside its model, and the model itself.

    ``format`` None goes by the name of ``out``, and is "html" else; with "md" pictures lie beside the page.
    Raises UsageError without an input, InputError for what is none of these, RecordingError, OutputError,
    MissingExtraError.
    """
    from tinykit.reporting.report import make_report

    page = Path(out)
    chosen = format or ("md" if page.suffix.lower() == ".md" else "html")
    return make_report([Path(one) for one in inputs], page, format=chosen, title=title, progress=progress)
