"""From sums to joules with an uncertainty: one influence a cause, named by instrument and range.

Formulas: docs/explanation/from-samples-to-joules.md; GUM (JCGM 100:2008) §5 for the combination.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinykit.estimate import Estimate, Influence, Kind, total
from tinykit.lab.calibration import Calibration, Quantity
from tinykit.lab.integrate import SpanSum
from tinykit.meters.trace import FloatArray


@dataclass(frozen=True)
class Instrumented:
    """Whose errors a sum carries. ``session`` names what is shared by one session and nobody else.

    ``kind`` is "modelled" where the meter is emulated, else "measured".
    """

    calibration: Calibration
    session: str
    kind: Kind
    source: str


def span_energy(span: SpanSum, meter: Instrumented, group: str = "") -> Estimate:
    """The energy of a span in J, with every systematic influence of the meter; none for its edges.

    Gain and offset enter per range, each with the share of the energy and of the time that lies there;
    temperature moves the gain of all ranges together. Samples that were lost are taken to be like the others,
    and the doubt is as large as their share. What the maker's filter would make of the samples at changes of
    range is a doubt, too, and not the value.
    ``group`` names whose samples were lost, or came at a change of range, where they are not the windows':
    what two spans lost must not cancel.
    """
    value = span.full_energy_j
    scale = value / span.energy_j if span.energy_j else 1.0
    calibration, instrument = meter.calibration, meter.calibration.instrument
    influences: dict[str, Influence] = {}

    def put(label: str, quantity: Quantity, effect: float, range_: int | None = None) -> None:
        term = calibration.find(quantity, range_)
        if term is not None and term.u * effect:
            influences[f"{instrument}.{label}"] = term.influence(effect)

    for range_, part in span.ranges.items():
        place = None if range_ < 0 else range_
        prefix = "" if place is None else f"range{place}."
        put(f"{prefix}gain", "gain", part.energy_j * scale, place)
        offset = calibration.find("offset", place)
        weight = part.samples if offset is not None and offset.is_power else part.volt_samples
        put(f"{prefix}offset", "offset", weight * span.sample_s * scale, place)
    for quantity in ("voltage", "timebase", "temperature"):
        put(quantity, quantity, value)
    if span.lost:
        share = abs(value) * span.lost / max(span.samples, 1)
        influences[f"{group or meter.session}.loss"] = Influence(share / math.sqrt(3.0), "rectangular")
    # Up and down the filter moves energy the other way: in a sum they would hide each other.
    for label, half in (("adds", span.filter_adds_j), ("takes", span.filter_takes_j)):
        if half:
            name = f"{group or meter.session}.spike_filter.{label}"
            influences[name] = Influence(half / math.sqrt(3.0), "rectangular")
    return Estimate(value, "J", (meter.kind,), (meter.source,), influences)


def mean_power(span: SpanSum, meter: Instrumented, group: str = "") -> Estimate:
    """Mean power of a span in W: the time base cancels, for energy and duration are counted by one clock."""
    power = span_energy(span, meter, group).in_unit("W", 1.0 / span.duration_s)
    own = f"{meter.calibration.instrument}.timebase"
    return replace(power, influences={k: v for k, v in power.influences.items() if k != own})


def repeated_power(spans: Sequence[SpanSum], meter: Instrumented, name: str) -> Estimate:
    """Mean power of a state over ``spans``, the equal pieces of one stretch or more; those that meet are one.

    Its type A influences: ``name``, the scatter of the pieces within their stretches, and ``name``.drift,
    what the stretches differ by beyond that. Spans without samples are left out. Raises ValueError where
    fewer than two have any.
    """
    there = stretches(spans)
    parts = [mean_power(span, meter, name) for stretch in there for span in stretch]
    if len(parts) < 2:
        raise ValueError("scatter needs two spans or more")
    powers = [np.array([span.mean_power_w for span in stretch]) for stretch in there]
    within = _within(powers)
    drift = _drift(powers, within.u)
    scatter = {key: one for key, one in ((name, within), (f"{name}.drift", drift)) if one.u}
    mean = total(parts) / len(parts)
    return replace(mean, influences={**mean.influences, **scatter})


def stretches(spans: Sequence[SpanSum]) -> list[list[SpanSum]]:
    """``spans`` that meet, together; without those that have no samples."""
    found: list[list[SpanSum]] = []
    end = None
    for span in spans:
        if span.window.start != end:
            found.append([])
        found[-1].append(span)
        end = span.window.stop
    there = ([span for span in stretch if span.samples] for stretch in found)
    return [stretch for stretch in there if stretch]


def _within(powers: Sequence[FloatArray]) -> Influence:
    """Of the mean of all pieces, by their scatter about their stretches' means.

    Neighbours that are alike tell less than their number: with a correlation ρ between neighbours u² grows by
    (1 + ρ)/(1 - ρ), and the degrees of freedom shrink by it (GUM 4.2.7; Bayley and Hammersley 1946). ρ is
    that of all stretches together; one below 0 narrows nothing.
    """
    n, free = sum(map(len, powers)), sum(len(one) - 1 for one in powers)
    off = [one - one.mean() for one in powers]
    squares = sum(float(one @ one) for one in off)
    if not squares:
        return Influence(0.0)
    alike = max(0.0, sum(float(one[1:] @ one[:-1]) for one in off) / squares)
    widened = (1.0 + alike) / (1.0 - alike)
    return Influence(math.sqrt(squares / free / n * widened), "t", max(1.0, free / widened))


def _drift(powers: Sequence[FloatArray], within_u: float) -> Influence:
    """What k stretches' means differ by beyond what their pieces explain.

    Two are bounds: what is asked for lies anywhere between a level before and a level after (GUM 4.3.7), at
    d apart a variance of d²/12. More are a sample of their own, with k - 1 degrees of freedom.
    """
    k = len(powers)
    if k < 2:
        return Influence(0.0)
    beyond = float(np.var([one.mean() for one in powers], ddof=1)) / k - within_u**2
    u = math.sqrt(max(beyond, 0.0))
    return Influence(u / math.sqrt(3.0), "rectangular") if k == 2 else Influence(u, "t", k - 1.0)


def with_scatter(parts: Sequence[Estimate], name: str, *, known_u: float = 0.0) -> Estimate:
    """The mean of ``parts`` with the influences they share, and what moves them one by one, as type A.

    ``known_u`` is the standard uncertainty that each part is known to have by itself (a window's edges): it
    enters as ``name.edges``, divided by √n. The scatter s of the parts holds it already, so only what s shows
    beyond it enters as ``name``, with n - 1 degrees of freedom: the scatter of a few windows may be small by
    luck, and must not make the known part smaller. Raises ValueError for fewer than two parts.
    """
    n = len(parts)
    if n < 2:
        raise ValueError("scatter needs two parts or more")
    mean = total(parts) / n
    variance = sum((part.value - mean.value) ** 2 for part in parts) / (n - 1)
    influences = dict(mean.influences)
    if known_u:
        influences[f"{name}.edges"] = Influence(known_u / math.sqrt(n))
    if variance > known_u**2:
        influences[name] = Influence(math.sqrt((variance - known_u**2) / n), "t", n - 1.0)
    return replace(mean, influences=influences)
