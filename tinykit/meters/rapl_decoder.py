"""Readings of energy counters → energy by even periods. Nothing can get lost: the counter keeps adding up."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinykit.meters.trace import Block, Gap, TraceWarning

# A counter of 2^32 units of 15 µJ wraps after 65 kJ; at 500 W that is two minutes.
_LONGEST_S = 60.0


@dataclass(frozen=True)
class Zone:
    """A counter: its name, where it wraps (µJ), its folder."""

    name: str
    wrap_uj: int
    folder: str


class RaplDecoder:
    """See :class:`tinykit.meters.meter.Decoder`. Lines are "monotonic_ns µJ µJ …", a zone each.

    Sample k is the energy of all zones in the k-th period after the first reading. Readings are not quite
    even: between two, energy is taken to grow evenly, which moves less than one reading's.
    """

    def __init__(self, zones: Sequence[Zone], rate_hz: float) -> None:
        self._wraps_uj = np.array([zone.wrap_uj for zone in zones], np.int64)
        self._rate_hz = rate_hz
        self._held = b""
        self._start_ns: int | None = None
        self._last_ns = 0
        self._last_uj = np.zeros(len(zones), np.int64)
        self._total_j = 0.0
        self._edge_j = 0.0
        self._next = 0
        self._bad = self._long = 0

    @property
    def length(self) -> int:
        """Whole periods so far."""
        return self._next

    @property
    def gaps(self) -> Sequence[Gap]:
        """None: a counter that is read late has still counted."""
        return ()

    @property
    def warnings(self) -> Sequence[TraceWarning]:
        """STRAY_BYTES for lines that are no readings, COUNTER_PAUSE where it may have wrapped unseen."""
        found = {"STRAY_BYTES": (self._bad, "lines are no readings"), "COUNTER_PAUSE": (self._long, "pauses")}
        return tuple(TraceWarning(code, f"{n} {what}.") for code, (n, what) in found.items() if n)

    @property
    def t_start_host_s(self) -> float | None:
        """When sample 0 began, by time.monotonic()."""
        return None if self._start_ns is None else self._start_ns / 1e9

    def fork(self) -> RaplDecoder:
        """A decoder that goes on from here."""
        other = copy.copy(self)
        other._bad = other._long = 0
        return other

    def feed(self, data: bytes | memoryview) -> list[Block]:
        """The periods that these lines complete."""
        *lines, self._held = (self._held + bytes(data)).split(b"\n")
        first, energies_j = self._next, [energy for line in lines for energy in self._take(line)]
        return [Block(first, energy_j=np.array(energies_j))] if energies_j else []

    def finish(self) -> list[Block]:
        """A line without an end is dropped."""
        self._held = b""
        return []

    def _take(self, line: bytes) -> list[float]:
        words = line.split()
        if len(words) != 1 + len(self._wraps_uj) or not all(word.isdigit() for word in words):
            self._bad += 1
            return []
        now_ns, now_uj = int(words[0]), np.array([int(word) for word in words[1:]], np.int64)
        if self._start_ns is None:
            self._start_ns, self._last_ns, self._last_uj = now_ns, now_ns, now_uj
            return []
        if now_ns <= self._last_ns:
            self._bad += 1
            return []
        self._long += now_ns - self._last_ns > _LONGEST_S * 1e9
        grown_uj = now_uj - self._last_uj
        total_j = (
            self._total_j + float(np.where(grown_uj < 0, grown_uj + self._wraps_uj, grown_uj).sum()) * 1e-6
        )
        last = int((now_ns - self._start_ns) * 1e-9 * self._rate_hz)
        edges_ns = np.arange(self._next + 1, last + 1) / self._rate_hz * 1e9
        times_ns = self._last_ns - self._start_ns, now_ns - self._start_ns
        edges_j = np.interp(edges_ns, times_ns, (self._total_j, total_j))
        energies_j = np.diff(edges_j, prepend=self._edge_j)
        self._last_ns, self._last_uj, self._total_j, self._next = (
            now_ns,
            now_uj,
            total_j,
            max(last, self._next),
        )
        self._edge_j = float(edges_j[-1]) if len(edges_j) else self._edge_j
        return [float(energy_j) for energy_j in energies_j]
