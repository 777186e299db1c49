"""The rig check: what can be known before the long run. What could not be checked is listed as such."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tinykit.lab.capture import MarkedSession
from tinykit.meters.meter import Meter, MeterSetup, OpenMeter
from tinykit.meters.trace import SATURATED, Block
from tinykit.progress import SILENT, Progress

State = Literal["pass", "fail", "not_checked"]
_PULSE_MS = 100
_LISTEN_S = 0.5


@dataclass(frozen=True)
class RigCheck:
    """One check: its name, how it went, in words."""

    name: str
    state: State
    text: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def failures(checks: Sequence[RigCheck]) -> tuple[str, ...]:
    """What failed, in words."""
    return tuple(check.text for check in checks if check.state == "fail")


def check_rig(
    meter: Meter,
    device: OpenMeter,
    setup: MeterSetup,
    session: MarkedSession,
    line: int,
    progress: Progress = SILENT,
) -> tuple[RigCheck, ...]:
    """Pulse the marker once for 0.1 s while the meter listens, and look at everything that is seen.

    The meter must be configured, the session open. Raises MeterError and DeviceError.
    """
    progress.start("Checking the rig")
    blocks = _listen(meter, device, setup, session)
    checks = (
        _samples(blocks),
        _marker(meter, blocks, line),
        _range(blocks),
        _calibration(setup),
        RigCheck("serial", "pass", f"{session.device.text} answers"),
        RigCheck("voltage", "not_checked", "the supply voltage is not measured")
        if not meter.capabilities.measures_voltage
        else RigCheck("voltage", "pass", "the meter measures the supply voltage"),
        RigCheck(
            "back-powering", "not_checked", "the output was not switched off to see whether the board lives"
        ),
    )
    bad = failures(checks)
    progress.finish("; ".join(bad) if bad else "the marker is seen")
    return checks


def _listen(meter: Meter, device: OpenMeter, setup: MeterSetup, session: MarkedSession) -> list[Block]:
    decoder = meter.decoder(setup)
    # An energy build's marker is high at first; from here on it is low between phases.
    session.arm(1)
    device.start()
    blocks: list[Block] = []
    try:
        end = time.monotonic() + _LISTEN_S
        session.rest("idle", _PULSE_MS)
        while time.monotonic() < end:
            blocks += decoder.feed(device.read(0.05))
    finally:
        blocks += decoder.feed(device.stop())
    return [*blocks, *decoder.finish()]


def _samples(blocks: Sequence[Block]) -> RigCheck:
    count = sum(len(block) for block in blocks)
    if count:
        return RigCheck("samples", "pass", f"the meter sent {count:,} samples")
    return RigCheck("samples", "fail", "the meter sends no samples")


def _marker(meter: Meter, blocks: Sequence[Block], line: int) -> RigCheck:
    names = meter.capabilities.digital_lines
    if not names:
        return RigCheck("marker", "not_checked", "the meter has no digital input")
    # A meter that sees falls only sees two of them in a phase: at its start and at its end.
    due = 2 if meter.capabilities.sees == "falls" else 1
    pulses = {i: _pulses(blocks, i) for i in range(len(names))}
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


def _pulses(blocks: Sequence[Block], line: int) -> int:
    """Rising edges of ``line``."""
    before, count = None, 0
    for block in blocks:
        if block.digital is not None and len(block):
            bits = (block.digital >> line) & 1
            count += int(
                np.count_nonzero(
                    np.diff(bits.astype(np.int8), prepend=bits[0] if before is None else before) > 0
                )
            )
            before = bits[-1]
    return count


def _range(blocks: Sequence[Block]) -> RigCheck:
    if any(block.flags is not None and (block.flags & SATURATED).any() for block in blocks):
        return RigCheck("range", "fail", "the current goes over the meter's range")
    peak = max((float(np.nanmax(block.values)) for block in blocks if len(block)), default=0.0)
    return RigCheck("range", "pass", f"the highest sample is {peak:.3g}")


def _calibration(setup: MeterSetup) -> RigCheck:
    text = setup.instrument.calibration
    if text and text != "none":
        return RigCheck("calibration", "pass", f"the meter's calibration: {text}")
    return RigCheck("calibration", "not_checked", "the meter names no calibration")
