"""``map.toml``: which code on the meter's digital lines means which phase of somebody's firmware."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tinykit.config import find_line
from tinykit.errors import ConfigError

UNMARKED = "unmarked"
"""Code 0, where the map gives it no name: nothing that counts."""
INFER = "infer"
"""The phase that ``--n`` speaks of."""
DEBOUNCE_S = 50e-6
_MOST_DEBOUNCE_S = 0.1
_MOST_LINES = 8
_MAX_BYTES = 64 * 1024
_KEYS = ("lines", "active", "cycle", "debounce_us", "phases")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _+./-]{0,31}")
_RESERVED = (UNMARKED, "total")


@dataclass(frozen=True)
class PhaseMap:
    """``phases`` are (code, name), by code; several codes may share a name.

    Bit i of a code is the line ``lines[i]``, inverted where not ``is_active_high``. A cycle begins where
    ``cycle`` does. A code that lasts less than ``debounce_s`` is a glitch.
    """

    phases: tuple[tuple[int, str], ...]
    lines: tuple[str, ...]
    cycle: str
    is_active_high: bool = True
    debounce_s: float = DEBOUNCE_S

    @property
    def names(self) -> tuple[str, ...]:
        """The phases' names, once each, in the map's order."""
        return tuple(dict.fromkeys(name for _, name in self.phases))

    def name(self, code: int) -> str:
        """What ``code`` means; "code 5" where the map does not say."""
        found = dict(self.phases).get(code)
        return found or (UNMARKED if code == 0 else f"code {code}")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "phases": [{"code": code, "name": name} for code, name in self.phases],
            "lines": list(self.lines),
            "cycle": self.cycle,
            "active": "high" if self.is_active_high else "low",
            "debounce_s": self.debounce_s,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhaseMap:
        """Back from JSON. Raises KeyError, TypeError, ValueError."""
        phases = tuple((one["code"], one["name"]) for one in data["phases"])
        lines, cycle, debounce_s = tuple(data["lines"]), data["cycle"], data["debounce_s"]
        sound = (
            phases
            and all(type(code) is int and 0 <= code < 256 and type(name) is str for code, name in phases)
            and 0 < len(lines) <= _MOST_LINES
            and all(type(line) is str for line in lines)
            and cycle in {name for _, name in phases}
            and type(debounce_s) in (int, float)
            and 0 <= debounce_s <= _MOST_DEBOUNCE_S
        )
        if not sound:
            raise ValueError("the map of phases is not sound")
        return cls(phases, lines, cycle, data["active"] == "high", float(debounce_s))


def load_phase_map(path: Path) -> PhaseMap:
    """Read ``path``. Raises ConfigError, which names the entry and what was meant."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.",
            hint="docs/how-to/mark-phases.md shows one.",
        ) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: larger than 64 KiB.", hint="a map of phases fits in a few lines.")
    return parse_phase_map(text, path)


def parse_phase_map(text: str, path: Path) -> PhaseMap:
    """Check the text of a map; ``path`` stands in messages. Raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{path}: is not TOML: {error}.", hint="docs/how-to/mark-phases.md shows a map."
        ) from error
    return _Reader(text, path).read(document)


class _Reader:
    def __init__(self, text: str, path: Path) -> None:
        self.text, self.path = text, path

    def read(self, document: Mapping[str, Any]) -> PhaseMap:
        for key in document:
            if key not in _KEYS:
                near = _nearest(key, _KEYS)
                self.refuse((key,), "is not a known key", f"{near}Known here: {', '.join(_KEYS)}.")
        phases = self.phases(document.get("phases"))
        bits = max(code for code, _ in phases).bit_length()
        lines = self.lines(document.get("lines", [f"D{i}" for i in range(max(bits, 1))]), bits)
        names = [name for _, name in phases]
        cycle = document.get("cycle", names[0])
        if cycle not in names:
            self.refuse(
                ("cycle",),
                f"names {cycle!r}, and there is no such phase",
                f"{_nearest(cycle, names)}The phases: {', '.join(dict.fromkeys(names))}.",
            )
        active = document.get("active", "high")
        if active not in ("high", "low"):
            self.refuse(
                ("active",), f"must be high or low, not {active!r}", 'active = "low" inverts all lines.'
            )
        return PhaseMap(phases, lines, cycle, active == "high", self.debounce(document))

    def debounce(self, document: Mapping[str, Any]) -> float:
        given = document.get("debounce_us", DEBOUNCE_S * 1e6)
        if type(given) not in (int, float) or not 0 <= given <= _MOST_DEBOUNCE_S * 1e6:
            self.refuse(
                ("debounce_us",),
                f"must be microseconds from 0 to 100,000, not {given!r}",
                "leave it out: 50.",
            )
        return float(given) * 1e-6

    def phases(self, table: object) -> tuple[tuple[int, str], ...]:
        if not isinstance(table, dict) or not table:
            self.refuse(
                ("phases",), "must be a table with an entry at least", 'Write [phases] and 1 = "infer".'
            )
        found: dict[int, str] = {}
        for key, name in table.items():
            code = _code(key)
            if code is None:
                hint = f"{_swapped(key, name)}A code is 0 to 255, as 3 or 0b11."
                self.refuse(("phases", key), "is not a code", hint)
            if code in found:
                self.refuse(("phases", key), f"is code {code} once more", "give each code one line.")
            if type(name) is not str or not _NAME.fullmatch(name) or name.lower() in _RESERVED:
                self.refuse(
                    ("phases", key),
                    f"must name its phase, not {str(name)[:40]!r}",
                    f"A letter first, 32 letters, digits or -_+./ at most; not {' or '.join(_RESERVED)}.",
                )
            found[code] = name
        return tuple(found.items())

    def lines(self, value: object, bits: int) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(type(line) is str for line in value):
            self.refuse(("lines",), "must be a list of lines", 'lines = ["D0", "D1"], the lowest bit first.')
        if len(value) > _MOST_LINES or len(set(value)) < len(value):
            self.refuse(("lines",), "must name eight lines at most, each once", "a meter has D0 to D7.")
        if bits > len(value):
            self.refuse(
                ("lines",),
                f"are {len(value)}, and the codes need {bits}",
                "name as many lines as the largest code has bits.",
            )
        return tuple(value)

    def refuse(self, keys: tuple[str, ...], what: str, hint: str) -> NoReturn:
        line = find_line(self.text, keys)
        place = f"{self.path}:{line}" if line else str(self.path)
        raise ConfigError(f"{place}: {'.'.join(keys)} {what}.", hint=hint, code="PHASE_MAP")


def _code(key: str) -> int | None:
    try:
        code = int(key, 0)
    except ValueError:
        return None
    return code if 0 <= code < 256 else None


def _swapped(key: str, name: object) -> str:
    return f'Did you mean {name} = "{key}"? ' if type(name) is int else ""


def _nearest(word: object, known: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f"Did you mean {near[0]}? " if near else ""
