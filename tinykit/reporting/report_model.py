"""Conversions, builds and inspections in a report: which document is whose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tinykit.errors import InputError
from tinykit.reporting.model_parts import Document
from tinykit.reporting.page import Section
from tinykit.reporting.report_build import build_section, inspection_section
from tinykit.reporting.report_conversion import conversion_section

_MAKERS: Mapping[str, Callable[[Path, Document, str, str], Section]] = {
    "tinykit.conversion": conversion_section,
    "tinykit.build": build_section,
    "tinykit.inspect": inspection_section,
}
MODEL_SCHEMAS = tuple(_MAKERS)


def model_section(path: Path, data: Document, digest: str, key: str) -> Section:
    """The section of a conversion, a build or an inspection: of ``data`` with one of `MODEL_SCHEMAS`.

    Raises InputError, code REPORT_INPUT.
    """
    try:
        return _MAKERS[data["schema"]](path, data, digest, key)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(
            f"{path} is refused: {type(error).__name__}: {error}.",
            hint="a document is read only as tinykit wrote it; write it again.",
            code="REPORT_INPUT",
        ) from error
