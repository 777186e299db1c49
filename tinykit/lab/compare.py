"""Two sessions side by side: may they be compared, by how much do they differ, and is that significant.

Errors that both share cancel, and only those: the same unit with the same calibration, in the same range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tinykit.errors import RecordingError
from tinykit.estimate import Estimate
from tinykit.lab.recorder import BYTES, RAW
from tinykit.lab.store import StoredSession, open_session

Effect = Literal["blocks", "annotates"]
_VOLTAGE_STEP = 0.01
"""Relative: energies at supplies that differ by more are not of the same operating point."""


@dataclass(frozen=True)
class Difference:
    """How two sessions differ beside their result: ``code`` is stable, ``effect`` says what follows."""

    code: str
    effect: Effect
    text: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"code": self.code, "effect": self.effect, "text": self.text}


@dataclass(frozen=True)
class Compared:
    """One quantity of both, in J an inference: ``difference`` is b - a, ``ratio`` b / a.

    ``significant``: the 95 % interval of the difference does not hold 0.
    """

    name: str
    a: Estimate
    b: Estimate
    difference: Estimate
    ratio: Estimate | None

    @property
    def significant(self) -> bool:
        """At 5 %: two sessions of the same thing differ "significantly" in 5 of 100 cases."""
        low, high = self.difference.interval()
        return not low <= 0.0 <= high

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "difference": self.difference.to_dict(),
            "ratio": None if self.ratio is None else self.ratio.to_dict(),
            "significant": self.significant,
        }


@dataclass(frozen=True)
class SessionComparison:
    """What two sessions say together; ``compared`` is empty where a difference blocks."""

    a: StoredSession
    b: StoredSession
    differences: tuple[Difference, ...]
    compared: tuple[Compared, ...]

    @property
    def is_comparable(self) -> bool:
        """Whether nothing blocks."""
        return not any(one.effect == "blocks" for one in self.differences)

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.session_comparison``, version 1."""
        return {
            "schema": "tinykit.session_comparison",
            "schema_version": 1,
            "a": str(self.a.folder),
            "b": str(self.b.folder),
            "simulated": self.a.known.simulated or self.b.known.simulated,
            "comparable": self.is_comparable,
            "differences": [one.to_dict() for one in self.differences],
            "compared": [one.to_dict() for one in self.compared],
        }


def compare_sessions(a: Path, b: Path) -> SessionComparison:
    """Compare the sessions in two folders. Raises RecordingError as `open_session` does, or SAME_SESSION."""
    if a.resolve() == b.resolve():
        raise RecordingError(f"{a} is one session.", hint="name two of them.", code="SAME_SESSION")
    one, other = open_session(a), open_session(b)
    differences = tuple(_differences(one, other))
    blocked = any(difference.effect == "blocks" for difference in differences)
    return SessionComparison(one, other, differences, () if blocked else tuple(_compared(one, other)))


def compare_estimates(name: str, a: Estimate, b: Estimate) -> Compared:
    """Difference and ratio of two estimates in one unit, shared influences cancelling by their names."""
    return Compared(name, a, b, b - a, b / a if a.value else None)


def _compared(a: StoredSession, b: StoredSession) -> Iterator[Compared]:
    for name, one, other in (("gross", a.gross, b.gross), ("net", a.net, b.net)):
        if one is not None and other is not None:
            yield compare_estimates(name, *_separated(a, one, b, other))


def _separated(
    a: StoredSession, one: Estimate, b: StoredSession, other: Estimate
) -> tuple[Estimate, Estimate]:
    """Both with only those influences under one name that had the same value in both sessions."""
    own = {f"{session.known.calibration.instrument}.temperature" for session in (a, b)}
    if not _same_voltage(a, b):
        own |= {f"{session.known.calibration.instrument}.voltage" for session in (a, b)}
    same = _same_unit(a, b) and a.known.calibration == b.known.calibration

    def apart(name: str) -> bool:
        return name in own or (not same and name.startswith(f"{b.known.calibration.instrument}."))

    return one, _renamed(other, apart)


def _renamed(estimate: Estimate, apart: Callable[[str], bool]) -> Estimate:
    renamed = {f"{name} (b)" if apart(name) else name: one for name, one in estimate.influences.items()}
    return replace(estimate, influences=renamed)


def _differences(a: StoredSession, b: StoredSession) -> Iterator[Difference]:
    yield from _blocking(a, b)
    for code, text, key in (
        ("MODEL", "the model", ("model", "sha256")),
        ("BOARD", "the board", ("board", "name")),
        ("FIRMWARE", "the firmware", ("board", "firmware_sha256")),
        ("INPUT", "the input", ("input", "source")),
        ("METER", "the kind of meter", ("meter", "meter")),
        ("RATE", "the sample rate", ("meter", "settings", "rate_hz")),
        ("MODE", "the meter's mode", ("meter", "settings", "mode")),
        ("VERSION", "the tinykit that measured", ("tinykit",)),
    ):
        one, other = _entry(a, *key), _entry(b, *key)
        if one != other:
            yield Difference(code, "annotates", f"{text}: {_short(one)} and {_short(other)}")
    if not _same_voltage(a, b):
        volts = [_entry(session, "meter", "settings", "voltage_v") for session in (a, b)]
        yield Difference("VOLTAGE", "annotates", f"the supply: {_short(volts[0])} V and {_short(volts[1])} V")
    if not _same_unit(a, b):
        yield Difference("UNIT", "annotates", "two meters, or nobody knows: nothing of their errors cancels")
    elif a.known.calibration != b.known.calibration:
        yield Difference("CALIBRATION", "annotates", "the meter was calibrated anew: nothing cancels")
    if _marks(a) != _marks(b):
        yield Difference("MARKS", "annotates", "what marks an inference: another pin, level or map of phases")
    if (a.known.guard_s > 0) != (b.known.guard_s > 0):
        yield Difference("WINDOWS", "annotates", "one has guards around its windows, the other has not")
    for name, session in (("a", a), ("b", b)):
        if session.manifest.get("recovered"):
            yield Difference("RECOVERED", "annotates", f"{name} was cut off, and recovered")


def _blocking(a: StoredSession, b: StoredSession) -> Iterator[Difference]:
    for name, session in (("a", a), ("b", b)):
        if session.gross is None:
            text = f"{name} has no number: its verdict is {session.verdict.state}"
            yield Difference("NO_NUMBER", "blocks", text)
        elif len(session.energy["windows"]) < 2:
            text = f"{name} has one window: without its scatter nothing says whether a difference is one"
            yield Difference("REPEATABILITY", "blocks", text)
    if a.known.simulated != b.known.simulated:
        text = "one is simulated, one measured: how far the model is off stands in neither"
        yield Difference("SIMULATED", "blocks", text)
    if _raw_hash(a) is not None and _raw_hash(a) == _raw_hash(b):
        yield Difference("SAME_RECORDING", "blocks", "both are made of the same recording")
    rails = [str(_entry(session, "meter", "settings", "rail") or "") for session in (a, b)]
    if all(rails) and rails[0] != rails[1]:
        yield Difference("RAIL", "blocks", f"two rails: {_short(rails[0])} and {_short(rails[1])}")
    bound = a.known.calibration.is_bound and b.known.calibration.is_bound
    if not bound and not (_same_unit(a, b) and a.known.calibration == b.known.calibration):
        text = "the meters' accuracy is typical, no bound: only one meter may be compared with itself"
        yield Difference("TYPICAL", "blocks", text)


def _same_unit(a: StoredSession, b: StoredSession) -> bool:
    """By serial number, else by the constants that the meter was made with."""
    if a.known.calibration.instrument != b.known.calibration.instrument:
        return False
    serials = [_entry(session, "meter", "instrument", "serial") for session in (a, b)]
    if all(serials):
        return bool(serials[0] == serials[1])
    texts = [_entry(session, "meter", "identification") for session in (a, b)]
    return all(texts) and bool(texts[0] == texts[1])


def _same_voltage(a: StoredSession, b: StoredSession) -> bool:
    settings = [_entry(session, "meter", "settings") or {} for session in (a, b)]
    if settings[0].get("mode") != settings[1].get("mode"):
        return False
    one, other = (entry.get("voltage_v") for entry in settings)
    if one is None or other is None:
        return one is other
    return abs(float(one) - float(other)) <= _VOLTAGE_STEP * float(one)


def _marks(session: StoredSession) -> Any:
    """What somebody's pins mean; tinykit's own firmware marks in one way."""
    facts = _entry(session, "external") or _entry(session, "import") or {}
    return {name: facts.get(name) for name in ("marker", "level", "phases", "windows_from") if name in facts}


def _raw_hash(session: StoredSession) -> str | None:
    listed = session.manifest["files"]
    names = [f"{RAW}/{BYTES}", *(name for name in listed if name.startswith(f"{RAW}/recording"))]
    return next((str(listed[name]["sha256"]) for name in names if name in listed), None)


def _entry(session: StoredSession, *keys: str) -> Any:
    value: Any = session.manifest
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _short(value: Any) -> str:
    text = "unknown" if value in (None, "") else str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"
