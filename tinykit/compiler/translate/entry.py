"""What the table of operators holds for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinykit.compiler.translate.builder import Builder
from tinykit.graph.model import Operator


@dataclass(frozen=True)
class Entry:
    """How an operator is translated.

    ``translate`` appends its layers; ``note`` says in a phrase what is taken and what it becomes.
    """

    translate: Callable[[Builder, Operator], None]
    note: str
