"""A session's result as records and documents: what is written to its folder, and what the CLI shows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit import __version__
from tinykit.estimate import Estimate
from tinykit.lab.analysis import Analysis
from tinykit.lab.calibration import Calibration
from tinykit.lab.stamp import origin

WINDOWS = "windows.csv"
ENERGY = "energy.json"
_COLUMNS = (
    "kind",
    "inferences",
    "start_sample",
    "stop_sample",
    "duration_s",
    "board_s",
    "gross_j_per_inference",
    "net_j_per_inference",
    "samples",
    "lost",
    "saturated",
    "origin",
)


@dataclass(frozen=True)
class SessionReport:
    """A finished session: its ``folder``, what was measured on what, and the analysis.

    ``facts`` are the manifest's other entries, as they stand in ``session.json``.
    """

    folder: Path
    simulated: bool
    facts: dict[str, Any]
    analysis: Analysis
    calibration: Calibration

    @property
    def headline(self) -> Estimate | None:
        """Energy per inference in J; None where the verdict allows no number that stands alone."""
        energy = self.analysis.energy
        return energy.gross if energy is not None and self.analysis.verdict.allows_absolute else None

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.measure``, version 1."""
        return {
            "schema": "tinykit.measure",
            "schema_version": 1,
            "tinykit": __version__,
            "folder": str(self.folder),
            **self.facts,
            "simulated": self.simulated,
            "energy": energy_document(self.analysis, self.simulated),
            "headline": None if self.headline is None else self.headline.to_dict(),
            "verdict": self.analysis.verdict.to_dict(),
            **({} if self.analysis.ledger is None else {"phases": self.analysis.ledger.to_dict()}),
        }


def energy_document(analysis: Analysis, simulated: bool) -> dict[str, Any]:
    """What ``energy.json`` holds: joules per inference, powers of the states, per window.

    ``duty`` is there only where periods were measured."""
    energy = analysis.energy
    duty = {} if analysis.duty is None else {"duty": analysis.duty.to_dict()}
    return {
        "schema": "tinykit.energy",
        "schema_version": 1,
        "simulated": simulated,
        "gross_per_inference": None if energy is None else energy.gross.to_dict(),
        "net_per_inference": None if energy is None or energy.net is None else energy.net.to_dict(),
        "states": {name: power.to_dict() for name, power in analysis.states.items()},
        "guard_s": None if energy is None else energy.guard_s,
        "windows_from": analysis.placing.to_dict(),
        "doubts": [one.to_dict() for one in analysis.doubts],
        **duty,
        "windows": []
        if energy is None
        else [
            {
                "inferences": one.inferences,
                "duration_s": one.inner.duration_s,
                "gross_j_per_inference": one.gross.value,
                "net_j_per_inference": None if one.net is None else one.net.value,
                "mean_power_w": one.inner.mean_power_w,
            }
            for one in energy.windows
        ],
        "trace": analysis.trace.to_dict(),
    }


def windows_csv(analysis: Analysis, simulated: bool) -> bytes:
    """One row a phase, in order; empty cells where the verdict allowed no number."""
    rate_hz = analysis.trace.sample_rate_hz
    energies = iter(analysis.energy.windows if analysis.energy is not None else ())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for phase, window in zip(analysis.phases, analysis.windows, strict=False):
        one = next(energies, None) if phase.kind == "infer" else None
        row: list[object] = [phase.kind, phase.inferences, window.start, window.stop, len(window) / rate_hz]
        row.append("" if phase.board_s is None else phase.board_s)
        if one is None:
            row += [""] * 5
        else:
            net = "" if one.net is None else one.net.value
            row += [one.gross.value, net, one.inner.samples, one.inner.lost, one.inner.saturated]
        writer.writerow([*row, origin(simulated)])
    return text.getvalue().encode()


def budget_rows(estimate: Estimate) -> list[tuple[str, float, str, str]]:
    """The influences of ``estimate``, largest first: name, u, distribution, degrees of freedom."""
    rows = [
        (name, abs(i.u), i.distribution, "∞" if i.dof == float("inf") else f"{i.dof:.3g}")
        for name, i in estimate.influences.items()
    ]
    return sorted(rows, key=lambda row: -row[1])
