"""Sessions on disk: found, opened with their hashes checked, and analysed again from their raw data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit.errors import RecordingError, TinykitError
from tinykit.estimate import Estimate
from tinykit.lab.analysis import Analysis, Known, analyse
from tinykit.lab.duty import Duty
from tinykit.lab.external import analyse_external
from tinykit.lab.finish import CALIBRATION, MORE_RESULTS, RESULTS
from tinykit.lab.importer import analyse_import
from tinykit.lab.ledger import PHASES, Ledger
from tinykit.lab.manifest import MANIFEST, Damage, read_manifest, seal, verify_files
from tinykit.lab.recorder import BYTES, RAW
from tinykit.lab.recover import analyse_cut
from tinykit.lab.report import ENERGY
from tinykit.lab.start import known_from_dict
from tinykit.lab.verdict import Finding, Verdict

_MAX_JSON_BYTES = 64 * 1024 * 1024
_DEPTH = 3
_LATEST_UNIX_S = 1e11
"""The year 5138: calendars of some systems end not far behind it."""


@dataclass(frozen=True)
class StoredSession:
    """A finished session as it was written. ``gross`` and ``net`` are J an inference, ``states`` W.

    ``duty`` is there where periods of duty-cycled work were measured, ``ledger`` where pins showed phases.
    They are None, and empty, where the verdict allowed no number.
    """

    folder: Path
    manifest: dict[str, Any]
    known: Known
    gross: Estimate | None
    net: Estimate | None
    states: dict[str, Estimate]
    energy: dict[str, Any]
    verdict: Verdict
    duty: Duty | None = None
    ledger: Ledger | None = None

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, raw: bool = True) -> StoredSession:
        """The session in ``folder``: `open_session` by another name, for those who import tinykit alone."""
        return open_session(Path(folder), raw=raw)

    def reanalyse(self) -> Analysis:
        """Analyse the raw data again: its ``trace`` gives samples as arrays, block by block; ``windows`` are
        numbers of samples. Raises RecordingError."""
        return reanalyse(self)

    @property
    def headline(self) -> Estimate | None:
        """Energy per inference in J; None where the verdict allows no number that stands alone."""
        return self.gross if self.verdict.allows_absolute else None

    @property
    def line(self) -> int:
        """The digital line that the marker is wired to."""
        return int(self.manifest.get("marker_line", 0))

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.stored_session``, version 1."""
        return {
            "schema": "tinykit.stored_session",
            "schema_version": 1,
            "folder": str(self.folder),
            "manifest": self.manifest,
            "energy": self.energy,
            "headline": None if self.headline is None else self.headline.to_dict(),
            **({} if self.ledger is None else {"phases": self.ledger.to_dict()}),
        }


def open_session(folder: Path, *, raw: bool = True) -> StoredSession:
    """The session in ``folder``, its hashes checked: of all files, or with ``raw`` False of the results only.

    Raises RecordingError: SESSION_UNFINISHED, SESSION_FILE, SESSION_DAMAGED where a file is not what was
    written.
    """
    manifest = read_manifest(folder)
    damage = list(verify_files(folder, manifest, None if raw else _results(manifest)))
    if manifest.get("seal") != seal(manifest):
        damage.insert(0, Damage(MANIFEST, "content"))
    if damage:
        raise RecordingError(
            f"The session in {folder} is not what was written: {describe_damage(damage)}.",
            hint="tinykit session verify names every file; take the folder from its backup.",
            code="SESSION_DAMAGED",
        )
    try:
        energy = _json(folder / ENERGY)
        _check_shapes(manifest, energy)
        known = known_from_dict(manifest["known"], _json(folder / CALIBRATION))
        # The first sessions' had no stamp of its own.
        energy = {"simulated": known.simulated, **energy}
        return StoredSession(
            folder,
            manifest,
            known,
            _estimate(energy["gross_per_inference"]),
            _estimate(energy["net_per_inference"]),
            {str(name): Estimate.from_dict(one) for name, one in energy["states"].items()},
            energy,
            _verdict(manifest["verdict"]),
            Duty.from_dict(energy["duty"]) if "duty" in energy else None,
            Ledger.from_dict(_json(folder / PHASES)) if PHASES in manifest["files"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TinykitError) as error:
        raise RecordingError(
            f"The session in {folder} is refused: {error}.",
            hint="a session is read only as tinykit wrote it; take it from its backup.",
            code="SESSION_FILE",
        ) from error


def _results(manifest: dict[str, Any]) -> tuple[str, ...]:
    return (*RESULTS, *(name for name in MORE_RESULTS if name in manifest["files"]))


def reanalyse(session: StoredSession) -> Analysis:
    """Analyse the session's raw data again, in the way that it was analysed first. Raises RecordingError."""
    if session.manifest.get("import") is not None:
        return analyse_import(session.folder, session.manifest["import"], session.known)
    if session.manifest.get("external") is not None:
        return analyse_external(session.folder, session.manifest["external"], session.known)
    if session.manifest.get("recovered"):
        return analyse_cut(session.folder, session.known, line=session.line)
    return analyse(session.folder, session.known, line=session.line)


@dataclass(frozen=True)
class Listed:
    """A session's folder in a list. ``session`` is None where it is unfinished or refused: ``problem``."""

    folder: Path
    session: StoredSession | None
    problem: str
    is_unfinished: bool = False


def find_sessions(places: Sequence[Path]) -> Iterator[Listed]:
    """The sessions in and below ``places``, three folders deep, by name; only their results are checked.

    Raises RecordingError, code SESSION_UNFINISHED, for a place that is no folder.
    """
    for place in places:
        if not place.is_dir():
            raise RecordingError(
                f"{place} is no folder.",
                hint="name a folder that holds sessions.",
                code="SESSION_UNFINISHED",
            )
        for folder in _folders(place, _DEPTH):
            yield _listed(folder)


def _folders(place: Path, depth: int) -> Iterator[Path]:
    if (place / MANIFEST).is_file() or (place / RAW / BYTES).is_file():
        yield place
        return
    if depth:
        inner = (Path(one.path) for one in os.scandir(place) if one.is_dir(follow_symlinks=False))
        for folder in sorted(one for one in inner if not one.name.startswith(".")):
            yield from _folders(folder, depth - 1)


def _listed(folder: Path) -> Listed:
    try:
        return Listed(folder, open_session(folder, raw=False), "")
    except RecordingError as error:
        return Listed(folder, None, error.message, error.code == "SESSION_UNFINISHED")


def describe_damage(damage: Sequence[Damage]) -> str:
    """In one line: what is wrong with which file."""
    words = {
        "missing": "is missing",
        "size": "has another size",
        "content": "was changed",
        "unlisted": "was added",
    }
    return "; ".join(f"{one.file} {words[one.what]}" for one in damage)


_SHAPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("plan", "model", "board", "meter", "import", "external", "emulation"), (dict, type(None))
    ),
    "started_unix_s": (int, float),
    "marker_line": (int,),
    "recovered": (bool,),
    "notes": (str,),
}


def _check_shapes(manifest: dict[str, Any], energy: Any) -> None:
    """What is read of a manifest without looking twice. Raises ValueError."""
    for name, kinds in _SHAPES.items():
        if name in manifest and not isinstance(manifest[name], kinds):
            raise ValueError(f"{name} is not what it must be")
    if not 0 <= manifest.get("started_unix_s", 0) < _LATEST_UNIX_S:
        raise ValueError("started_unix_s is no time")
    if not 0 <= manifest.get("marker_line", 0) < 8:
        raise ValueError("there is no such marker_line")
    meter = manifest.get("meter") or {}
    for part in ("instrument", "settings"):
        if not isinstance(meter.get(part, {}), dict):
            raise ValueError(f"meter.{part} is not what it must be")
    if not all(
        isinstance(w["code"], str) and isinstance(w["text"], str) for w in energy["trace"]["warnings"]
    ):
        raise ValueError("a warning is not a text")


def _json(path: Path) -> Any:
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise ValueError(f"{path.name} is too large")
    return json.loads(path.read_bytes())


def _estimate(data: Any) -> Estimate | None:
    return None if data is None else Estimate.from_dict(data)


def _verdict(data: Any) -> Verdict:
    findings = tuple(Finding(str(f["code"]), f["state"], str(f["text"])) for f in data["findings"])
    if any(finding.state not in ("pass", "warn", "fail", "not_checked") for finding in findings):
        raise ValueError("a finding's state is none")
    return Verdict(findings)
