"""``Trace``: what a meter saw, decoded lazily, so that memory stays bounded whatever the length.

Windowing, integration and budgets work on this record alone; no code above this room knows a meter's name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tinykit.errors import RecordingError

FloatArray = NDArray[np.float64]
ByteArray = NDArray[np.uint8]
Quantity = Literal["current", "power", "energy"]

SATURATED = 1
"""Flag: the converter was at its end; the true value is larger."""
RANGE_SWITCH = 2
"""Flag: the meter had just changed its range; the value may be wrong."""
INVALID = 4
"""Flag: there is no value here, and the array holds NaN."""


@dataclass(frozen=True)
class Block:
    """Consecutive samples. Sample i is number ``first_index + i`` on the meter's clock, lost ones counted.

    Exactly one of ``current_a``, ``power_w`` and ``energy_j`` (joules in that one sample period, from meters
    that integrate) is there, float64 of shape (n,). All other arrays are (n,) too or absent: ``voltage_v``
    float64, ``digital`` uint8 (bit n is line n), ``range_`` uint8 (the meter's own numbering), ``flags``
    uint8 (SATURATED, RANGE_SWITCH, INVALID; absent means that none is set). Arrays are not to be written to.
    """

    first_index: int
    current_a: FloatArray | None = None
    power_w: FloatArray | None = None
    energy_j: FloatArray | None = None
    voltage_v: FloatArray | None = None
    digital: ByteArray | None = None
    range_: ByteArray | None = None
    flags: ByteArray | None = None

    @property
    def values(self) -> FloatArray:
        """The one series that is there, in A, W or J as the trace's ``quantity`` says."""
        for series in (self.current_a, self.power_w, self.energy_j):
            if series is not None:
                return series
        raise ValueError("a block needs a series")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def end_index(self) -> int:
        """One past the last sample's number."""
        return self.first_index + len(self)

    def cut(self, start: int, stop: int) -> Block:
        """The samples with numbers in [start, stop), as views; possibly none."""
        low, high = (min(max(index - self.first_index, 0), len(self)) for index in (start, stop))
        arrays = {name: array for name, array in vars(self).items() if isinstance(array, np.ndarray)}
        views = {name: array[low:high] for name, array in arrays.items()}
        return replace(self, first_index=self.first_index + low, **views)


@dataclass(frozen=True)
class Gap:
    """``count`` samples from ``first_index`` on were lost; 0: nobody knows how many."""

    first_index: int
    count: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Instrument:
    """What measured. ``calibration`` is a text: its date or source, or "none"."""

    kind: str
    model: str
    serial: str
    firmware: str
    calibration: str
    emulated: bool = False

    @property
    def title(self) -> str:
        """For people: model, serial number, and whether it is emulated."""
        return instrument_title(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def instrument_title(facts: Mapping[str, Any]) -> str:
    """The title of an instrument as JSON has it; an emulated one bears a real one's model, and is none."""
    words = [str(facts[key]) for key in ("model", "serial") if facts.get(key)]
    return " ".join([*words, "(emulated)"] if facts.get("emulated") else words)


@dataclass(frozen=True)
class Supply:
    """The rail's voltage: ``measured`` in every block, ``set`` at the meter's output, or ``assumed``.

    ``voltage_v`` is None only where it is measured. ``source`` says who says so; ``rail`` names the wire.
    """

    voltage_v: float | None
    kind: Literal["measured", "set", "assumed"]
    source: str
    rail: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Provenance:
    """Where the samples come from: a file's name (no folder) and its SHA-256, or "" where there is none."""

    source: str
    sha256: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class TraceWarning:
    """Something that a verdict must know about: a stable upper-case ``code``, and one line."""

    code: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


class SampleFilter(Protocol):
    """What the maker's own software would have made of the samples; the difference is a doubt, no datum."""

    def feed(self, block: Block) -> FloatArray:
        """The block's values, filtered, (n,); blocks come in order, from a thousand samples ahead of use."""


@dataclass(frozen=True)
class Trace:
    """A recording. Sample number i was taken at i / ``sample_rate_hz`` of the meter's own clock.

    ``sample_rate_hz`` is nominal. ``length`` counts sample periods, lost ones included. ``supply`` is None
    where nobody said the voltage; power traces need none. ``read(start, stop)`` yields the blocks; users call
    :meth:`blocks`. A window shorter than ``min_window_s`` says nothing (counters that update now and then).
    ``t_start_host_s`` is sample 0 on the host's ``time.monotonic()``, or None where that is not known, and
    ``seen_rate_hz`` the sample rate by that clock.
    ``lost_by_clock`` samples vanished without a gap: nobody knows where exactly, and ``length`` lacks them.
    ``new_filter`` makes the filter of the meter's maker, where there is one.
    """

    sample_rate_hz: float
    quantity: Quantity
    length: int
    instrument: Instrument
    supply: Supply | None
    provenance: Provenance
    read: Callable[[int, int], Iterator[Block]]
    digital_lines: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    warnings: tuple[TraceWarning, ...] = ()
    min_window_s: float = 0.0
    t_start_host_s: float | None = None
    lost_by_clock: int = 0
    new_filter: Callable[[], SampleFilter] | None = None
    seen_rate_hz: float | None = None

    @property
    def duration_s(self) -> float:
        """Nominal duration, lost samples included."""
        return self.length / self.sample_rate_hz

    @property
    def lost(self) -> int:
        """How many samples are known to be lost."""
        return sum(gap.count for gap in self.gaps)

    def blocks(self, start: int | None = None, stop: int | None = None) -> Iterator[Block]:
        """The samples with numbers in [start, stop), in order; each block is free of gaps."""
        low = 0 if start is None else max(start, 0)
        high = self.length if stop is None else min(stop, self.length)
        for block in self.read(low, high):
            cut = block.cut(low, high)
            if len(cut):
                yield cut

    def check_window(self, duration_s: float) -> None:
        """Raise RecordingError, code METER_TOO_SLOW, where the meter's value hardly changes in a window."""
        if duration_s < self.min_window_s:
            raise RecordingError(
                f"A window of {duration_s:g} s is too short: this meter needs {self.min_window_s:g} s.",
                hint="run more inferences in a window.",
                code="METER_TOO_SLOW",
            )

    def to_dict(self) -> dict[str, Any]:
        """Everything but the samples, as JSON has it."""
        return {
            "sample_rate_hz": self.sample_rate_hz,
            "quantity": self.quantity,
            "length": self.length,
            "instrument": self.instrument.to_dict(),
            "supply": None if self.supply is None else self.supply.to_dict(),
            "provenance": self.provenance.to_dict(),
            "digital_lines": list(self.digital_lines),
            "gaps": [gap.to_dict() for gap in self.gaps],
            "warnings": [warning.to_dict() for warning in self.warnings],
            "min_window_s": self.min_window_s,
            "t_start_host_s": self.t_start_host_s,
            "lost_by_clock": self.lost_by_clock,
        }


def array_trace(
    sample_rate_hz: float,
    instrument: Instrument,
    supply: Supply | None,
    *blocks: Block,
    provenance: Provenance = Provenance("memory"),
    digital_lines: tuple[str, ...] = (),
    gaps: tuple[Gap, ...] = (),
    warnings: tuple[TraceWarning, ...] = (),
) -> Trace:
    """A trace of arrays in memory. Blocks are in order; holes between them become gaps too.

    Raises ValueError where blocks overlap or hold different quantities.
    """
    if not blocks:
        raise ValueError("a trace needs a block")
    quantities = {_quantity(block) for block in blocks}
    if len(quantities) != 1:
        raise ValueError(f"a trace holds one quantity, got {sorted(quantities)}")
    holes = []
    for before, after in itertools.pairwise(blocks):
        if after.first_index < before.end_index:
            raise ValueError(f"a block at {after.first_index} begins before {before.end_index}")
        known = any(gap.first_index == before.end_index for gap in gaps)
        if after.first_index > before.end_index and not known:
            holes.append(Gap(before.end_index, after.first_index - before.end_index, "not in the data"))
    return Trace(
        sample_rate_hz=sample_rate_hz,
        quantity=quantities.pop(),
        length=blocks[-1].end_index,
        instrument=instrument,
        supply=supply,
        provenance=provenance,
        read=lambda start, stop: (b for b in blocks if b.first_index < stop and b.end_index > start),
        digital_lines=digital_lines,
        gaps=tuple(sorted((*gaps, *holes), key=lambda gap: gap.first_index)),
        warnings=warnings,
    )


def _quantity(block: Block) -> Quantity:
    present: list[Quantity] = []
    if block.current_a is not None:
        present.append("current")
    if block.power_w is not None:
        present.append("power")
    if block.energy_j is not None:
        present.append("energy")
    if len(present) != 1:
        raise ValueError(f"a block holds one of current, power and energy, got {present or 'none'}")
    return present[0]
