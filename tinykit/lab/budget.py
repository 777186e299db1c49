"""From sums to joules with an uncertainty: one influence a cause, named by instrument and range.

Formulas: docs/explanation/from-samples-to-joules.md; GUM (JCGM 100:2008) §5 for the combination.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinykit.estimate import Estimate, Influence, Kind
from tinykit.lab.calibration import Calibration, Quantity
from tinykit.lab.integrate import SpanSum


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
    ``group`` names whose samples were lost where they are not the windows': two losses must not cancel.
    """
    value = span.full_energy_j
    scale = value / span.energy_j if span.energy_j else 1.0
    calibration, instrument = meter.calibration, meter.calibration.instrument
    influences: dict[str, Influence] = {}

    def put(label: str, quantity: Quantity, effect: float, range_: int | None = None) -> None:
        term = calibration.find(quantity, range_)
        if term is not None and term.u * effect:
            influences[f"{instrument}.{label}"] = Influence(term.u * effect, term.shape, term.dof)

    for range_, part in span.ranges.items():
        place = None if range_ < 0 else range_
        prefix = "" if place is None else f"range{place}."
        put(f"{prefix}gain", "gain", part.energy_j * scale, place)
        put(f"{prefix}offset", "offset", part.volt_samples * span.sample_s * scale, place)
    for quantity in ("voltage", "timebase", "temperature"):
        put(quantity, quantity, value)
    if span.lost:
        share = abs(value) * span.lost / max(span.samples, 1)
        influences[f"{group or meter.session}.loss"] = Influence(share / math.sqrt(3.0), "rectangular")
    # Up and down the filter moves energy the other way: in a sum they would hide each other.
    for label, half in (("adds", span.filter_adds_j), ("takes", span.filter_takes_j)):
        if half:
            name = f"{meter.session}.spike_filter.{label}"
            influences[name] = Influence(half / math.sqrt(3.0), "rectangular")
    return Estimate(value, "J", (meter.kind,), (meter.source,), influences)


def mean_power(span: SpanSum, meter: Instrumented, group: str = "") -> Estimate:
    """Mean power of a span in W: the time base cancels, for energy and duration are counted by one clock."""
    power = span_energy(span, meter, group).in_unit("W", 1.0 / span.duration_s)
    own = f"{meter.calibration.instrument}.timebase"
    return replace(power, influences={k: v for k, v in power.influences.items() if k != own})


def repeated_power(spans: Sequence[SpanSum], meter: Instrumented, name: str) -> Estimate:
    """Mean power over several spans of one state, with a type A influence ``name`` from their scatter.

    Raises ValueError for fewer than two spans.
    """
    return with_scatter([mean_power(span, meter, name) for span in spans], name)


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
    mean = parts[0]
    for part in parts[1:]:
        mean = mean + part
    mean = mean * (1.0 / n)
    variance = sum((part.value - mean.value) ** 2 for part in parts) / (n - 1)
    influences = dict(mean.influences)
    if known_u:
        influences[f"{name}.edges"] = Influence(known_u / math.sqrt(n))
    if variance > known_u**2:
        influences[name] = Influence(math.sqrt((variance - known_u**2) / n), "t", n - 1.0)
    return replace(mean, influences=influences)
