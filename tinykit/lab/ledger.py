"""The ledger of phases as a record, and as the files ``phases.json`` and ``ledger.csv``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tinykit.estimate import Estimate
from tinykit.lab.codes import GLITCHES, Glitches
from tinykit.lab.stamp import origin

PHASES = "phases.json"
LEDGER = "ledger.csv"
_NUMBERS = ("total_j", "duration_s", "power_w", "energy_j", "per_cycle_j", "share")
_ROUNDING = 1e-9
_UNKNOWN = "code "


@dataclass(frozen=True)
class PhaseLine:
    """One line of the ledger, over the whole span of it. Estimates are means with 95 % intervals.

    ``count`` occurrences took ``total_s`` and ``total_j`` together; with 0 of them there is no number.
    ``duration_s`` and ``energy_j`` are an occurrence's, ``power_w`` the phase's mean, ``per_cycle_j`` a
    cycle's (None where no cycle is whole), ``share`` of all energy (0 to 1).
    """

    name: str
    codes: tuple[int, ...]
    count: int
    total_s: float
    total_j: Estimate | None = None
    duration_s: Estimate | None = None
    power_w: Estimate | None = None
    energy_j: Estimate | None = None
    per_cycle_j: Estimate | None = None
    share: Estimate | None = None

    @property
    def is_unknown(self) -> bool:
        """Its code is not in the map."""
        return self.name.startswith(_UNKNOWN)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; not to be written to."""
        return self._document

    @cached_property
    def _document(self) -> dict[str, Any]:
        # An interval may be a Monte Carlo of its own: once is enough for all files of a session.
        found: dict[str, Estimate | None] = {name: getattr(self, name) for name in _NUMBERS}
        return {
            "name": self.name,
            "codes": list(self.codes),
            "count": self.count,
            "total_s": self.total_s,
            **{name: None if one is None else one.to_dict() for name, one in found.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhaseLine:
        """Back from JSON. Raises KeyError, TypeError, ValueError."""
        numbers = {name: None if data[name] is None else Estimate.from_dict(data[name]) for name in _NUMBERS}
        codes = tuple(int(code) for code in data["codes"])
        return cls(str(data["name"]), codes, int(data["count"]), float(data["total_s"]), **numbers)


@dataclass(frozen=True)
class Ledger:
    """Phases over whole cycles. ``whole`` is the span summed by itself: what the lines must come to.

    With ``cycles`` 0 no cycle was whole, and the span goes from the first change of the code to the last;
    else ``cycles_j`` are their energies, in order. ``start_s`` and ``stop_s`` are the span's, on the meter's
    clock. ``glitches`` are those of the whole recording, and took ``glitches_s``.
    """

    lines: tuple[PhaseLine, ...]
    whole: PhaseLine
    cycles: int
    cycles_j: tuple[float, ...]
    start_s: float
    stop_s: float
    glitches: Glitches
    glitches_s: float

    @property
    def sum_j(self) -> float:
        """The lines' energies together."""
        return math.fsum(one.total_j.value for one in self.lines if one.total_j is not None)

    @property
    def closes(self) -> bool:
        """Whether they come to the whole: exactly, or within its interval where samples were lost."""
        whole = self.whole.total_j
        if whole is None:
            return False
        if abs(self.sum_j - whole.value) <= _ROUNDING * abs(whole.value):
            return True
        low, high = whole.interval()
        return low <= self.sum_j <= high

    @property
    def simulated(self) -> bool:
        """Whether an emulator was measured: its joules are modelled, and a meter's are not."""
        return self.whole.total_j is not None and "modelled" in self.whole.total_j.kinds

    @property
    def odd(self) -> str:
        """What the lines show beside the map's codes, in words; "" for nothing."""
        return "; ".join(self._odd())

    def _odd(self) -> Iterator[str]:
        if unknown := [one.name for one in self.lines if one.is_unknown]:
            seconds = sum(one.total_s for one in self.lines if one.is_unknown)
            yield f"{', '.join(unknown[:4])} are not in the map ({seconds:.3g} s)"
        if short := self.glitches.count("short"):
            yield f"{short} times the lines showed a code too short to be a phase"

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.phases``, version 1."""
        return {
            "schema": "tinykit.phases",
            "schema_version": 1,
            "simulated": self.simulated,
            "cycles": self.cycles,
            "cycles_j": list(self.cycles_j),
            "start_s": self.start_s,
            "stop_s": self.stop_s,
            "lines": [one.to_dict() for one in self.lines],
            "whole": self.whole.to_dict(),
            "sum_j": self.sum_j,
            "closes": self.closes,
            "glitches": {
                **{kind: self.glitches.count(kind) for kind in GLITCHES},
                "seconds": self.glitches_s,
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ledger:
        """Read `to_dict` back, deriving what was derived. Raises KeyError, TypeError, ValueError."""
        glitches = data["glitches"]
        return cls(
            tuple(PhaseLine.from_dict(one) for one in data["lines"]),
            PhaseLine.from_dict(data["whole"]),
            int(data["cycles"]),
            tuple(float(one) for one in data["cycles_j"]),
            float(data["start_s"]),
            float(data["stop_s"]),
            Glitches(tuple((kind, int(glitches[kind])) for kind in GLITCHES)),
            float(glitches["seconds"]),
        )


def ledger_csv(ledger: Ledger) -> bytes:
    """One row a line and the whole last; beside each estimate the ends of its 95 % interval."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads = [f"{name}{end}" for name in _NUMBERS for end in ("", "_low", "_high")]
    writer.writerow(["phase", "codes", "count", "total_s", *heads, "origin"])
    for line in (*ledger.lines, ledger.whole):
        row: list[object] = [line.name, " ".join(map(str, line.codes)), line.count, line.total_s]
        for name in _NUMBERS:
            one = line.to_dict()[name]
            row += ["", "", ""] if one is None else [one["value"], *one["interval95"]]
        writer.writerow([*row, origin(ledger.simulated)])
    return text.getvalue().encode()
