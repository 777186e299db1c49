"""Sessions of ``tinykit measure`` on an `EmulatedRig` that are cut off, and what must hold of the rest."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from measured_rig import EmulatedRig, ask

from tinykit.lab.manifest import MANIFEST
from tinykit.lab.recompute import recompute
from tinykit.lab.recorder import BYTES, RAW, SETUP
from tinykit.lab.report import ENERGY

MOST_LOST_S = 1.0
MOST_RELATIVE = 1e-3
RATE_BYTES_HZ = 400_000
NOTHING_YET = {"RECORDING_EMPTY", "SESSION_START", "RECORDING_SETUP"}
_MOST_S = 300.0


@dataclass(frozen=True)
class Ended:
    """Where a session was cut off, the windows whose joules were compared, and what was lost, in s."""

    where: str
    windows: int
    lost_s: float


@dataclass(frozen=True)
class Session:
    """One that nobody cut off: seconds before its recording began, and from there to its end; raw bytes."""

    before_s: float
    recorded_s: float
    size_bytes: int


def whole(rig: EmulatedRig, out: Path) -> Session:
    """A session that nobody cuts off."""
    with _measuring(rig, out, checks=True) as child:
        began_s = time.monotonic()
        _await_recording(child, out)
        recording_s = time.monotonic()
        said, _ = child.communicate(timeout=_MOST_S)
        ended_s = time.monotonic()
    assert (out / MANIFEST).is_file(), said
    size_bytes = (out / RAW / BYTES).stat().st_size
    return Session(recording_s - began_s, ended_s - recording_s, size_bytes)


def _await_recording(child: subprocess.Popen[str], out: Path) -> None:
    while not (out / RAW / BYTES).is_file():
        assert child.poll() is None, child.communicate()[0]
        time.sleep(0.01)


@contextmanager
def _measuring(
    rig: EmulatedRig, out: Path, most: int | None = None, *, checks: bool = False
) -> Iterator[subprocess.Popen[str]]:
    child = rig.measure(out, most, checks=checks)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def kill(rig: EmulatedRig, out: Path, after_s: float) -> Ended:
    """SIGKILL ``after_s`` after the recording's begin; where that is negative, so long before it at most."""
    known = len(rig.truths())
    with _measuring(rig, out, checks=after_s < 0) as child:
        if after_s >= 0:
            _await_recording(child, out)
        with suppress(subprocess.TimeoutExpired):
            child.wait(abs(after_s))
        killed_s = time.monotonic()
    return _judge(rig, out, killed_s, known)


def fill(rig: EmulatedRig, out: Path, most: int) -> Ended:
    """No file can have more than ``most`` bytes, and the raw data come to more."""
    known = len(rig.truths())
    with _measuring(rig, out, most) as child:
        said, _ = child.communicate(timeout=_MOST_S)
    error = json.loads(said)["error"]
    assert (child.returncode, error["code"]) == (3, "OUTPUT"), error
    size = (out / RAW / BYTES).stat().st_size
    assert most - MOST_LOST_S * RATE_BYTES_HZ < size <= most, (size, most)
    return _judge(rig, out, rig.relay.sent_at(most), known)


def die(rig: EmulatedRig, out: Path, after_s: float | None) -> Ended:
    """The emulator is killed ``after_s`` after the recording's begin, or does itself what its faults say."""
    known = len(rig.truths())
    with _measuring(rig, out) as child:
        if after_s is not None:
            _await_recording(child, out)
            with suppress(subprocess.TimeoutExpired):
                child.wait(after_s)
            rig.kill()
        said, _ = child.communicate(timeout=_MOST_S)
        ended_s = min(time.monotonic(), rig.relay.gone_s)
    document = json.loads(said)
    assert child.returncode == (5 if "error" in document else 0), said
    code = f" ({document['error']['code']})" if "error" in document else ""
    ended = _judge(rig, out, ended_s, known)
    return replace(ended, where=ended.where + code)


def _judge(rig: EmulatedRig, out: Path, ended_s: float, known: int) -> Ended:
    """Look at what is left of the session that ended at ``ended_s`` (time.monotonic()), and recover it."""
    if not (out / RAW / BYTES).is_file():
        if out.is_dir():
            code, said = ask("session", "recover", out)
            assert (code, said["error"]["code"]) == (3, "RECOVER_NOTHING"), said
        return Ended("before the recording", 0, 0.0)
    if rig.relay.started_s < _made_s(out / RAW / SETUP):
        assert not (out / RAW / BYTES).read_bytes()
        return Ended("before the meter's start", 0, 0.0)
    on_disk, sent = (out / RAW / BYTES).read_bytes(), rig.relay.stream()
    assert sent.startswith(on_disk), f"{out.name}: the raw data are not what was sent"
    due = rig.relay.sent_by(ended_s - MOST_LOST_S)
    assert len(on_disk) >= due, f"{out.name}: of {due:,} bytes {len(on_disk):,} are on disk"
    lost_s = max(0.0, ended_s - rig.relay.sent_at(len(on_disk)))
    where = "finished"
    if not (out / MANIFEST).is_file():
        code, said = ask("session", "recover", out)
        if code not in (0, 4):
            assert said["error"]["code"] in NOTHING_YET, said
            return Ended("at the first samples", 0, lost_s)
        where = "recovered"
    code, said = ask("session", "verify", out)
    assert code == 0, said
    assert recompute(out).is_equal
    windows = _compare(out, rig.truths()[known:])
    return Ended(f"{where}, {'joules' if windows else 'no joules'}", windows, lost_s)


def _made_s(path: Path) -> float:
    """When a file was written, by time.monotonic()."""
    return path.stat().st_mtime - (time.time() - time.monotonic())


def _compare(out: Path, truths: list[dict[str, float]]) -> int:
    """How many windows the session gives joules of; each must be a window of the emulator's, to 0.1 %."""
    windows = json.loads((out / ENERGY).read_bytes())["windows"]
    for one in windows:
        joules = one["gross_j_per_inference"] * one["inferences"]
        near = [true for true in truths if abs(true["end_s"] - true["start_s"] - one["duration_s"]) < 1e-4]
        assert any(abs(joules / true["energy_j"] - 1) < MOST_RELATIVE for true in near), (one, near)
    return len(windows)
