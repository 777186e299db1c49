"""What a supply that follows a step late moves from one stretch into the next: a doubt where no guard idles.

A capacitor C behind a resistance R gives a low pass, τ dy/dt = x - y with τ = RC: between two edges,
∫(y - x) dt = -τ (y₂ - y₁). The steps tell how large τ is: the head behind a step of s lacks τ s of energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinykit.estimate import Estimate, Influence
from tinykit.lab.energy import SessionEnergy
from tinykit.lab.integrate import SpanSum, integrate
from tinykit.lab.windows import Window
from tinykit.meters.trace import Trace

SETTLING_S = 0.5e-3
"""How long a supply may take to follow a step: five times 10 µF and 10 Ω."""


def is_seen(rate_hz: float) -> bool:
    """Whether samples lie close enough for a head to have one."""
    return round(SETTLING_S * rate_hz) > 0


def head(window: Window, rate_hz: float) -> Window:
    """The beginning of ``window``, in which the supply may still follow; a quarter of a short one."""
    return Window(window.start, window.start + _reach(window, rate_hz))


def tail(window: Window, rate_hz: float) -> Window:
    """Its end, as long as its head."""
    return Window(window.stop - _reach(window, rate_hz), window.stop)


def _reach(window: Window, rate_hz: float) -> int:
    return min(round(SETTLING_S * rate_hz), len(window) // 4)


@dataclass(frozen=True)
class Settling:
    """One stretch: ``excess_j`` is by how much its head differs from the rest's share of energy.

    ``rest_w`` is the rest's mean power, ``tail_w`` that of its end.
    """

    excess_j: float
    rest_w: float
    tail_w: float


def look(whole: SpanSum, first: SpanSum, last: SpanSum) -> Settling:
    """At a stretch, its head and its tail."""
    rest = whole.samples - first.samples
    if not first.samples or not rest:
        return Settling(0.0, whole.mean_power_w, whole.mean_power_w)
    each_j = (whole.energy_j - first.energy_j) / rest
    return Settling(first.energy_j - each_j * first.samples, each_j / whole.sample_s, last.mean_power_w)


def lag_s(steps: Sequence[tuple[Settling, Settling]]) -> float:
    """τ by least squares over neighbours (before, behind); what else happens behind a step disturbs it."""
    pairs = [(behind.rest_w - before.tail_w, behind.excess_j) for before, behind in steps]
    squares = sum(step * step for step, _ in pairs)
    return abs(sum(step * excess for step, excess in pairs)) / squares if squares else 0.0


def moved_j(stretches: Sequence[tuple[Settling | None, Settling]], lag: float) -> float:
    """The doubt of the sum of ``stretches``, each behind the one before it (None: nobody saw it), in J.

    What the lag moves, or what their heads show: the larger of both is one standard uncertainty, for it may
    be a stretch's own, and it may not.
    """
    heads = abs(sum(here.excess_j for _, here in stretches))
    edges = sum(here.tail_w - before.tail_w for before, here in stretches if before is not None)
    return max(heads, lag * abs(edges))


def with_settling(energy: SessionEnergy, trace: Trace, name: str) -> SessionEnergy:
    """``energy``, whose windows have no guards, with the influence ``name`` on gross and net alike."""
    reach, rate_hz = 4 * round(SETTLING_S * trace.sample_rate_hz), trace.sample_rate_hz
    windows = [one.window for one in energy.windows]
    outside = [0, *(w.stop for w in windows)], [*(w.start for w in windows), trace.length]
    between = [Window(a, b) for a, b in zip(*outside, strict=True) if a <= b]
    if len(between) <= len(windows):
        return energy  # a window by a clock that lies beyond the recording: its verdict fails
    near = [Window(max(w.start, w.stop - reach), w.stop) for w in between[:-1]]
    beyond = [Window(w.start, min(w.stop, w.start + reach)) for w in between[1:]]
    spans = [*near, *windows, *beyond]
    n = len(spans)
    sums = integrate(trace, [*spans, *(head(w, rate_hz) for w in spans), *(tail(w, rate_hz) for w in spans)])
    seen = [look(*parts) for parts in zip(sums[:n], sums[n : 2 * n], sums[2 * n :], strict=True)]
    k = len(windows)
    into = list(zip(seen[:k], seen[k : 2 * k], strict=True))
    lag = lag_s([*into, *zip(seen[k : 2 * k], seen[2 * k :], strict=True)])
    u = moved_j(into, lag) / sum(one.inferences for one in energy.windows)
    if not u:
        return energy
    net = None if energy.net is None else _with(energy.net, name, u)
    return replace(energy, gross=_with(energy.gross, name, u), net=net)


def _with(one: Estimate, name: str, u: float) -> Estimate:
    return replace(one, influences={**one.influences, name: Influence(u)})
