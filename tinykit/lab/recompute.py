"""The same joules again, by this version: equal, or what changed and by how much."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinykit import __version__
from tinykit.errors import RecordingError
from tinykit.estimate import Estimate
from tinykit.lab.finish import MORE_RESULTS, RESULTS, finish
from tinykit.lab.ledger import PHASES, Ledger
from tinykit.lab.report import SessionReport
from tinykit.lab.store import StoredSession, open_session, reanalyse

EQUAL = 1e-12
"""Relative: sums of doubles in another order, by another NumPy, differ by less."""
Ends = tuple[float, float]
_WRITTEN_ANEW = {"schema", "schema_version", "files", "seal", "simulated", "known", "verdict"}


@dataclass(frozen=True)
class Recomputed:
    """One quantity: as stored and as it is now; None where there is none.

    Beside the values are their standard uncertainties and their 95 % intervals.
    """

    name: str
    unit: str
    stored: float | None
    now: float | None
    stored_u: float | None
    now_u: float | None
    stored_interval: Ends | None
    now_interval: Ends | None

    @property
    def relative(self) -> float | None:
        """(now - stored) / stored; None where one of them is missing or stored is 0."""
        if self.stored is None or self.now is None or self.stored == 0:
            return None
        return (self.now - self.stored) / self.stored

    @property
    def is_equal(self) -> bool:
        """Value, uncertainty and interval, to a relative 1e-12."""
        values = _close(self.stored, self.now) and _close(self.stored_u, self.now_u)
        return values and self.is_interval_equal

    @property
    def is_interval_equal(self) -> bool:
        """Both ends, to 1e-12 of the larger: one of them may be next to nothing."""
        old, new = self.stored_interval, self.now_interval
        if old is None or new is None:
            return old is new
        scale = max(map(abs, (*old, *new)))
        return all(abs(a - b) <= EQUAL * scale for a, b in zip(old, new, strict=True))

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
    try:
        quantities = tuple(_quantities(session, report))
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"The session in {folder} is refused: an interval in it is none ({error}).",
            hint="a session is read only as tinykit wrote it; take it from its backup.",
            code="SESSION_FILE",
        ) from error
    result = Recomputation(
        report,
        str(session.manifest.get("recomputed", session.manifest).get("tinykit", "unknown")),
        quantities,
        tuple(_findings(session, report)),
        write,
    )
    if write:
        files = [name for name in session.manifest["files"] if name not in (*RESULTS, *MORE_RESULTS)]
        facts["recomputed"] = {"tinykit": __version__, "unix_s": time.time()}
        finish(folder, facts, session.known, analysis, files)
    return result


def _quantities(session: StoredSession, report: SessionReport) -> Iterator[Recomputed]:
    written = session.energy
    energy, states = report.analysis.energy, report.analysis.states
    yield _pair("gross per inference", written["gross_per_inference"], energy.gross if energy else None)
    yield _pair("net per inference", written["net_per_inference"], energy.net if energy else None)
    for name in dict.fromkeys((*written["states"], *states)):
        yield _pair(f"power in {name}", written["states"].get(name), states.get(name))
    before, now = written.get("duty"), report.analysis.duty
    if before or now:
        before = before or {}
        yield _pair("energy per period", before.get("energy_per_period"), now.energy if now else None)
        yield _pair("mean power", before.get("mean_power"), now.power if now else None)
    yield from _phases(session, report.analysis.ledger)


def _phases(session: StoredSession, ledger: Ledger | None) -> Iterator[Recomputed]:
    written = {}
    if session.ledger is not None:
        lines = json.loads((session.folder / PHASES).read_bytes())["lines"]
        written = {line["name"]: line["total_j"] for line in lines}
    now = {} if ledger is None else {line.name: line.total_j for line in ledger.lines}
    for name in dict.fromkeys((*written, *now)):
        yield _pair(f"phase {name}", written.get(name), now.get(name))


def _pair(name: str, written: Mapping[str, Any] | None, now: Estimate | None) -> Recomputed:
    """``written`` is an estimate's document: what this version makes of its parts may be another interval."""
    stored = None if written is None else Estimate.from_dict(written)
    one = stored or now
    return Recomputed(
        name,
        one.unit if one else "J",
        stored.value if stored else None,
        now.value if now else None,
        stored.u if stored else None,
        now.u if now else None,
        None if written is None else _ends(*written["interval95"]),
        now.interval() if now else None,
    )


def _ends(low: Any, high: Any) -> Ends:
    return float(low), float(high)


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
