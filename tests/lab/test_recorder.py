"""Live power beside a recording: what the meter shows now, whatever the pieces it comes in."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sessions import PPK2, QUIET, ScriptedMeter, V, setup_of

from tinykit.bench.meters.ppk2 import EmulatedPpk2
from tinykit.lab.recorder import Recorder


class WaitingMeter(ScriptedMeter):
    """Waits for more, as a port does."""

    def read(self, timeout_s: float = 0.1) -> bytes:
        data = super().read(timeout_s)
        if not data:
            time.sleep(0.005)
        return data


def test_live_power_follows_the_meter(tmp_path: Path) -> None:
    emulated = EmulatedPpk2(errors=QUIET)
    setup = setup_of(emulated)
    device = WaitingMeter(setup, emulated)
    with Recorder(tmp_path, PPK2, device, setup) as recorder:  # type: ignore[arg-type]
        assert recorder.live_w is None
        for ampere in (12e-3, 6e-3):
            due_w, deadline_s = pytest.approx(V * ampere, rel=0.2), time.monotonic() + 60
            while recorder.live_w != due_w:
                assert time.monotonic() < deadline_s, recorder.live_w
                device.feed(ampere, 0, 0.002)
                time.sleep(0.002)
        recorder.stop()


class BrokenMeter(WaitingMeter):
    """A driver with a fault of its own: no error that anybody foresaw."""

    def read(self, timeout_s: float = 0.1) -> bytes:
        raise IndexError("a driver's slip")


def test_a_recorder_that_died_is_not_waited_for(tmp_path: Path) -> None:
    emulated = EmulatedPpk2(errors=QUIET)
    setup = setup_of(emulated)
    recorder = Recorder(tmp_path, PPK2, BrokenMeter(setup, emulated), setup)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"slip|ended"), recorder:
        deadline_s = time.monotonic() + 60
        while time.monotonic() < deadline_s:
            recorder.check()
            time.sleep(0.01)


class BrokenLog:
    """A serial log whose place is gone, in a way that nobody foresaw."""

    def __init__(self) -> None:
        self.syncs = 0

    def sync(self) -> None:
        self.syncs += 1
        raise ValueError("a log's slip")

    def check(self) -> None:
        return None


def test_whatever_ends_the_syncing_ends_the_session(tmp_path: Path) -> None:
    """Else a kill an hour later would lose an hour, and nobody would have said so."""
    emulated, log = EmulatedPpk2(errors=QUIET), BrokenLog()
    setup = setup_of(emulated)
    recorder = Recorder(tmp_path, PPK2, WaitingMeter(setup, emulated), setup, log=log)  # type: ignore[arg-type]
    with recorder:
        deadline_s = time.monotonic() + 60
        while not log.syncs:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        with pytest.raises(ValueError, match="a log's slip"):
            while time.monotonic() < deadline_s:
                recorder.check()
                time.sleep(0.01)
    with pytest.raises(ValueError, match="a log's slip"):
        recorder.stop()
