"""The last step of every session: results beside the raw data, then the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tinykit.errors import OutputError
from tinykit.lab.analysis import Analysis, Known
from tinykit.lab.ledger import LEDGER, PHASES, ledger_csv
from tinykit.lab.manifest import replace_file, write_manifest
from tinykit.lab.report import ENERGY, WINDOWS, SessionReport, energy_document, windows_csv
from tinykit.lab.start import known_to_dict

CALIBRATION = "calibration.json"
RESULTS = (WINDOWS, ENERGY, CALIBRATION)
MORE_RESULTS = (PHASES, LEDGER)
"""Where the pins showed phases."""


def finish(
    folder: Path, facts: dict[str, Any], known: Known, analysis: Analysis, files: Iterable[str]
) -> SessionReport:
    """Write the results of ``analysis`` and the manifest, which lists ``files`` (relative names) too.

    Raises OutputError.
    """
    results = RESULTS if analysis.ledger is None else (*RESULTS, *MORE_RESULTS)
    try:
        replace_file(folder / WINDOWS, windows_csv(analysis, known.simulated))
        replace_file(folder / ENERGY, _json(energy_document(analysis, known.simulated)))
        replace_file(folder / CALIBRATION, _json(known.calibration.to_dict()))
        if analysis.ledger is not None:
            replace_file(folder / PHASES, _json(analysis.ledger.to_dict()))
            replace_file(folder / LEDGER, ledger_csv(analysis.ledger))
    except OSError as error:
        raise OutputError(
            f"The session in {folder} cannot be finished: {error.strerror or error}.",
            hint="make room on the disk; tinykit session recover makes of the raw data what can be made.",
        ) from error
    judged = {
        "simulated": known.simulated,
        "known": known_to_dict(known),
        "verdict": analysis.verdict.to_dict(),
    }
    write_manifest(folder, {**facts, **judged}, [*files, *results])
    return SessionReport(folder, known.simulated, facts, analysis, known.calibration)


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()
