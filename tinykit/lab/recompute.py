"""The same joules again, by this version: equal, or what changed and by how much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinykit import __version__
from tinykit.estimate import Estimate
from tinykit.lab.finish import MORE_RESULTS, RESULTS, finish
from tinykit.lab.ledger import Ledger
from tinykit.lab.report import SessionReport
from tinykit.lab.store import StoredSession, open_session, reanalyse

EQUAL = 1e-12
"""Relative: sums of doubles in another order, by another NumPy, differ by less."""
_WRITTEN_ANEW = {"schema", "schema_version", "files", "seal", "simulated", "known", "verdict"}


@dataclass(frozen=True)
class Recomputed:
    """One quantity: as stored and as it is now, with its standard uncertainties; None where there is none."""

    name: str
    unit: str
    stored: float | None
    now: float | None
    stored_u: float | None
    now_u: float | None

    @property
    def relative(self) -> float | None:
        """(now - stored) / stored; None where one of them is missing or stored is 0."""
        if self.stored is None or self.now is None or self.stored == 0:
            return None
        return (self.now - self.stored) / self.stored

    @property
    def is_equal(self) -> bool:
        """Value and uncertainty, to a relative 1e-12."""
        return _close(self.stored, self.now) and _close(self.stored_u, self.now_u)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "relative": self.relative, "equal": self.is_equal}


@dataclass(frozen=True)
class Recomputation:
    """What another analysis of the same raw data says. ``findings`` are the codes whose state changed."""

    report: SessionReport
    stored_version: str
    quantities: tuple[Recomputed, ...]
    findings: tuple[tuple[str, str, str], ...]
    written: bool

    @property
    def is_equal(self) -> bool:
        """Whether nothing changed."""
        return all(one.is_equal for one in self.quantities) and not self.findings

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.recomputation``, version 1."""
        return {
            "schema": "tinykit.recomputation",
            "schema_version": 1,
            "folder": str(self.report.folder),
            "simulated": self.report.simulated,
            "stored_by": self.stored_version,
            "recomputed_by": __version__,
            "equal": self.is_equal,
            "quantities": [one.to_dict() for one in self.quantities],
            "findings": [{"code": code, "stored": old, "now": new} for code, old, new in self.findings],
            "written": self.written,
        }


def recompute(folder: Path, *, write: bool = False) -> Recomputation:
    """Analyse the session in ``folder`` again and compare; with ``write`` its results are replaced.

    The raw data are never touched. Raises RecordingError as `open_session` does, OutputError.
    """
    session = open_session(folder)
    analysis = reanalyse(session)
    facts = {key: value for key, value in session.manifest.items() if key not in _WRITTEN_ANEW}
    report = SessionReport(folder, session.known.simulated, facts, analysis, session.known.calibration)
    result = Recomputation(
        report,
        str(session.manifest.get("recomputed", session.manifest).get("tinykit", "unknown")),
        tuple(_quantities(session, report)),
        tuple(_findings(session, report)),
        write,
    )
    if write:
        files = [name for name in session.manifest["files"] if name not in (*RESULTS, *MORE_RESULTS)]
        facts["recomputed"] = {"tinykit": __version__, "unix_s": time.time()}
        finish(folder, facts, session.known, analysis, files)
    return result


def _quantities(session: StoredSession, report: SessionReport) -> Iterator[Recomputed]:
    energy, states = report.analysis.energy, report.analysis.states
    yield _pair("gross per inference", session.gross, energy.gross if energy else None)
    yield _pair("net per inference", session.net, energy.net if energy else None)
    for name in dict.fromkeys((*session.states, *states)):
        yield _pair(f"power in {name}", session.states.get(name), states.get(name))
    before, now = session.duty, report.analysis.duty
    if before or now:
        yield _pair("energy per period", before.energy if before else None, now.energy if now else None)
        yield _pair("mean power", before.power if before else None, now.power if now else None)
    yield from _phases(session.ledger, report.analysis.ledger)


def _phases(before: Ledger | None, now: Ledger | None) -> Iterator[Recomputed]:
    lines = [{} if one is None else {line.name: line for line in one.lines} for one in (before, now)]
    for name in dict.fromkeys((*lines[0], *lines[1])):
        totals = [line[name].total_j if name in line else None for line in lines]
        yield _pair(f"phase {name}", *totals)


def _pair(name: str, stored: Estimate | None, now: Estimate | None) -> Recomputed:
    one = stored or now
    return Recomputed(
        name,
        one.unit if one else "J",
        stored.value if stored else None,
        now.value if now else None,
        stored.u if stored else None,
        now.u if now else None,
    )


def _findings(session: StoredSession, report: SessionReport) -> Iterator[tuple[str, str, str]]:
    before = {finding.code: finding.state for finding in session.verdict.findings}
    after = {finding.code: finding.state for finding in report.analysis.verdict.findings}
    for code in dict.fromkeys((*before, *after)):
        old, new = before.get(code, "not_checked"), after.get(code, "not_checked")
        if old != new:
            yield code, old, new


def _close(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= EQUAL * max(abs(a), abs(b))
