"""A meter that sees a line fall, and not its level: what a kill left of its windows, two pulses each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import BOUND, Script

from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.lab.analysis import Known
from tinykit.lab.calibration import Term
from tinykit.lab.recorder import Recorder
from tinykit.lab.recover import Recovery, recover
from tinykit.lab.start import Start, write_start
from tinykit.meters import Instrument, MeterSettings, MeterSetup, find_meter

LPM01A = find_meter("lpm01a")
RATE_HZ, V = 5_000.0, 3.3
SCRIPT = Script(windows=3, active_s=0.2, idle_s=0.2, guard_s=0.04, active_a=6e-3, idle_a=1e-3)
PULSE_S = 0.002
SETUP = MeterSetup(
    "lpm01a",
    Instrument("lpm01a", "ST X-NUCLEO-LPM01A", "1", "1.0.6", "none", emulated=True),
    MeterSettings("source", V, rate_hz=RATE_HZ, quantity="energy"),
)


class ScriptedShield:
    """The emulated shield's bytes without a port."""

    def __init__(self) -> None:
        self.shield = EmulatedShield()
        for line in ("htc", "format ascii_dec", "freq 5k", "acqtime inf", "output energy", "volt 3300m"):
            self.shield.receive(line.encode() + b"\n")
        self.shield.receive(b"eventsrc d7 fal\npwr on\n")
        self.shield.take()
        self._waiting: list[bytes] = []

    def feed(self, amperes: float, marked: bool, seconds: float) -> None:
        """The pin is high at rest, and pulses low where a phase begins and where it ends."""
        n, pulse = (round(one * self.shield.base_hz) for one in (seconds, PULSE_S))
        level = np.ones(n, np.uint8)
        if marked:
            level[:pulse] = 0
        self._waiting.append(self.shield.feed(np.full(n, amperes), level))
        if marked:
            self._waiting.append(self.shield.feed(np.full(1, amperes), np.zeros(1, np.uint8)))

    def start(self) -> None:
        self.shield.receive(b"start\n")
        self.shield.take()

    def read(self, timeout_s: float = 0.1) -> bytes:
        return self._waiting.pop(0) if self._waiting else b""

    def stop(self) -> bytes:
        left, self._waiting = b"".join(self._waiting), []
        return left


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A session that was killed right after its last sample."""
    folder = tmp_path / "cut"
    calibration = replace(
        BOUND, instrument="lpm01a#1", meter="lpm01a", terms=(Term("gain", "normal", 0.002),)
    )
    known = Known(calibration, "session cut", True, SCRIPT.guard_s * 0.9, 1e-3, True)
    plan = {"windows": SCRIPT.windows, "states": ["idle"]}
    write_start(folder, Start(known, {"plan": plan, "meter": SETUP.to_dict(), "marker_line": 0}, 0))
    device = ScriptedShield()
    with Recorder(folder, LPM01A, device, SETUP) as recorder:  # type: ignore[arg-type]
        for kind, seconds, amperes, marked in SCRIPT.parts():
            device.feed(amperes, bool(marked), seconds)
            if kind:
                recorder.event("done", kind=kind, inferences=SCRIPT.count(kind), board_s=seconds)
        recorder.stop()
    return folder


def cut(folder: Path, seconds: float) -> None:
    """Keep the samples of the first ``seconds``."""
    path = folder / "raw" / "meter.bin"
    total_s = sum(one for _, one, _, _ in SCRIPT.parts())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * seconds / total_s)])


def check(result: Recovery, windows: int) -> None:
    energy = result.report.analysis.energy
    assert energy is not None
    assert len(energy.windows) == windows
    for one in energy.windows:
        assert one.inner.duration_s == pytest.approx(SCRIPT.active_s, abs=2 / RATE_HZ)
        assert one.gross.value == pytest.approx(V * 6e-3 * SCRIPT.active_s / 10, rel=5e-3)


def test_every_window_is_between_two_falls(whole: Path) -> None:
    result = recover(whole)
    assert (result.kept, result.noted, result.planned) == (5, 5, 5)
    check(result, 3)
    assert result.report.headline is not None


def test_a_kill_in_the_last_window_costs_that_one(whole: Path) -> None:
    begins_s = SCRIPT.guard_s + SCRIPT.idle_s + 2 * SCRIPT.guard_s
    cut(whole, begins_s + 2 * (SCRIPT.active_s + 2 * SCRIPT.guard_s) + SCRIPT.active_s / 2)
    events = whole / "raw" / "events.jsonl"
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:3]))
    result = recover(whole)
    assert (result.kept, result.noted) == (3, 3)
    check(result, 2)
