"""Sums over spans of a trace: every sample owns one sample period, no trapezoids.

Within a span of length T a rectangle sum has no bias, and a standard deviation of Ts/(T√6) for a block of
constant power at random phase; a trapezoid over the same samples is Ts/T too small.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tinykit.lab.windows import Window
from tinykit.meters.trace import INVALID, RANGE_SWITCH, SATURATED, Block, FloatArray, Trace

FILTER_AHEAD = 1000
"""A meter's filter wants so many samples before the first one that is used."""


@dataclass(frozen=True)
class RangeSum:
    """What was summed in one range of the meter: ``energy_j`` of ``samples``; ``volt_samples`` is Σ V, V.

    That is what an offset in amperes moves; 0 for a power of which nobody knows the voltage.
    """

    samples: int
    energy_j: float
    volt_samples: float


@dataclass(frozen=True)
class SpanSum:
    """One span: ``energy_j`` (float64) is the sum over the samples that are there, lost ones not replaced.

    ``ranges`` splits it by the meter's range (key -1 where the meter has none). ``charge_c`` is None for
    traces without current. The maker's filter would add ``filter_adds_j`` to some samples at changes of range
    and take ``filter_takes_j`` from others (both 0 or more); a sample that carries RANGE_SWITCH, of a meter
    whose maker has no filter, counts in full among what is taken.
    """

    window: Window
    sample_s: float
    samples: int
    energy_j: float
    charge_c: float | None
    peak: float
    saturated: int
    filter_adds_j: float
    filter_takes_j: float
    ranges: dict[int, RangeSum] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """By the meter's nominal clock, lost samples included."""
        return len(self.window) * self.sample_s

    @property
    def lost(self) -> int:
        """Samples of the span that are not there, or that hold no value."""
        return len(self.window) - self.samples

    @property
    def full_energy_j(self) -> float:
        """The energy as if the lost samples had been like the others; 0 for a span without samples."""
        return self.energy_j * len(self.window) / self.samples if self.samples else 0.0

    @property
    def mean_power_w(self) -> float:
        """Mean power over the samples that are there."""
        return self.energy_j / (self.samples * self.sample_s) if self.samples else 0.0


class _Running:
    """The sums of one span while blocks go by."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.samples = self.saturated = 0
        self.energy = self.charge = self.adds = self.takes = 0.0
        self.peak = -np.inf
        self.counts: dict[int, int] = {}
        self.energies: dict[int, float] = {}
        self.volts: dict[int, float] = {}

    def add(self, block: Block, moved: FloatArray | None, voltage_v: float | None, sample_s: float) -> None:
        """``moved`` is what the filter adds to each value, None where it leaves the block alone."""
        values, flags = block.values, block.flags
        energy, volts = _energy(block, values, voltage_v, sample_s)
        if moved is not None:
            difference_j, _ = _energy(block, moved, voltage_v, sample_s)
            self.adds += float(difference_j[difference_j > 0].sum())
            self.takes -= float(difference_j[difference_j < 0].sum())
        good = None if flags is None or not (flags & INVALID).any() else (flags & INVALID) == 0
        if good is not None:
            values, energy = values[good], energy[good]
            volts = volts[good] if isinstance(volts, np.ndarray) else volts
        n = len(values)
        if n == 0:
            return
        self.samples += n
        self.energy += float(energy.sum())
        self.peak = max(self.peak, float(values.max()))
        if block.current_a is not None:
            self.charge += float(values.sum()) * sample_s
        if flags is not None:
            marks = flags if good is None else flags[good]
            self.saturated += int(np.count_nonzero(marks & SATURATED))
        self._by_range(block, good, energy, volts, n)

    def _by_range(self, block: Block, good, energy, volts, n: int) -> None:  # type: ignore[no-untyped-def]
        if block.range_ is None:
            self._count(-1, n, float(energy.sum()), _volt_sum(volts, n))
            return
        ranges = block.range_ if good is None else block.range_[good]
        first = int(ranges[0])
        if (ranges == first).all():
            self._count(first, n, float(energy.sum()), _volt_sum(volts, n))
            return
        # Sums over runs of one range: they are thousands where samples are a hundred thousand.
        starts = np.append(0, np.flatnonzero(ranges[1:] != ranges[:-1]) + 1)
        keys, counts = ranges[starts], np.diff(starts, append=n)
        sums = np.add.reduceat(energy, starts)
        weights = np.add.reduceat(volts, starts) if isinstance(volts, np.ndarray) else counts * volts
        for key in np.unique(keys):
            here = keys == key
            self._count(
                int(key), int(counts[here].sum()), float(sums[here].sum()), float(weights[here].sum())
            )

    def _count(self, key: int, n: int, energy: float, volts: float) -> None:
        self.counts[key] = self.counts.get(key, 0) + n
        self.energies[key] = self.energies.get(key, 0.0) + energy
        self.volts[key] = self.volts.get(key, 0.0) + volts

    def done(self, sample_s: float, has_charge: bool) -> SpanSum:
        return SpanSum(
            self.window,
            sample_s,
            self.samples,
            self.energy,
            self.charge if has_charge else None,
            self.peak if self.samples else 0.0,
            self.saturated,
            self.adds,
            self.takes,
            {key: RangeSum(n, self.energies[key], self.volts[key]) for key, n in sorted(self.counts.items())},
        )


def integrate(trace: Trace, windows: Sequence[Window]) -> tuple[SpanSum, ...]:
    """The sums over ``windows``, which may overlap and come in any order; one pass over the trace.

    Joules: V·I·Ts for a current trace, P·Ts for power, the sum for a meter that integrates. Raises
    ValueError where a current trace has no voltage.
    """
    sample_s = 1.0 / trace.sample_rate_hz
    voltage = None if trace.supply is None else trace.supply.voltage_v
    running = [_Running(window) for window in windows]
    order = sorted(range(len(windows)), key=lambda i: windows[i].start)
    if not order:
        return ()
    waiting = iter(order)
    upcoming: int | None = next(waiting)
    active: list[int] = []
    low, high = windows[order[0]].start, max(window.stop for window in windows)
    filtered = None if trace.new_filter is None else trace.new_filter()
    for block in trace.blocks(low if filtered is None else low - FILTER_AHEAD, high):
        moved = _moved(block, None if filtered is None else filtered.feed(block))
        while upcoming is not None and windows[upcoming].start < block.end_index:
            active.append(upcoming)
            upcoming = next(waiting, None)
        for i in active:
            cut = block.cut(windows[i].start, windows[i].stop)
            if len(cut):
                at = cut.first_index - block.first_index
                part = None if moved is None else moved[at : at + len(cut)]
                running[i].add(cut, part, voltage, sample_s)
        active = [i for i in active if windows[i].stop > block.end_index]
    return tuple(one.done(sample_s, trace.quantity == "current") for one in running)


def pieces(trace: Trace, window: Window, count: int) -> Iterator[Window]:
    """``window`` cut into ``count`` pieces of equal length (to a sample), for drift and type A of a state."""
    edges = np.linspace(window.start, window.stop, count + 1).astype(np.int64)
    for a, b in itertools.pairwise(edges):
        yield Window(int(a), int(b))


def _moved(block: Block, filtered: FloatArray | None) -> FloatArray | None:
    """What the filter adds to each value of ``block``, 0 where there is none; None where nothing moves."""
    if block.flags is None:
        return None
    settling = (block.flags & (RANGE_SWITCH | INVALID)) == RANGE_SWITCH
    if not settling.any():
        return None
    return np.where(settling, (0.0 if filtered is None else filtered) - block.values, 0.0)


def _energy(block: Block, values: FloatArray, voltage_v: float | None, sample_s: float):  # type: ignore[no-untyped-def]
    """Joules of each of the block's ``values``, and the volts: an array where measured, else a number."""
    volts = block.voltage_v if block.voltage_v is not None else voltage_v
    if block.current_a is None:
        return (values if block.energy_j is not None else values * sample_s), (
            0.0 if volts is None else volts
        )
    if volts is None:
        raise ValueError("a current trace without a voltage has no energy")
    return values * (volts * sample_s), volts


def _volt_sum(volts, n: int) -> float:  # type: ignore[no-untyped-def]
    return float(volts.sum()) if isinstance(volts, np.ndarray) else float(volts) * n
