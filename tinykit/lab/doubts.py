"""Every doubt that a budget should hold: in it, not needed, or left out because nobody states it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tinykit.lab.calibration import Calibration
from tinykit.lab.energy import SessionEnergy
from tinykit.lab.integrate import SpanSum
from tinykit.lab.settling import is_seen
from tinykit.meters.trace import Trace

REPEATABILITY = "repeatability"
State = Literal["counted", "not_needed", "missing"]


@dataclass(frozen=True)
class Doubt:
    """``state``: "counted" in the budget, "not_needed", or "missing" although it may matter; ``why``."""

    name: str
    state: State
    why: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def list_doubts(
    trace: Trace,
    calibration: Calibration,
    energy: SessionEnergy,
    states: Sequence[SpanSum] = (),
    *,
    was_filtered: bool,
) -> tuple[Doubt, ...]:
    """All of them for ``energy`` and the sums over ``states`` that were held.

    ``was_filtered``: the maker's software may have filtered the samples.
    """
    spans = [*(one.outer for one in energy.windows), *energy.idle_sums, *states]
    guarded, method = bool(energy.guard_s), energy.placing.method
    return (
        *_stated(trace, calibration, spans),
        _skew(calibration, guarded, method),
        *_seen(trace, len(energy.windows), was_filtered, guarded, method),
        Doubt("baseline", "not_needed", "no idle power was subtracted")
        if energy.idle is None
        else _counted("baseline", "scatter of idle power"),
    )


def list_phase_doubts(
    trace: Trace, calibration: Calibration, whole: SpanSum, repeated: int, *, was_filtered: bool
) -> tuple[Doubt, ...]:
    """All of them for a ledger over ``whole``, whose headline is of something that ``repeated`` so often."""
    return (
        *_stated(trace, calibration, [whole]),
        _skew(calibration, False, "marker"),
        *_seen(trace, repeated, was_filtered, False, "marker"),
    )


def missing_terms(doubts: Sequence[Doubt]) -> tuple[str, ...]:
    """Those that are missing, in words; one window's scatter has a verdict of its own."""
    return tuple(f"{d.name} ({d.why})" for d in doubts if d.state == "missing" and d.name != REPEATABILITY)


def _stated(trace: Trace, calibration: Calibration, spans: Sequence[SpanSum]) -> Iterator[Doubt]:
    """What only a calibration can tell."""
    visited = sorted({key for span in spans for key in span.ranges})
    for quantity in ("gain", "offset"):
        silent = [key for key in visited if calibration.find(quantity, None if key < 0 else key) is None]
        named = ", ".join(f"range {key}" for key in silent if key >= 0)
        why = f"the calibration is silent on {named}" if named else "the calibration does not state it"
        yield Doubt(quantity, "missing", why) if silent else _counted(quantity)
    is_set = trace.supply is not None and trace.supply.kind == "set"
    if trace.quantity != "current" and not is_set and calibration.find("voltage") is None:
        yield Doubt("voltage", "not_needed", "the meter measures power")
    else:
        yield _of(calibration, "voltage")
    yield _of(calibration, "timebase")
    yield _of(calibration, "temperature")


def _skew(calibration: Calibration, guarded: bool, method: str) -> Doubt:
    if method != "marker":
        return Doubt("skew", "not_needed", "no marker tells the windows")
    if guarded:
        return Doubt("skew", "not_needed", "guards: a marker that is late moves idle power only")
    return _of(calibration, "skew")


def _seen(trace: Trace, repeated: int, was_filtered: bool, guarded: bool, method: str) -> Iterator[Doubt]:
    """What the recording itself tells."""
    yield Doubt("edges", "counted", f"windows by {method}")
    if guarded or method == "counters":
        why = "guards: the supply has settled at their ends" if guarded else "the counters are the supply's"
        yield Doubt("settling", "not_needed", why)
    elif not is_seen(trace.sample_rate_hz):
        yield Doubt("settling", "missing", "samples too far apart to see it")
    else:
        yield _counted("settling", "what the current does behind its steps")
    if was_filtered:
        yield Doubt("spike filter", "missing", "the maker's software may have filtered before it stored")
    elif trace.new_filter is None:
        yield Doubt("spike filter", "not_needed", "the meter's maker has no filter")
    else:
        yield _counted("spike filter", "what it would move at changes of range")
    if repeated > 1:
        yield _counted(REPEATABILITY, f"scatter of {repeated}")
    else:
        yield Doubt(REPEATABILITY, "missing", "one window has no scatter")


def _of(calibration: Calibration, quantity: Literal["voltage", "timebase", "temperature", "skew"]) -> Doubt:
    if calibration.find(quantity) is None:
        return Doubt(quantity, "missing", "the calibration does not state it")
    return _counted(quantity)


def _counted(name: str, why: str = "stated by the calibration") -> Doubt:
    return Doubt(name, "counted", why)
