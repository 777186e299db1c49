"""The stamp on what comes from an emulator, the same in every file."""

from __future__ import annotations

STAMP = "SIMULATED"


def origin(simulated: bool) -> str:
    """Where a table's numbers come from, as its column ``origin`` says it in every row."""
    return STAMP if simulated else "measured"
