"""What conversions, builds and inspections share in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinykit.reporting.page import Number, Table

Document = Mapping[str, Any]
MOST_LAYERS = 200


def sizes_table(title: str, parts: tuple[tuple[str, int], ...], source: str) -> Table:
    """Bytes by part, counted in ``source``."""
    rows = tuple((name, Number(f"{count:,} B", "counted", (source,))) for name, count in parts)
    return Table(title, ("", ">size"), rows, folded=True)


def tensor_name(whole: Any) -> str:
    """Of a fused tensor, whose name is the paths of all its parts, the first part's last two words."""
    return "/".join(str(whole).split(";")[0].split("/")[-2:])[:60]
