"""Whole periods of duty-cycled work: mean power, energy, and what of it inference and sleep explain.

A period is two marked phases: an inference, and the sleep after it with going there, waking up and the start
of the clocks in it. What board and host say to each other between the two is cut out: a product says nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinykit.estimate import Estimate, total
from tinykit.lab.budget import Instrumented, with_scatter
from tinykit.lab.energy import MarkedWindow, WindowEnergy, edges_j, marked_energies, span_duration
from tinykit.lab.integrate import integrate
from tinykit.lab.profile import ASLEEP, WORK
from tinykit.lab.windows import Window
from tinykit.meters.trace import Trace

_HOUR_S = 3600.0
_MOST_GUARD_S = 1e-3
"""Of a long window a guard is little; beside one inference and a sleep its idle energy would be most."""


@dataclass(frozen=True)
class Duty:
    """What ``periods`` periods of ``inferences`` each cost. ``period`` (s) is their mean length by the meter.

    ``energy`` (J) is a period's, ``power`` (W) its mean. ``inference`` (J) and ``asleep`` (J) are what the
    session's windows and its sleep state say of one period; ``rest`` (J) is what is left: wake-up and clock
    start, and an inference right after them being dearer than one of many. Together they are ``energy``.
    ``asked_s`` is the period by the board's own clock, None without one; ``sleep_s`` is spent asleep.
    """

    periods: int
    inferences: int
    period: Estimate
    asked_s: float | None
    sleep_s: float
    energy: Estimate
    power: Estimate
    inference: Estimate
    asleep: Estimate
    rest: Estimate
    energies_j: tuple[float, ...]

    @property
    def per_hour(self) -> Estimate:
        """J in an hour of such periods."""
        return self.power.in_unit("J", _HOUR_S)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "periods": self.periods,
            "inferences": self.inferences,
            "period_s": self.period.to_dict(),
            "asked_s": self.asked_s,
            "sleep_s": self.sleep_s,
            "energy_per_period": self.energy.to_dict(),
            "mean_power": self.power.to_dict(),
            "energy_per_hour": self.per_hour.to_dict(),
            "inference": self.inference.to_dict(),
            "sleep": self.asleep.to_dict(),
            "wake_up_and_clock_start": self.rest.to_dict(),
            "energies_j": list(self.energies_j),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Duty:
        """Back from JSON. Raises KeyError, TypeError, ValueError."""
        return cls(
            periods=int(data["periods"]),
            inferences=int(data["inferences"]),
            period=Estimate.from_dict(data["period_s"]),
            asked_s=None if data["asked_s"] is None else float(data["asked_s"]),
            sleep_s=float(data["sleep_s"]),
            energy=Estimate.from_dict(data["energy_per_period"]),
            power=Estimate.from_dict(data["mean_power"]),
            inference=Estimate.from_dict(data["inference"]),
            asleep=Estimate.from_dict(data["sleep"]),
            rest=Estimate.from_dict(data["wake_up_and_clock_start"]),
            energies_j=tuple(float(one) for one in data["energies_j"]),
        )


@dataclass(frozen=True)
class Period:
    """One period's two windows; ``asked_s`` by the board's clock, None where it does not tell."""

    work: Window
    asleep: Window
    inferences: int
    asked_s: float | None


def find_periods(
    phases: Sequence[tuple[str, int, float | None]], windows: Sequence[Window]
) -> tuple[Period, ...]:
    """The whole periods among a session's ``phases`` (kind, inferences, length by the board's clock in s).

    Each is work, and the sleep right behind it.
    """
    found = []
    for (one, window), (other, behind) in itertools.pairwise(zip(phases, windows, strict=False)):
        if (one[0], other[0]) == (WORK, ASLEEP):
            asked_s = None if one[2] is None or other[2] is None else one[2] + other[2]
            found.append(Period(window, behind, one[1], asked_s))
    return tuple(found)


def duty_cycle(
    trace: Trace,
    periods: Sequence[Period],
    meter: Instrumented,
    *,
    inference: Estimate,
    idle: Estimate,
    sleep: Estimate,
    guard_s: float,
) -> tuple[Duty, tuple[WindowEnergy, ...]]:
    """The duty cycle of two or more ``periods``, and the parts that it is made of.

    ``inference`` is J an inference from the session's windows, ``idle`` and ``sleep`` the states' power in W.
    Guards are those of `session_energy`, 1 ms at most: what the marker's edges do moves idle power only.
    Raises ValueError for fewer than two periods.
    """
    guard_s = min(guard_s, _MOST_GUARD_S)
    phases = [MarkedWindow(w, 1) for period in periods for w in (period.work, period.asleep)]
    name, n = f"{meter.session}.periods", len(periods)
    parts = marked_energies(trace, phases, idle, meter, guard_s=guard_s, group=name)
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    energies = [work.gross + asleep.gross for work, asleep in pairs]
    lengths_s = [work.inner.duration_s + asleep.inner.duration_s for work, asleep in pairs]
    edges = [edges_j(part, idle, bool(guard_s), trace)[0] for part in parts]
    known_j = math.hypot(*edges) / math.sqrt(n)
    energy = with_scatter(energies, name, known_u=known_j)
    length = total(span_duration(part.inner, meter) for part in parts) / n
    slept = total(span_duration(asleep.inner, meter) for _, asleep in pairs) / n
    timebase = f"{meter.calibration.instrument}.timebase"
    inferences = periods[0].inferences
    awake, asleep = inference * inferences, (sleep * slept).in_unit("J")
    asked = [period.asked_s for period in periods if period.asked_s is not None]
    duty = Duty(
        periods=n,
        inferences=inferences,
        period=length,
        asked_s=sum(asked) / n if len(asked) == n else None,
        sleep_s=slept.value,
        energy=energy,
        power=_mean_power(energies, lengths_s, name, known_j, timebase),
        inference=awake,
        asleep=asleep,
        rest=energy - awake - asleep,
        energies_j=tuple(one.value for one in energies),
    )
    return duty, parts


def guard_powers_w(trace: Trace, windows: Sequence[Window], guard_s: float) -> tuple[float, ...]:
    """The mean power in W of both guards of each of ``windows``, where they have samples."""
    guard = round(guard_s * trace.sample_rate_hz)
    # A sample at an edge is partly active.
    before = [Window(w.start - guard, max(w.start - 1, w.start - guard)) for w in windows]
    behind = [Window(min(w.stop + 1, w.stop + guard), w.stop + guard) for w in windows]
    sums = integrate(trace, [*before, *behind])
    pairs = zip(sums[: len(windows)], sums[len(windows) :], strict=True)
    counted = [(a.energy_j + b.energy_j, (a.samples + b.samples) * a.sample_s) for a, b in pairs]
    return tuple(energy_j / seconds for energy_j, seconds in counted if seconds)


def _mean_power(
    energies: Sequence[Estimate], lengths_s: Sequence[float], name: str, known_j: float, timebase: str
) -> Estimate:
    """Energy over length, period by period; the time base cancels, as in every mean power."""
    powers = [e.in_unit("W", 1.0 / s) for e, s in zip(energies, lengths_s, strict=True)]
    power = with_scatter(powers, name, known_u=known_j * len(lengths_s) / sum(lengths_s))
    return replace(power, influences={k: v for k, v in power.influences.items() if k != timebase})
