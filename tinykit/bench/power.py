"""The emulated board's power over its own time: a state model, events in, exact joules and samples out.

Time is counted in whole cycles, so neither the true energies nor the means that a meter gets depend on how
the run is cut into slices.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.listener import PowerState

# What is shorter is no window, but an edge for meters that see falls only.
_NOISE_S = 50e-6

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PowerModel:
    """Watts by state; ``uart_w`` comes on top while the transmitter sends.

    A converter in pulse mode draws the same mean in pulses: ``burst_hz`` of them a second (0: none), each as
    long as ``burst_duty`` of the period.
    """

    active_w: float
    idle_w: float
    sleep_w: float
    uart_w: float
    burst_hz: float = 0.0
    burst_duty: float = 0.2

    def state_w(self, state: PowerState) -> float:
        """Power in ``state``, the line quiet."""
        return {"active": self.active_w, "idle": self.idle_w, "sleep": self.sleep_w}[state]


@dataclass(frozen=True)
class TrueWindow:
    """The marker was high from cycle ``start`` to ``end``; the board took ``energy_j`` at its rail."""

    start: int
    end: int
    energy_j: float


@dataclass(frozen=True)
class TrueStretch:
    """The meter's lines showed the code ``lines`` (bit n is line n) from cycle ``start`` to ``end``."""

    start: int
    end: int
    lines: int
    energy_j: float


class _Account:
    """What is taken from its opening on."""

    def __init__(self, cycle: int) -> None:
        self.since = cycle
        self._ticks: dict[float, float] = {}

    def add(self, power_w: float, ticks: float) -> None:
        self._ticks[power_w] = self._ticks.get(power_w, 0) + ticks

    def energy_j(self, clock_hz: float) -> float:
        return sum(power_w * ticks for power_w, ticks in self._ticks.items()) / clock_hz


class PowerTimeline:
    """A listener of the machine. ``on_window`` hears every stretch with the marker high, when it ends.

    ``on_stretch`` hears how long each code on the lines held, from when one beside the marker first moves.
    ``clock_hz`` is the true rate of the cycles. A load that is no state of the core's comes by `load`, the
    supply by `supply`.
    """

    def __init__(
        self,
        model: PowerModel,
        clock_hz: float,
        on_window: Callable[[TrueWindow], None],
        on_stretch: Callable[[TrueStretch], None] = lambda stretch: None,
    ) -> None:
        self._model, self._clock_hz, self._on_window = model, clock_hz, on_window
        self._on_stretch = on_stretch
        self._period = round(clock_hz / model.burst_hz) if model.burst_hz else 0
        self._state: PowerState = "active"
        self._sending, self._extra_w, self._has_supply, self._high = 0, 0.0, True, False
        self._ahead: list[tuple[int, int]] = []
        self._since = self._lines = 0
        self._window = _Account(0)
        self._stretch: _Account | None = None
        self._changes: list[tuple[int, int]] = []
        self._pieces: list[tuple[int, int, float]] = []
        self._edges: list[tuple[int, bool]] = []

    @property
    def power_w(self) -> float:
        """What the board draws now, pulses averaged."""
        if not self._has_supply:
            return 0.0
        return self._model.state_w(self._state) + self._sending * self._model.uart_w + self._extra_w

    @property
    def is_high(self) -> bool:
        """The marker's level."""
        return self._high

    def marker(self, cycle: int, high: bool) -> None:
        """See `Listener`."""
        if high == self._high:
            return
        self._move(cycle)
        self._high = high
        self._edges.append((cycle, high))
        rose = self._window.since
        if high:
            self._window = _Account(cycle)
        elif cycle - rose > _NOISE_S * self._clock_hz:
            self._on_window(TrueWindow(rose, cycle, self._window.energy_j(self._clock_hz)))

    def lines(self, cycle: int, code: int) -> None:
        """The meter's lines show ``code`` from now on; bit 0 is the marker's."""
        if code == self._lines:
            return
        self._move(cycle)
        stretch = self._stretch
        if stretch is not None:
            energy_j = stretch.energy_j(self._clock_hz)
            self._on_stretch(TrueStretch(stretch.since, cycle, self._lines, energy_j))
        if stretch is not None or code & ~1:
            self._stretch = _Account(cycle)
        self._changes.append((cycle, code))
        self._lines = code

    def state(self, cycle: int, state: PowerState) -> None:
        """See `Listener`."""
        self._move(cycle)
        self._state = state

    def sending(self, start: int, end: int) -> None:
        """See `Listener`."""
        heapq.heappush(self._ahead, (start, 1))
        heapq.heappush(self._ahead, (end, -1))

    def load(self, cycle: int, watts: float) -> None:
        """Something else on the board draws ``watts`` from now on."""
        self._move(cycle)
        self._extra_w = watts

    def supply(self, cycle: int, on: bool) -> None:
        """The rail comes or goes; without it nothing is drawn, and all pins are low."""
        self._move(cycle)
        self._has_supply = on
        self._ahead.clear()
        self._sending = 0
        self.lines(cycle, 0)
        self.marker(cycle, False)

    def _move(self, cycle: int) -> None:
        """Settle everything up to ``cycle``."""
        while self._ahead and self._ahead[0][0] <= cycle:
            at, change = heapq.heappop(self._ahead)
            self._settle(max(at, self._since))
            self._sending += change
        self._settle(cycle)

    def _settle(self, cycle: int) -> None:
        if cycle <= self._since:
            return
        power_w = self.power_w
        ticks = self._drawn(cycle) - self._drawn(self._since)
        if self._high:
            self._window.add(power_w, ticks)
        if self._stretch is not None:
            self._stretch.add(power_w, ticks)
        self._pieces.append((self._since, cycle, power_w))
        self._since = cycle

    def _drawn(self, cycle: int) -> float:
        """Cycles from 0 to ``cycle``, weighted by the pulses: their integral, of mean 1."""
        if not self._period:
            return cycle
        whole, part = divmod(cycle, self._period)
        return whole * self._period + min(part / self._model.burst_duty, self._period)

    def means(self, cycles: Integers) -> Floats:
        """Mean power in W between neighbours of ``cycles`` (n + 1, rising, none before the last call's end).

        Returns float64 (n,). The last of ``cycles`` must not lie ahead of the machine.
        """
        start, end = int(cycles[0]), int(cycles[-1])
        kept = [piece for piece in self._pieces if piece[1] > start]
        self._pieces = [piece for piece in kept if piece[1] > end]
        pieces = [*kept, *self._still_open(end)]
        corners = np.array([pieces[0][0], *(piece[1] for piece in pieces)], np.int64)
        powers_w = np.array([piece[2] for piece in pieces])
        at = np.union1d(corners, cycles)
        at = at[(at >= start) & (at <= end)]
        which = np.clip(np.searchsorted(corners, at[:-1], "right") - 1, 0, len(powers_w) - 1)
        energy = np.concatenate([[0.0], np.cumsum(powers_w[which] * self._ticks(at))])
        sums = energy[np.searchsorted(at, cycles)]
        means: Floats = np.diff(sums) / np.diff(cycles)
        return means

    def _still_open(self, end: int) -> list[tuple[int, int, float]]:
        """The pieces that go on at ``end``, cut there; nothing is settled by looking."""
        found, at, sending = [], self._since, self._sending
        base_w = self.power_w - sending * self._model.uart_w if self._has_supply else 0.0
        for cycle, change in sorted(self._ahead):
            if cycle >= end:
                break
            if cycle > at:
                found.append((at, cycle, base_w + sending * self._model.uart_w))
                at = cycle
            sending += change
        if at < end:
            found.append((at, end, base_w + sending * self._model.uart_w if self._has_supply else 0.0))
        return found

    def _ticks(self, at: Integers) -> Floats:
        if not self._period:
            return np.diff(at).astype(np.float64)
        whole, part = np.divmod(at, self._period)
        within = np.minimum(part / self._model.burst_duty, self._period)
        drawn: Floats = np.diff(whole).astype(np.float64) * self._period + np.diff(within)
        return drawn

    def take_edges(self) -> list[tuple[int, bool]]:
        """The marker's edges since the last call: (cycle, level)."""
        edges, self._edges = self._edges, []
        return edges

    def take_lines(self) -> list[tuple[int, int]]:
        """The changes of the lines since the last call: (cycle, code)."""
        changes, self._changes = self._changes, []
        return changes
