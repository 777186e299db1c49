"""Joules per inference from a trace: gross and net of idle, per window and over all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinykit.estimate import Estimate, Influence
from tinykit.lab.budget import Instrumented, repeated_power, span_energy, with_scatter
from tinykit.lab.calibration import Term
from tinykit.lab.integrate import SpanSum, integrate, pieces
from tinykit.lab.windows import MARKED, Placing, Window
from tinykit.meters.trace import Trace

IDLE_PIECES = 10
"""An idle stretch is cut into so many pieces, for its type A."""


@dataclass(frozen=True)
class MarkedWindow:
    """A window with the marker's level inside, and how many inferences ran in it."""

    window: Window
    inferences: int


@dataclass(frozen=True)
class WindowEnergy:
    """One window's energy per inference in J, and what a verdict wants to know of it.

    ``outer`` is what was summed: the window with its guards. ``guard_power_w`` is the mean power in the two
    guards, None without them.
    """

    window: Window
    inferences: int
    gross: Estimate
    net: Estimate | None
    inner: SpanSum
    outer: SpanSum
    guard_power_w: float | None


@dataclass(frozen=True)
class SessionEnergy:
    """Energy per inference in J over all windows, with type A from their scatter (two windows or more).

    ``net`` is gross less idle power times the window's duration; None where idle was not measured.
    ``idle_sums`` are the idle pieces, in time order. ``guard_s`` is 0 where windows were summed between their
    edges. ``placing`` says how they were found.
    """

    gross: Estimate
    net: Estimate | None
    idle: Estimate | None
    windows: tuple[WindowEnergy, ...]
    idle_sums: tuple[SpanSum, ...]
    guard_s: float
    placing: Placing = MARKED

    @property
    def idle_pieces_w(self) -> tuple[float, ...]:
        """The mean powers in W of the idle pieces that have samples, in time order."""
        return tuple(one.mean_power_w for one in self.idle_sums if one.samples)


def session_energy(
    trace: Trace,
    marked: Sequence[MarkedWindow],
    idle: Sequence[Window],
    meter: Instrumented,
    *,
    guard_s: float = 0.0,
    placing: Placing = MARKED,
) -> SessionEnergy:
    """Energy per inference over the windows ``marked``, with the idle power seen in the stretches ``idle``.

    With ``guard_s`` and an idle power, each window is summed with a guard on both sides, and the guards'
    idle energy is taken off again: what the marker's edges and its skew against the current do then moves
    idle power only, not the power of an inference. The board must idle in the guards. Windows that were found
    without a marker (``placing``) bring doubts of their own.

    Raises ValueError without a window, for a window of no inference, or for guards without an idle power.
    """
    if not marked or any(one.inferences < 1 for one in marked):
        raise ValueError("energy per inference needs a window with an inference in it")
    if guard_s and not idle:
        raise ValueError("guards need an idle power")
    guard = round(guard_s * trace.sample_rate_hz)
    parts = [piece for stretch in idle for piece in pieces(trace, stretch, IDLE_PIECES)]
    sums = integrate(trace, [*_spans(marked, guard), *parts])
    idle_sums = sums[4 * len(marked) :]
    there = sum(one.samples > 0 for one in idle_sums)
    idle_w = repeated_power(idle_sums, meter, f"{meter.session}.idle") if there > 1 else None
    if guard and idle_w is None:
        return replace(session_energy(trace, marked, (), meter, placing=placing), idle_sums=tuple(idle_sums))
    windows = _windows(marked, sums, idle_w, meter, guard, placing)
    edges = [edges_j(one, idle_w, bool(guard), trace) for one in windows]
    nets = [one.net for one in windows if one.net]
    name = f"{meter.session}.windows"
    return SessionEnergy(
        gross=_over_windows(name, windows, [one.gross for one in windows], [gross for gross, _ in edges]),
        net=_over_windows(name, windows, nets, [net for _, net in edges]) if nets else None,
        idle=idle_w,
        windows=windows,
        idle_sums=tuple(idle_sums),
        guard_s=guard / trace.sample_rate_hz,
        placing=placing,
    )


def marked_energies(
    trace: Trace,
    marked: Sequence[MarkedWindow],
    idle_w: Estimate,
    meter: Instrumented,
    *,
    guard_s: float,
    group: str,
) -> tuple[WindowEnergy, ...]:
    """Each of ``marked`` by itself, with guards as in `session_energy`, whose idle power is known already.

    ``group`` names what is theirs and not the session's windows', as in `span_energy`.
    """
    guard = round(guard_s * trace.sample_rate_hz)
    return _windows(marked, integrate(trace, _spans(marked, guard)), idle_w, meter, guard, group=group)


def _spans(marked: Sequence[MarkedWindow], guard: int) -> list[Window]:
    """What is summed of the windows: inside, with guards, the guards before, the guards behind."""
    inner = [one.window for one in marked]
    outer = [Window(w.start - guard, w.stop + guard, w.unsure) for w in inner]
    # A sample at an edge is partly active; a guard of no other sample says nothing.
    before = [Window(w.start - guard, max(w.start - 1, w.start - guard)) for w in inner]
    after = [Window(min(w.stop + 1, w.stop + guard), w.stop + guard) for w in inner]
    return [*inner, *outer, *before, *after]


def _windows(
    marked: Sequence[MarkedWindow],
    sums: Sequence[SpanSum],
    idle_w: Estimate | None,
    meter: Instrumented,
    guard: int,
    placing: Placing = MARKED,
    group: str = "",
) -> tuple[WindowEnergy, ...]:
    """From the sums over `_spans`, in their order."""
    n = len(marked)
    return tuple(
        _window(one, inside, outside, idle_w, meter, (before, after) if guard else (), placing, group)
        for one, inside, outside, before, after in zip(
            marked, *(sums[k * n : (k + 1) * n] for k in range(4)), strict=True
        )
    )


def span_duration(span: SpanSum, meter: Instrumented) -> Estimate:
    """A span's duration in s, by the meter's clock, whose error it shares with the energy."""
    value = span.duration_s
    term = meter.calibration.find("timebase")
    influences = {}
    if term is not None and term.u:
        name = f"{meter.calibration.instrument}.timebase"
        influences[name] = term.influence(value)
    return Estimate(value, "s", (meter.kind,), (meter.source,), influences)


def _window(
    one: MarkedWindow,
    inner: SpanSum,
    outer: SpanSum,
    idle_w: Estimate | None,
    meter: Instrumented,
    guards: Sequence[SpanSum],
    placing: Placing,
    group: str,
) -> WindowEnergy:
    energy = span_energy(outer, meter, group)
    net = guard_power = None
    if placing.method != "marker":
        energy = _with_placing(energy, inner, idle_w, meter, placing, bool(guards))
    elif not guards:
        skew = meter.calibration.find("skew")
        energy = _with_skew(energy, inner, idle_w, skew, f"{meter.calibration.instrument}.skew")
    gross = energy
    if idle_w is not None:
        long, short = span_duration(outer, meter), span_duration(inner, meter)
        net = (energy - (idle_w * long).in_unit("J")) / one.inferences
        if guards:
            gross = energy - (idle_w * (long - short)).in_unit("J")
            if samples := sum(guard.samples for guard in guards):
                guard_power = sum(guard.energy_j for guard in guards) / (samples * inner.sample_s)
    return WindowEnergy(one.window, one.inferences, gross / one.inferences, net, inner, outer, guard_power)


def _with_placing(
    energy: Estimate,
    span: SpanSum,
    idle_w: Estimate | None,
    meter: Instrumented,
    placing: Placing,
    guarded: bool,
) -> Estimate:
    """What windows without a marker do: all of one session share it, so that more windows do not shrink it.

    Behind guards only idle power moves. Without them a window that is cut loses active power.
    """
    name = f"{meter.session}.windows.{placing.method}"
    power_w = abs(idle_w.value) if guarded and idle_w is not None else abs(span.mean_power_w)
    if not guarded:
        shift = Term("skew", "rectangular", placing.shift_s)
        energy = _with_skew(energy, span, idle_w, shift, f"{name}.shift")
    effects = {
        f"{name}.edges": power_w * placing.edge_s * math.sqrt(2.0 / 3.0),
        f"{name}.length": power_w * span.duration_s * placing.length / math.sqrt(3.0),
    }
    influences = {key: Influence(u, "rectangular") for key, u in effects.items() if u}
    return replace(energy, influences={**energy.influences, **influences})


def _with_skew(
    energy: Estimate, span: SpanSum, idle_w: Estimate | None, term: Term | None, name: str
) -> Estimate:
    """Without guards, a marker that is early or late by d loses |d|·(active - idle), whichever way.

    The mean of |d| is added, its spread is an influence: a/2 and a/(2√3) for a rectangle of half-width a,
    u·√(2/π) and u·√(1 - 2/π) for a normal distribution.
    """
    if term is None or not term.width:
        return energy
    step = span.mean_power_w - (0.0 if idle_w is None else idle_w.value)
    if term.shape == "rectangular":
        mean, u = term.width / 2.0, term.width / (2.0 * math.sqrt(3.0))
    else:
        mean, u = term.width * math.sqrt(2.0 / math.pi), term.width * math.sqrt(1.0 - 2.0 / math.pi)
    influences = {**energy.influences, name: replace(term.influence(1.0), u=u * step)}
    return replace(energy, value=energy.value + mean * step, influences=influences)


def edges_j(one: WindowEnergy, idle_w: Estimate | None, guarded: bool, trace: Trace) -> tuple[float, float]:
    """What the window's two edges do to its gross and to its net energy: standard uncertainties in J.

    Both fall anywhere in a sample period, so that a window of n samples lasts n·Ts with Ts/√6; lost samples
    before an edge widen that to their number. Guards hold the edges themselves: then only a meter that looks
    at instants counts a sample of the step too many or too few; one that integrates misses nothing. Between
    guards a window's length says how much idle energy is taken off.
    """
    sample_s = 1.0 / trace.sample_rate_hz
    phase_s, hole_s = sample_s / math.sqrt(6.0), sample_s * one.window.unsure / math.sqrt(12.0)
    power_w, idle = one.inner.mean_power_w, 0.0 if idle_w is None else idle_w.value
    step_w = abs(power_w - idle)
    if not guarded:
        power_w = abs(power_w)
        return power_w * math.hypot(phase_s, hole_s), math.hypot(step_w * phase_s, power_w * hole_s)
    if trace.quantity == "energy":
        return abs(idle) * math.hypot(phase_s, hole_s), 0.0
    # Of the step a sample too many, and with it so much more time at idle power: together the part's own.
    return math.hypot(power_w * phase_s, idle * hole_s), step_w * phase_s


def _over_windows(
    name: str, windows: Sequence[WindowEnergy], parts: Sequence[Estimate], edges: Sequence[float]
) -> Estimate:
    """The mean over windows, weighted alike. One window has no scatter: only what its ``edges`` do (J)."""
    per_inference = [u_j / one.inferences for u_j, one in zip(edges, windows, strict=True)]
    known_u = math.sqrt(sum(u * u for u in per_inference) / len(per_inference))
    if len(parts) > 1:
        return with_scatter(parts, name, known_u=known_u)
    if not known_u:
        return parts[0]
    return replace(parts[0], influences={**parts[0].influences, f"{name}.edges": Influence(known_u)})
