"""Files that look like recordings and are traps: recognised, and refused with what to do instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tinykit.meters.files import table_csv
from tinykit.meters.importing import Importer, ImportOptions, refused
from tinykit.meters.trace import Trace


@dataclass(frozen=True)
class _Trap:
    """Known by suffix and first line; a ``table`` may be read if the caller names its columns."""

    problem: str
    hint: str
    code: str
    suffix: str
    first_line: str = ""
    table: bool = False

    def is_it(self, suffix: str, line: str) -> bool:
        """Whether a file with this suffix and first line is one."""
        return suffix == self.suffix and re.match(self.first_line, line, re.IGNORECASE) is not None


_EXPORT = "export the current as CSV, and name its columns with their units."
_TRAPS = (
    _Trap(
        "these are averages of what the Joulescope UI showed, a thousand or two, and no samples",
        "export the region as .jls.",
        code="JOULESCOPE_PIXELS",
        suffix=".csv",
        first_line=r"#\s*time,[^,]+\.[ivp]\b",
    ),
    _Trap(
        "these are means that 'pyjls csv' made of the samples",
        "give the .jls file itself.",
        code="PYJLS_MEANS",
        suffix=".csv",
        first_line=r"#\s*timestamp,",
    ),
    _Trap(
        "this is a log of statistics; its energy is a running total, which a sum would count again",
        "record samples as .jls.",
        code="JOULESCOPE_STATISTICS",
        suffix=".csv",
        first_line=r"#?\s*(time,)?current,voltage,power,charge,energy",
    ),
    _Trap(
        "an Otii export says nowhere in the file what its values are",
        "name the columns: 'Timestamp' is time:s, and 'Value' is current:A if this is Main current.",
        code="OTII_COLUMN",
        suffix=".csv",
        first_line=r'"?Timestamp"?,"?Value"?\s*$',
        table=True,
    ),
    _Trap(
        "PyMonsoon's 'Time(ms)' holds seconds of arrival, the same for a whole packet",
        "skip 'Time(ms)', name the columns, and give 5000 samples a second if none were dropped.",
        code="MONSOON_TIME",
        suffix=".csv",
        first_line=r"Time\(ms\),(Main|USB|Aux)",
        table=True,
    ),
    _Trap(
        "a logic analyser's table has changes or volts, and no current",
        "a shunt's volts need its gain and resistance: make a column of amperes of them.",
        code="SALEAE_EVENTS",
        suffix=".csv",
        first_line=r"Time \[s\],Channel ",
    ),
    _Trap(
        "this format of the old Power Profiler is not read",
        "open it in Power Profiler 4 and save it as .ppk2.",
        code="PPK_LEGACY",
        suffix=".ppk",
    ),
    _Trap("projects of Otii are not read", _EXPORT, code="OTII_PROJECT", suffix=".otii3"),
    _Trap("Monsoon's binary files are not read", _EXPORT, code="MONSOON_BINARY", suffix=".pt4"),
    _Trap("Monsoon's binary files are not read", _EXPORT, code="MONSOON_BINARY", suffix=".pt5"),
    _Trap("Keysight's data logs are not read", _EXPORT, code="KEYSIGHT_DLOG", suffix=".dlog"),
)


def _find(path: Path, head: bytes) -> _Trap | None:
    line = head.decode("utf-8-sig", "replace").partition("\n")[0].strip()
    return next((trap for trap in _TRAPS if trap.is_it(path.suffix.lower(), line)), None)


def _load(path: Path, options: ImportOptions) -> Trace:
    with path.open("rb") as file:
        trap = _find(path, file.read(4096))
    assert trap is not None
    if trap.table and options.columns:
        return table_csv.load(path, options)
    raise refused(path, trap.problem, trap.hint, code=trap.code)


IMPORTER = Importer(
    name="not-taken", description="", accepts=lambda path, head: _find(path, head) is not None, load=_load
)
