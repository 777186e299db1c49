"""``tinykit report``: conversions, builds, sessions and comparisons as one page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tinykit import __version__
from tinykit.comparison.files import DOCUMENT
from tinykit.errors import InputError, OutputError, UsageError
from tinykit.graph.summary import inspect_model
from tinykit.lab.manifest import MANIFEST
from tinykit.progress import SILENT, Progress
from tinykit.reporting.page import Page, Picture, Section
from tinykit.reporting.report_comparison import comparison_section
from tinykit.reporting.report_html import write_html
from tinykit.reporting.report_markdown import write_markdown
from tinykit.reporting.report_model import MODEL_SCHEMAS, model_section
from tinykit.reporting.report_session import session_section
from tinykit.reporting.stored_comparison import read_json

Format = Literal["html", "md"]
FORMATS: tuple[Format, ...] = ("html", "md")
_ORDER = ("Edge against cloud", "Measurement session", "Conversion", "Build", "Inspection")
_ROOM = 3
"""So many sessions have the whole detail of their traces; of more, each has its share."""


@dataclass(frozen=True)
class Report:
    """A report that was written, with its pictures where it is Markdown; ``inputs`` as they were given."""

    path: Path
    format: Format
    page: Page
    inputs: tuple[Path, ...]
    size_bytes: int
    sha256: str
    pictures: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.report``, version 1."""
        return {
            "schema": "tinykit.report",
            "schema_version": 1,
            "tinykit": __version__,
            "path": str(self.path),
            "format": self.format,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "pictures": [str(path) for path in self.pictures],
            "title": self.page.title,
            "simulated": self.page.simulated,
            "inputs": [str(path) for path in self.inputs],
            "answers": [
                {
                    "what": one.what,
                    "title": one.title,
                    "answer": one.answer.whole,
                    "verdict": one.answer.verdict,
                    "simulated": one.answer.simulated,
                    "edge_loses": list(one.answer.loses),
                }
                for one in self.page.sections
            ],
        }


def make_report(
    inputs: Sequence[Path],
    out: Path,
    *,
    format: Format = "html",
    title: str = "",
    progress: Progress = SILENT,
) -> Report:
    """Write one page about all ``inputs``: folders of sessions and comparisons, models, JSON of commands.

    Raises UsageError without an input; InputError, code REPORT_INPUT, for what is none of these;
    ModelError, RecordingError, MissingExtraError, OutputError.
    """
    if not inputs:
        raise UsageError(
            "A report needs something to report.", hint="name folders: tinykit report SESSION COMPARISON."
        )
    page = make_page(inputs, title=title, progress=progress)
    pictures: tuple[Path, ...] = ()
    if format == "md":
        folder = out.with_name(f"{out.stem}-pictures")
        pictures = _write_pictures(page, folder)
        text = write_markdown(page, folder.name)
    else:
        text = write_html(page)
    data = text.encode("utf-8")
    _write(out, data)
    return Report(out, format, page, tuple(inputs), len(data), hashlib.sha256(data).hexdigest(), pictures)


def make_page(inputs: Sequence[Path], *, title: str = "", progress: Progress = SILENT) -> Page:
    """What the report says, unwritten. Raises what `make_report` raises of its inputs."""
    found = [_recognise(path) for path in inputs]
    sessions = sum(one.what == "session" for one in found)
    share = min(1.0, _ROOM / max(1, sessions))
    sections = []
    progress.start("Reading what is reported", len(found))
    for number, one in enumerate(found, 1):
        sections.append(_section(one, f"input-{number}", share))
        progress.advance()
    progress.finish()
    sections.sort(key=lambda one: _ORDER.index(one.what))
    return Page(title or sections[0].title, tuple(sections), __version__)


@dataclass(frozen=True)
class _Source:
    """An input and what it was found to be; ``data`` and ``digest`` of a JSON document."""

    path: Path
    what: Literal["session", "comparison", "model"]
    data: Any = None
    digest: str = ""


def _recognise(path: Path) -> _Source:
    """Raises InputError, code REPORT_INPUT, for what no report can be made of."""
    folder = path.parent if path.name in (MANIFEST, DOCUMENT) else path
    if (folder / MANIFEST).is_file():
        return _Source(folder, "session")
    if (folder / DOCUMENT).is_file():
        return _Source(folder, "comparison")
    if path.is_dir():
        raise InputError(
            f"{path} is neither a session's folder nor a comparison's.",
            hint=f"they hold {MANIFEST} or {DOCUMENT}; give the folders in it one by one.",
            code="REPORT_INPUT",
        )
    if path.suffix == ".tflite":
        return _model(path)
    data, digest = read_json(path)
    if isinstance(data, dict) and data.get("schema") in MODEL_SCHEMAS and data.get("schema_version") == 1:
        return _Source(path, "model", data, digest)
    raise InputError(
        f"{path} is no report of a conversion, a build or an inspection.",
        hint="give an OUT.json of tinykit convert, an int8 .tflite, or what tinykit build --json printed.",
        code="REPORT_INPUT",
    )


def _model(path: Path) -> _Source:
    """A model itself: what inspecting it finds. Raises ModelError."""
    found = inspect_model(path)
    return _Source(path, "model", found.to_dict(), found.sha256)


def _section(one: _Source, key: str, share: float) -> Section:
    if one.what == "session":
        return session_section(one.path, key, share)
    if one.what == "comparison":
        return comparison_section(one.path, key)
    return model_section(one.path, one.data, one.digest, key)


def _write_pictures(page: Page, folder: Path) -> tuple[Path, ...]:
    """The page's pictures as files of their own."""
    found = []
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Picture):
                found.append(folder / f"{block.key}.svg")
                _write(found[-1], block.svg.encode("utf-8"))
    return tuple(found)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.", hint="name another place with -o."
        ) from error
