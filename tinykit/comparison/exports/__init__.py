"""A comparison in other people's formats, a file each; `find_exports` finds them by scanning this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinykit.comparison.result import Result
from tinykit.errors import UsageError


@dataclass(frozen=True)
class ResultExport:
    """A format. ``write`` makes the file and says in one line what its reader should know."""

    name: str
    file_name: str
    description: str
    write: Callable[[Result, Path], str]


@cache
def find_exports() -> dict[str, ResultExport]:
    """Every format by name: a module of this folder declares it as ``EXPORT``."""
    modules = (importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__))
    found = [module.EXPORT for module in modules if hasattr(module, "EXPORT")]
    return {export.name: export for export in found}


def find_export(name: str) -> ResultExport:
    """The format ``name``. Raises UsageError with the names there are."""
    exports = find_exports()
    if name not in exports:
        raise UsageError(f"There is no export '{name}'.", hint=f"take one of {', '.join(sorted(exports))}.")
    return exports[name]
