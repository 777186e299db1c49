"""Any ``.csv``: (t, V, I), (t, I) or (t, P), in units that headers name (``current_mA``, ``I (uA)``) or the
caller does. One row a sample; lines as ``D0``, ``gpi[1]``, ``marker``, low or high (0 or 1).
"""

from __future__ import annotations

from pathlib import Path

from tinykit.meters.importing import Importer, ImportOptions
from tinykit.meters.table import open_sheet, read_columns
from tinykit.meters.table_trace import find_columns, table_trace
from tinykit.meters.trace import Instrument, Trace


def load(path: Path, options: ImportOptions) -> Trace:
    """The table in ``path`` as a trace. Raises RecordingError."""
    sheet = open_sheet(path)
    columns, warnings = find_columns(sheet, options)
    cells = read_columns(sheet, tuple(column.name for column in columns), options)
    instrument = Instrument("csv", "unknown, from a table", "", "", "none")
    return table_trace(sheet, columns, cells, options, instrument, warnings)


IMPORTER = Importer(
    name="csv",
    description=".csv with units in its headers",
    accepts=lambda path, head: path.suffix.lower() in (".csv", ".tsv", ".txt"),
    load=load,
    is_fallback=True,
)
