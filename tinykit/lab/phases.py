"""The energy of every phase of somebody's firmware, and that the phases together are the whole.

Formulas and what each influence stands for: docs/explanation/from-samples-to-joules.md, "Phases".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinykit.estimate import Estimate, Influence
from tinykit.lab.budget import Instrumented, mean_power, span_energy
from tinykit.lab.codes import CodeRun, Glitches
from tinykit.lab.integrate import RangeSum, SpanSum, integrate
from tinykit.lab.ledger import Ledger, PhaseLine
from tinykit.lab.phase_map import PhaseMap
from tinykit.lab.settling import Settling, head, lag_s, look, moved_j, tail
from tinykit.lab.windows import Window
from tinykit.meters.trace import FloatArray, Trace


@dataclass(frozen=True)
class Occurrence:
    """A phase once: its name and its samples; ``code`` is the first one, where several share the name."""

    name: str
    code: int
    window: Window


def occurrences(runs: Sequence[CodeRun], coding: PhaseMap) -> tuple[Occurrence, ...]:
    """The phases of ``runs`` in order; neighbours of one name are one. The two that an end cuts stay in."""
    found: list[Occurrence] = []
    for run in runs:
        name = coding.name(run.code)
        if found and found[-1].name == name:
            before = found[-1].window
            found[-1] = replace(found[-1], window=Window(before.start, run.stop, before.unsure))
        else:
            found.append(Occurrence(name, run.code, Window(run.start, run.stop, run.unsure)))
    return tuple(found)


def whole_cycles(found: Sequence[Occurrence], cycle: str) -> tuple[tuple[Occurrence, ...], int]:
    """What lies in whole cycles, and how many; without one, all but the two that an end cuts, and 0."""
    starts = [i for i, one in enumerate(found) if one.name == cycle and i > 0]
    if len(starts) > 1:
        return tuple(found[starts[0] : starts[-1]]), len(starts) - 1
    return tuple(found[1:-1]), 0


def cycle_lengths(inside: Sequence[Occurrence], cycles: int, cycle: str) -> list[int]:
    """How many samples each of the whole ``cycles`` has; without one, all that is ``inside``."""
    starts = [one.window.start for one in inside if one.name == cycle][: cycles or 1]
    edges = [inside[0].window.start, *starts[1:], inside[-1].window.stop]
    return [b - a for a, b in itertools.pairwise(edges)]


def make_ledger(
    trace: Trace,
    inside: Sequence[Occurrence],
    cycles: int,
    glitches: Glitches,
    coding: PhaseMap,
    meter: Instrumented,
) -> tuple[Ledger, SpanSum]:
    """The ledger of ``inside``, which lie side by side in ``trace``, and the sum over their whole span."""
    windows = [one.window for one in inside]
    span = Window(windows[0].start, windows[-1].stop, windows[0].unsure)
    rate_hz, n = trace.sample_rate_hz, len(windows)
    ends = [part(window, rate_hz) for part in (head, tail) for window in windows]
    sums = integrate(trace, [*windows, *ends, span])
    settling = [look(*one) for one in zip(sums[:n], sums[n : 2 * n], sums[2 * n : -1], strict=True)]
    facts = _Facts(inside, sums[:n], settling, sums[-1], cycles, coding.cycle, meter)
    others = [one.name for one in inside if one.name not in coding.names]
    ledger = Ledger(
        lines=tuple(facts.line(name, coding) for name in (*coding.names, *dict.fromkeys(others))),
        whole=facts.whole(),
        cycles=cycles,
        cycles_j=facts.cycles_j() if cycles else (),
        start_s=span.start / rate_hz,
        stop_s=span.stop / rate_hz,
        glitches=glitches,
        glitches_s=glitches.samples / rate_hz,
    )
    return ledger, sums[-1]


def joined(sums: Sequence[SpanSum]) -> SpanSum:
    """Several spans as one: it lies nowhere, and lasts as long as they do together."""
    ranges: dict[int, RangeSum] = {}
    for one in sums:
        for key, part in one.ranges.items():
            old = ranges.get(key, RangeSum(0, 0.0, 0.0))
            ranges[key] = RangeSum(
                old.samples + part.samples, old.energy_j + part.energy_j, old.volt_samples + part.volt_samples
            )
    charges = [one.charge_c for one in sums if one.charge_c is not None]
    return replace(
        sums[0],
        window=Window(0, sum(len(one.window) for one in sums), sum(one.window.unsure for one in sums)),
        samples=sum(one.samples for one in sums),
        energy_j=math.fsum(one.energy_j for one in sums),
        charge_c=math.fsum(charges) if len(charges) == len(sums) else None,
        peak=max(one.peak for one in sums),
        saturated=sum(one.saturated for one in sums),
        filter_adds_j=math.fsum(one.filter_adds_j for one in sums),
        filter_takes_j=math.fsum(one.filter_takes_j for one in sums),
        ranges=dict(sorted(ranges.items())),
    )


class _Facts:
    """Sums of all occurrences, and what a line is made of."""

    def __init__(
        self,
        inside: Sequence[Occurrence],
        sums: Sequence[SpanSum],
        settling: Sequence[Settling],
        outer: SpanSum,
        cycles: int,
        cycle: str,
        meter: Instrumented,
    ) -> None:
        self._inside, self._sums, self._outer = inside, sums, outer
        self._settling = settling
        self._lag_s = lag_s(list(itertools.pairwise(settling)))
        self._cycles, self._meter = cycles, meter
        self._sample_s = outer.sample_s
        self._where: dict[str, list[int]] = {}
        for i, one in enumerate(inside):
            self._where.setdefault(one.name, []).append(i)
        self._joined = {name: joined([sums[i] for i in at]) for name, at in self._where.items()}
        # Which cycle each occurrence is in; 0 for all where none is whole.
        begins = [one.name == cycle for one in inside] if cycles else [False] * len(inside)
        self._cycle = np.maximum(np.cumsum(begins) - 1, 0)
        self._whole_j = span_energy(outer, meter)

    def cycles_j(self) -> tuple[float, ...]:
        """Energy of each cycle."""
        return tuple(self._by_cycle(range(len(self._sums))).tolist())

    def whole(self) -> PhaseLine:
        """The span by itself."""
        n = max(self._cycles, 1)
        lasted = self._bins([one.duration_s for one in self._sums], range(len(self._sums)))
        energies = self._by_cycle(range(len(self._sums)))
        power = mean_power(self._outer, self._meter)
        each_s = self._seconds(self._outer.duration_s / n, "whole", lasted, 0.0)
        return PhaseLine(
            "total",
            (),
            self._cycles,
            self._outer.duration_s,
            self._whole_j,
            each_s if self._cycles else None,
            self._with(power, "whole.power", _ratio_u(energies, lasted), n - 1),
            None,
            self._per_cycle("whole", self._whole_j, energies),
            Estimate.exact(1.0, "1", kind=self._meter.kind, source=self._meter.source),
        )

    def line(self, name: str, coding: PhaseMap) -> PhaseLine:
        """The line of the phase ``name``."""
        codes = tuple(code for code, called in coding.phases if called == name)
        at = self._where.get(name)
        if at is None:
            return PhaseLine(name, codes, 0, 0.0, None, None, None, None, None, None)
        codes = codes or tuple(dict.fromkeys(self._inside[i].code for i in at))
        n, whole = len(at), self._joined[name]
        total = self._doubted(name, span_energy(whole, self._meter, f"{self._meter.session}.{name}"), at)
        each_j = np.array([self._sums[i].full_energy_j for i in at])
        each_s = np.array([self._sums[i].duration_s for i in at])
        power = total.in_unit("W", 1.0 / whole.duration_s)
        # Energy and duration are counted by one clock.
        own = f"{self._meter.calibration.instrument}.timebase"
        power = replace(power, influences={k: v for k, v in power.influences.items() if k != own})
        by_cycle = self._by_cycle(at)
        shares = _ratio_u(by_cycle, self._by_cycle(range(len(self._sums))))
        return PhaseLine(
            name,
            codes,
            n,
            whole.duration_s,
            total,
            self._seconds(whole.duration_s / n, name, each_s, self._edge_s(at)),
            self._with(power, f"{name}.power", _ratio_u(each_j, each_s), n - 1),
            self._with(total / n, name, _mean_u(each_j), n - 1),
            self._per_cycle(name, total, by_cycle),
            self._with(total / self._whole_j, f"{name}.share", shares, self._cycles - 1),
        )

    def _by_cycle(self, at: Sequence[int]) -> FloatArray:
        """Energy of the occurrences ``at``, by cycle."""
        return self._bins([self._sums[i].full_energy_j for i in at], at)

    def _bins(self, values: Sequence[float], at: Sequence[int]) -> FloatArray:
        sums = np.zeros(max(self._cycles, 1))
        np.add.at(sums, self._cycle[list(at)], values)
        return sums

    def _per_cycle(self, name: str, total: Estimate, by_cycle: FloatArray) -> Estimate | None:
        if not self._cycles:
            return None
        mean = total / self._cycles
        return self._with(mean, f"{name}.cycle", _mean_u(by_cycle), self._cycles - 1)

    def _with(self, one: Estimate, what: str, u: float, dof: int) -> Estimate:
        """``one`` with a type A influence; without repetition there is none to tell it from."""
        if not u or dof < 1:
            return one
        name = f"{self._meter.session}.{what}"
        return replace(one, influences={**one.influences, name: Influence(u, "t", float(dof))})

    def _edge_s(self, at: Sequence[int]) -> float:
        """Standard uncertainty of a duration, in s: either edge lies anywhere in its sample, or in a hole."""
        lost = sum(self._sums[i].window.unsure + self._next_unsure(i) for i in at) / len(at)
        return self._sample_s * math.hypot(1.0 / math.sqrt(6.0), lost / math.sqrt(12.0)) / math.sqrt(len(at))

    def _next_unsure(self, i: int) -> int:
        return self._sums[i + 1].window.unsure if i + 1 < len(self._sums) else 0

    def _seconds(self, value: float, name: str, each_s: FloatArray, edges_s: float) -> Estimate:
        term = self._meter.calibration.find("timebase")
        influences = {}
        if term is not None and term.u:
            key = f"{self._meter.calibration.instrument}.timebase"
            influences[key] = term.influence(value)
        if edges_s:
            influences[f"{self._meter.session}.{name}.duration.edges"] = Influence(edges_s)
        one = Estimate(value, "s", (self._meter.kind,), (self._meter.source,), influences)
        return self._with(one, f"{name}.duration", _mean_u(each_s), len(each_s) - 1)

    def _doubted(self, name: str, total: Estimate, at: Sequence[int]) -> Estimate:
        """``total`` with what may have been counted to a neighbour, all occurrences alike.

        A sample that holds both phases is counted to one of them, and the lines may be early or late against
        the current by less than a sample, and by the meter's skew: each moves that time's difference in
        power. For a supply that follows a step late see `tinykit.lab.settling`.
        """
        meter, influences = self._meter, dict(total.influences)
        step_w = math.fsum(self._step_w(i) for i in at)
        lost = sum(self._sums[i].window.unsure + self._next_unsure(i) for i in at) / len(at)
        if step_w:
            u_s = self._sample_s * (1.0 + lost) / math.sqrt(3.0)
            influences[f"{meter.session}.{name}.edges"] = Influence(u_s * step_w, "rectangular")
            skew = meter.calibration.find("skew")
            if skew is not None and skew.u:
                key = f"{meter.calibration.instrument}.skew.{name}"
                influences[key] = skew.influence(step_w)
        behind = [(self._settling[i - 1] if i else None, self._settling[i]) for i in at]
        if moved := moved_j(behind, self._lag_s):
            influences[f"{meter.session}.{name}.settling"] = Influence(moved)
        return replace(total, influences=influences)

    def _step_w(self, i: int) -> float:
        """The larger of the steps in power at the two edges of occurrence ``i``."""
        here = self._joined[self._inside[i].name].mean_power_w
        near = [self._inside[k].name for k in (i - 1, i + 1) if 0 <= k < len(self._inside)]
        return max((abs(self._joined[name].mean_power_w - here) for name in near), default=0.0)


def _mean_u(each: FloatArray) -> float:
    """The mean's standard uncertainty by scatter; 0 for one."""
    return float(np.std(each, ddof=1) / math.sqrt(len(each))) if len(each) > 1 else 0.0


def _ratio_u(above: FloatArray, below: FloatArray) -> float:
    """That of Σ above / Σ below (Cochran, Sampling Techniques, §2.11): by the residuals about the ratio."""
    n, total = len(above), float(below.sum())
    if n < 2 or not total:
        return 0.0
    residuals = above - above.sum() / total * below
    return float(math.sqrt(float((residuals**2).sum()) / (n - 1) / n) / (total / n))
