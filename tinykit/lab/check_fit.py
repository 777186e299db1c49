"""From known currents and what a meter showed to bounds on its errors, range by range.

A check finds errors and does not take them out: a bound is the error that was seen plus twice its standard
uncertainty, as a rectangular half-width (GUM F.2.4.5 allows it for a correction that is not applied).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tinykit.lab.calibration import Calibration, Term

COVERAGE = 2.0
_LEAST_SPAN = 2.0
"""A slope needs currents that differ by this factor; else a line through them says nothing of its ends."""
_KEPT = ("timebase", "skew", "temperature")


@dataclass(frozen=True)
class Point:
    """A current that was known: ``true_a`` with ``u_true_a``, and what range ``range_`` showed of it."""

    name: str
    range_: int | None
    true_a: float
    u_true_a: float
    measured_a: float
    u_measured_a: float

    @property
    def u_a(self) -> float:
        """Of the difference."""
        return math.hypot(self.u_true_a, self.u_measured_a)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Volts:
    """What a multimeter showed where ``set_v`` was set."""

    set_v: float
    shown_v: float
    u_v: float


@dataclass(frozen=True)
class CheckFit:
    """The calibration that follows, and the ranges that nobody checked, for which it is no bound."""

    calibration: Calibration
    points: tuple[Point, ...]
    unchecked: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.meter_check``, version 1."""
        return {
            "schema": "tinykit.meter_check",
            "schema_version": 1,
            "calibration": self.calibration.to_dict(),
            "points": [point.to_dict() for point in self.points],
            "unchecked_ranges": list(self.unchecked),
        }


def fit_check(
    instrument: str,
    meter: str,
    points: Sequence[Point],
    volts: Volts | None,
    sheet: Calibration | None,
    source: str,
) -> CheckFit:
    """The calibration of ``instrument`` by ``points``.

    What was not checked is taken from the data sheet ``sheet``; where that leaves a range to typical figures,
    or a meter that sets its voltage without ``volts``, the calibration is no bound.
    Raises ValueError without a point at a current above zero.
    """
    if not any(point.true_a > 0 for point in points):
        raise ValueError("a check needs a known current")
    checked = sorted(
        {point.range_ for point in points if point.true_a > 0}, key=lambda r: -1 if r is None else r
    )
    terms = [term for range_ in checked for term in _range_terms(range_, points)]
    unchecked = tuple(sorted(_sheet_ranges(sheet) - {range_ for range_ in checked if range_ is not None}))
    if checked == [None]:
        unchecked = ()
    terms += list(_from_sheet(sheet, unchecked))
    if volts is not None:
        error = abs(volts.shown_v / volts.set_v - 1) + COVERAGE * volts.u_v / volts.set_v
        terms.append(Term("voltage", "rectangular", error))
    elif sheet is not None and (kept := sheet.find("voltage")) is not None:
        terms.append(kept)
    is_bound = not unchecked and volts is not None
    return CheckFit(Calibration(instrument, meter, source, is_bound, tuple(terms)), tuple(points), unchecked)


def _range_terms(range_: int | None, points: Sequence[Point]) -> Iterator[Term]:
    here = [point for point in points if point.range_ == range_]
    zeros = [point for point in here if point.true_a == 0]
    currents = sorted((point for point in here if point.true_a > 0), key=lambda point: point.true_a)
    if zeros:
        offset = max(zeros, key=lambda point: abs(point.measured_a))
        width_a = abs(offset.measured_a) + COVERAGE * offset.u_a
        gains = [_gain(point, offset.measured_a, offset.u_a) for point in currents]
    elif currents[-1].true_a >= _LEAST_SPAN * currents[0].true_a:
        width_a, gain = _line(currents[0], currents[-1])
        gains = [gain]
    else:
        # One current cannot tell gain from offset: each alone may explain what was seen.
        gains = [_gain(point, 0.0, 0.0) for point in currents]
        width_a = max(gains) * currents[-1].true_a
    yield Term("gain", "rectangular", max(gains), range_)
    yield Term("offset", "rectangular", width_a, range_)


def _gain(point: Point, offset_a: float, u_offset_a: float) -> float:
    error = abs((point.measured_a - offset_a) / point.true_a - 1)
    return error + COVERAGE * math.hypot(point.u_a, u_offset_a) / point.true_a


def _line(low: Point, high: Point) -> tuple[float, float]:
    """Bounds of offset (A) and gain from two currents of one range: the line through both."""
    span_a = high.true_a - low.true_a
    slope = (high.measured_a - low.measured_a) / span_a
    u_slope = math.hypot(low.u_a, high.u_a) / span_a
    offset_a = low.measured_a - slope * low.true_a
    u_offset_a = math.hypot(high.true_a * low.u_a, low.true_a * high.u_a) / span_a
    return abs(offset_a) + COVERAGE * u_offset_a, abs(slope - 1) + COVERAGE * u_slope


def _sheet_ranges(sheet: Calibration | None) -> set[int]:
    return set() if sheet is None else {term.range_ for term in sheet.terms if term.range_ is not None}


def _from_sheet(sheet: Calibration | None, unchecked: Sequence[int]) -> Iterator[Term]:
    if sheet is None:
        return
    for range_ in unchecked:
        for quantity in ("gain", "offset"):
            term = sheet.find(quantity, range_)
            if term is not None:
                yield replace(term, range_=range_)
    for term in sheet.terms:
        if term.quantity in _KEPT:
            yield term
