"""A sweep as Parquet: the columns of ``sweep.csv``, an unknown cell null. Needs the extra ``parquet``."""

from __future__ import annotations

import importlib
from pathlib import Path

from tinykit.comparison.files import claim
from tinykit.comparison.sweep import Sweep
from tinykit.comparison.sweep_table import sweep_rows
from tinykit.errors import MissingExtraError, OutputError

PARQUET = "sweep.parquet"


def require_parquet() -> None:
    """Raises MissingExtraError where the extra is absent: said before the work, not after it."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error


def write_parquet(sweep: Sweep, folder: Path) -> Path:
    """Write ``sweep.parquet`` into ``folder``, whole or not at all. Raises OutputError, MissingExtraError."""
    require_parquet()
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    header, rows = sweep_rows(sweep)
    columns = {name: list(column) for name, column in zip(header, zip(*rows, strict=True), strict=True)}
    claim(folder)
    partial = folder / f".{PARQUET}.partial"
    try:
        parquet.write_table(arrow.table(columns), partial)
        return partial.replace(folder / PARQUET)
    except OSError as error:
        raise OutputError(
            f"{folder} does not take the sweep: {error.strerror or error}.", hint="make room, or another -o."
        ) from error
