"""What a rig check sees in a few seconds of samples: pure functions of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tinykit.meters.meter import Meter, MeterSetup
from tinykit.meters.trace import SATURATED, Block
from tinykit.pretty import format_si

State = Literal["pass", "fail", "not_checked"]
_VOLTAGE_TOLERANCE = 0.05


@dataclass(frozen=True)
class RigCheck:
    """One check: its name, how it went, in words."""

    name: str
    state: State
    text: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def look_at_samples(blocks: Sequence[Block], lost: int = 0) -> RigCheck:
    """Whether any came, and none of them was lost."""
    count = sum(len(block) for block in blocks)
    if lost:
        text = f"{lost:,} of {count + lost:,} samples were lost: is the host too busy, or a hub between"
        return RigCheck("samples", "fail", text)
    if count:
        return RigCheck("samples", "pass", f"the meter sent {count:,} samples")
    return RigCheck("samples", "fail", "the meter sends no samples")


def look_at_marker(meter: Meter, blocks: Sequence[Block], line: int) -> RigCheck:
    """One pulse on ``line``, and on no other."""
    names = meter.capabilities.digital_lines
    if not names:
        return RigCheck("marker", "not_checked", "the meter has no digital input")
    # A meter that sees falls only sees two of them in a phase: at its start and at its end.
    due = 2 if meter.capabilities.sees == "falls" else 1
    pulses = {i: len(_changes(blocks, i, rising=True)) for i in range(len(names))}
    name = names[line]
    if pulses[line] == due:
        return RigCheck("marker", "pass", f"the marker is seen on {name}")
    others = [names[i] for i, count in pulses.items() if count == due and i != line]
    if others:
        return RigCheck("marker", "fail", f"the marker is on {others[0]}, not on {name}")
    if pulses[line]:
        return RigCheck(
            "marker", "fail", f"{name} shows {pulses[line]} pulses for {due}: it bounces, or floats"
        )
    return RigCheck("marker", "fail", f"{name} shows no pulse: is the marker wired, and its level right")


def look_at_clock(
    meter: Meter, blocks: Sequence[Block], line: int, rate_hz: float, board_s: float, tolerance: float | None
) -> RigCheck:
    """The pulse's length by the meter against ``board_s`` by the board; each edge is known to a sample."""
    falls = _changes(blocks, line, rising=False)
    ends = falls[:1] if meter.capabilities.sees == "falls" else _changes(blocks, line, rising=True)[:1]
    if not ends or len(falls) < (2 if meter.capabilities.sees == "falls" else 1):
        return RigCheck("clock", "not_checked", "without the marker's pulse there is nothing to time")
    if tolerance is None:
        return RigCheck("clock", "not_checked", "nobody says how good the board's clock is")
    meter_s = (falls[-1] - ends[0]) / rate_hz
    off, unsure = meter_s / board_s - 1.0, 2.0 / rate_hz / board_s
    text = (
        f"the marker was high for {meter_s:.6g} s by the meter and {board_s:g} s by the board: {off:+.3%}"
        f" ± {unsure:.3%}, {tolerance:.3%} allowed"
    )
    return RigCheck("clock", "fail" if abs(off) > tolerance + unsure else "pass", text)


def look_at_range(meter: Meter, blocks: Sequence[Block], setup: MeterSetup) -> RigCheck:
    """The highest sample of a first inference against what the meter can measure."""
    if not any(len(block) for block in blocks):
        return RigCheck("range", "not_checked", "no sample came during the first inference")
    if any(block.flags is not None and (block.flags & SATURATED).any() for block in blocks):
        return RigCheck("range", "fail", "a first inference goes over the meter's range")
    peak = _peak(blocks, setup)
    most_a = meter.capabilities.max_current_a
    if peak is None:
        return RigCheck("range", "not_checked", "the samples are no current")
    if peak <= 0:
        return RigCheck("range", "fail", "no current flows in a first inference: is the board on this rail")
    said = f"a first inference takes {format_si(peak, 'A')} at its peak"
    if most_a is None:
        return RigCheck("range", "not_checked", f"{said}; the meter's limit is not known")
    said = f"{said}, {100 * peak / most_a:.3g} % of the meter's {format_si(most_a, 'A')}"
    return RigCheck("range", "fail" if peak >= most_a else "pass", said)


def look_at_voltage(blocks: Sequence[Block], setup: MeterSetup) -> RigCheck:
    """The supply, where the meter measures it."""
    measured = [block.voltage_v for block in blocks if block.voltage_v is not None and len(block)]
    given_v = setup.settings.voltage_v
    if measured:
        mean_v = float(np.nanmean(np.concatenate(measured)))
        text = f"the supply is {mean_v:.3f} V"
        if given_v is not None and abs(mean_v - given_v) > _VOLTAGE_TOLERANCE * given_v:
            return RigCheck("voltage", "fail", f"{text}, not {given_v:g} V")
        return RigCheck("voltage", "pass", text)
    supply = setup.settings.supply()
    if supply is None:
        return RigCheck("voltage", "not_checked", "nobody says the supply voltage, and the meter cannot")
    source = supply.source if supply.kind != "set" else "set"
    text = f"this meter does not measure the supply; {supply.voltage_v:g} V is {source}"
    return RigCheck("voltage", "not_checked", text)


def look_at_calibration(setup: MeterSetup) -> RigCheck:
    """What the meter says of its own."""
    text = setup.instrument.calibration
    if text.rstrip().endswith("Calibrated: 0"):
        # Many good units say so: it is no failure, and nobody has vouched for their constants.
        return RigCheck("calibration", "not_checked", f"{text}; by the meter itself it is not calibrated")
    if text and text != "none":
        return RigCheck("calibration", "pass", f"the meter's calibration: {text}")
    return RigCheck("calibration", "not_checked", "the meter names no calibration")


def _peak(blocks: Sequence[Block], setup: MeterSetup) -> float | None:
    """The highest mean current of a sample, in A; None for powers at an unknown voltage."""
    seen = [block.values[np.isfinite(block.values)] for block in blocks]
    highest = max((float(values.max()) for values in seen if len(values)), default=0.0)
    if blocks[0].current_a is not None:
        return highest
    voltage_v, rate_hz = setup.settings.voltage_v, setup.settings.rate_hz
    if not voltage_v:
        return None
    if blocks[0].energy_j is not None:
        return highest * rate_hz / voltage_v if rate_hz else None
    return highest / voltage_v


def _changes(blocks: Sequence[Block], line: int, *, rising: bool) -> list[int]:
    """The sample numbers at which ``line`` rose, or fell."""
    found: list[int] = []
    before: int | None = None
    for block in blocks:
        if block.digital is None or not len(block):
            continue
        bits = ((block.digital >> line) & 1).astype(np.int8)
        steps = np.diff(bits, prepend=bits[0] if before is None else before)
        found += [block.first_index + int(i) for i in np.flatnonzero(steps == (1 if rising else -1))]
        before = int(bits[-1])
    return found
