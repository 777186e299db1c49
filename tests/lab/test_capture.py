"""The lines that a capture shows: a power only where nothing but the phase can be in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sessions import PPK2, QUIET, ScriptedMeter, V, setup_of

from tinykit.bench.meters.ppk2 import EmulatedPpk2
from tinykit.lab.capture import Plan, capture
from tinykit.lab.recorder import LIVE_S, Recorder
from tinykit.running.result import Array, Window

ACTIVE_A, SLEEP_A = 12e-3, 1e-3
_STEP_S = 0.01


class Board:
    """What a capture drives: the current of each phase goes to ``meter`` while the phase lasts."""

    def __init__(self, meter: ScriptedMeter) -> None:
        self.meter = meter

    def load(self, row: Sequence[Array]) -> None: ...

    def fetch(self) -> tuple[Array, ...]:
        return (np.zeros(1, np.int8),)

    def rest(self, state: str, duration_ms: int) -> None:
        self._draw(SLEEP_A, duration_ms / 1e3)

    def arm(self, inferences: int, warmups: int = 0) -> None: ...

    def go(self, inferences: int) -> Window:
        began_s = time.monotonic()
        self._draw(ACTIVE_A, 1.5 * LIVE_S)
        return Window(inferences, began_s, time.monotonic(), "host", 1e-6)

    def _draw(self, amperes: float, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self.meter.feed(amperes, 1, _STEP_S)
            time.sleep(_STEP_S)


class Said:
    """Keeps what a stage ended with, by its beginning."""

    def __init__(self) -> None:
        self.stage, self.notes = "", dict[str, str]()

    def start(self, stage: str, total: int | None = None) -> None:
        self.stage = stage

    def advance(self, steps: int = 1) -> None: ...

    def finish(self, note: str = "") -> None:
        self.notes[self.stage.split(":")[0]] = note

    def warn(self, code: str, message: str, hint: str = "") -> None: ...


class WaitingMeter(ScriptedMeter):
    """Waits for more, as a port does."""

    def read(self, timeout_s: float = 0.1) -> bytes:
        data = super().read(timeout_s)
        if not data:
            time.sleep(0.002)
        return data


def said(folder: Path, state_s: float) -> dict[str, str]:
    emulated, told = EmulatedPpk2(errors=QUIET), Said()
    setup = setup_of(emulated)
    device = WaitingMeter(setup, emulated)
    with Recorder(folder, PPK2, device, setup) as recorder:  # type: ignore[arg-type]
        plan = Plan(1, 0.1, 0, ("sleep",), state_s)
        capture(Board(device), [()], 3, plan, recorder, told)  # type: ignore[arg-type]
        assert recorder.live_w is not None
        recorder.stop()
    return told.notes


def test_a_short_phase_does_not_pass_for_the_meters_last_second(tmp_path: Path) -> None:
    notes = said(tmp_path, 0.1)
    assert notes["State sleep"] == "100 ms"
    assert not any("mW" in note for note in notes.values())


@pytest.mark.slow
def test_the_power_of_a_long_one_is_its_own(tmp_path: Path) -> None:
    note = said(tmp_path, 3.2 * LIVE_S)["State sleep"]
    assert "mW in the meter's last second" in note
    assert float(note.split(", ")[1].split()[0]) == pytest.approx(1e3 * V * SLEEP_A, rel=0.05)
