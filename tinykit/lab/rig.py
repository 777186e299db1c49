"""The rig check: what can be known before the long run. What could not be checked is listed as such."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tinykit.errors import TinykitError
from tinykit.lab.capture import MarkedSession
from tinykit.lab.rig_looks import (
    RigCheck,
    look_at_calibration,
    look_at_clock,
    look_at_marker,
    look_at_range,
    look_at_samples,
    look_at_voltage,
)
from tinykit.lab.windows import Method
from tinykit.meters.meter import Meter, MeterSetup, OpenMeter
from tinykit.meters.trace import Block
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array

__all__ = ["RigCheck", "RigFacts", "check_rig", "failures"]

_PULSE_S = 2.0
"""To 10 ppm for a meter of 100,000 samples a second; slow meters get 20 samples."""
_PULSE_SAMPLES = 20
_SETTLE_S = 0.3
_DISCHARGE_S = 1.0
"""A board's capacitors hold its supply up for a while: 1 mF at 10 mA falls by 3 V in 0.3 s."""


@dataclass(frozen=True)
class RigFacts:
    """What is known beforehand: ``clock_tolerance`` of the board, relative, and ``hashes`` that the firmware
    which was built can announce; empty where nobody says.
    """

    clock_tolerance: float | None = None
    hashes: frozenset[str] = frozenset()
    windows_from: Method = "marker"


def failures(checks: Sequence[RigCheck]) -> tuple[str, ...]:
    """What failed, in words."""
    return tuple(check.text for check in checks if check.state == "fail")


def check_rig(
    meter: Meter,
    device: OpenMeter,
    setup: MeterSetup,
    session: MarkedSession,
    line: int,
    row: Sequence[Array],
    facts: RigFacts = RigFacts(),
    progress: Progress = SILENT,
) -> tuple[RigCheck, ...]:
    """Switch the board off and on, pulse the marker once, run one inference on ``row``, look at all of it.

    The meter must be configured, the session open; ``row`` is in the board's buffer afterwards. Raises
    MeterError and DeviceError.
    """
    progress.start("Checking the rig")
    checks = tuple(_checks(meter, device, setup, session, line, row, facts))
    bad = failures(checks)
    skipped = [check.name for check in checks if check.state == "not_checked"]
    left = f"; not checked: {', '.join(skipped)}" if skipped else ""
    progress.finish("; ".join(bad) if bad else f"the marker is seen{left}")
    return checks


def _checks(
    meter: Meter,
    device: OpenMeter,
    setup: MeterSetup,
    session: MarkedSession,
    line: int,
    row: Sequence[Array],
    facts: RigFacts,
) -> Iterator[RigCheck]:
    yield _back_powering(meter, device, session)
    yield RigCheck("serial", "pass", f"{session.device.text} answers")
    yield _debugger(session.debugger())
    yield _firmware(session.device.firmware_sha256, facts.hashes)
    rate_hz = setup.settings.rate_hz or meter.capabilities.rates_hz[-1]
    pulse_s = max(_PULSE_S, _PULSE_SAMPLES / rate_hz)
    session.load(row)
    # An energy build's marker is high at first; from here on it is low between phases.
    session.arm(1)
    blocks, lost = _listen(meter, device, setup, lambda: session.rest("idle", round(pulse_s * 1e3)))
    yield look_at_samples(blocks, lost)
    if facts.windows_from == "marker":
        yield look_at_marker(meter, blocks, line)
        yield look_at_clock(meter, blocks, line, rate_hz, pulse_s, facts.clock_tolerance)
    else:
        text = f"windows come from {facts.windows_from}, as was asked for"
        yield RigCheck("marker", "not_checked", text)
        yield RigCheck("clock", "not_checked", text)
    yield look_at_voltage(blocks, setup)
    yield look_at_range(meter, _listen(meter, device, setup, lambda: _infer(session))[0], setup)
    yield look_at_calibration(setup)


def _infer(session: MarkedSession) -> None:
    session.arm(1)
    session.go(1)


def _back_powering(meter: Meter, device: OpenMeter, session: MarkedSession) -> RigCheck:
    """With the meter's output off a board must be silent: what lives then lives past the meter."""
    if not meter.capabilities.switches_power:
        return RigCheck("back-powering", "not_checked", "the meter cannot switch the board off")
    device.power(False)
    try:
        time.sleep(_DISCHARGE_S)
        lives = session.answers()
    finally:
        device.power(True)
    session.revive()
    if lives:
        text = "the board answers with the meter's output off: a debugger, USB or a data line feeds it"
        return RigCheck("back-powering", "fail", text)
    return RigCheck("back-powering", "pass", "with the meter's output off the board is silent")


def _debugger(attached: bool | None) -> RigCheck:
    if attached is None:
        return RigCheck("debugger", "not_checked", "this board cannot know whether a debugger is attached")
    if attached:
        return RigCheck("debugger", "fail", "a debugger is attached: it keeps parts of the chip awake")
    return RigCheck("debugger", "pass", "no debugger is attached")


def _firmware(announced: str, hashes: frozenset[str]) -> RigCheck:
    if not announced or not hashes:
        return RigCheck("firmware", "not_checked", "nobody says which firmware was built: give --firmware")
    if announced in hashes:
        return RigCheck("firmware", "pass", f"the board carries firmware {announced[:8]}, as built")
    return RigCheck("firmware", "fail", f"the board carries firmware {announced[:8]}, which is not as built")


def _listen(
    meter: Meter, device: OpenMeter, setup: MeterSetup, act: Callable[[], None]
) -> tuple[list[Block], int]:
    """What the meter sends while ``act`` lets the board act, and a moment longer; how much was lost."""
    decoder = meter.decoder(setup)
    with _Ears(device) as ears:
        act()
        time.sleep(_SETTLE_S)
    blocks = [*decoder.feed(bytes(ears.heard)), *decoder.finish()]
    return blocks, sum(gap.count for gap in decoder.gaps)


class _Ears:
    """Keeps what a meter sends, in a thread: a board that is waited for must not make it lose samples."""

    def __init__(self, device: OpenMeter) -> None:
        self.heard = bytearray()
        self._device = device
        self._failure: TinykitError | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="tinykit-rig", daemon=True)

    def __enter__(self) -> _Ears:
        self._device.start()
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._ending.set()
        self._thread.join()
        if self._failure is not None:
            # A meter that feeds the board takes it along when it goes: the meter is to be named.
            raise self._failure from error

    def _listen(self) -> None:
        try:
            while not self._ending.is_set():
                self.heard += self._device.read(0.05)
            self.heard += self._device.stop()
        except TinykitError as error:
            self._failure = error
