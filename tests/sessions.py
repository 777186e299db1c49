"""Session folders of a real recorder and an emulated PPK2 with a known current: true joules are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ppk2_words import metadata

from tinykit.bench.meters.ppk2 import BASE_HZ, EmulatedPpk2, Ppk2Errors, Ppk2Faults
from tinykit.lab.analysis import Known, analyse
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.finish import finish
from tinykit.lab.recorder import FILES, Recorder
from tinykit.lab.report import SessionReport
from tinykit.lab.start import START, Start, read_start, write_start
from tinykit.meters import Instrument, MeterSettings, MeterSetup, find_meter

V = 3.0
NO_FAULTS = Ppk2Faults()
QUIET = Ppk2Errors(noise_lsb=0.0, garbage=0)
PPK2 = find_meter("ppk2")


@dataclass(frozen=True)
class Script:
    """Idle, then ``windows`` bursts with the marker high, then idle: seconds, amperes, D0."""

    windows: int = 3
    active_s: float = 0.08
    guard_s: float = 0.02
    idle_s: float = 0.1
    active_a: float = 12e-3
    idle_a: float = 20e-6
    inferences: int = 10

    def parts(self) -> Iterator[tuple[str, float, float, int]]:
        """(kind, seconds, amperes, marker); "" between phases."""
        yield "", self.guard_s, self.idle_a, 0
        yield "idle", self.idle_s, self.idle_a, 1
        for _ in range(self.windows):
            yield "", 2 * self.guard_s, self.idle_a, 0
            yield "infer", self.active_s, self.active_a, 1
        yield "", 2 * self.guard_s, self.idle_a, 0
        yield "idle", self.idle_s, self.idle_a, 1
        yield "", 2 * self.guard_s, self.idle_a, 0

    def count(self, kind: str) -> int:
        """How many inferences run in a phase of this kind."""
        return self.inferences if kind == "infer" else 0

    @property
    def gross_j(self) -> float:
        """True energy of an inference."""
        return V * self.active_a * self.active_s / self.inferences

    @property
    def net_j(self) -> float:
        """The same, less idle."""
        return V * (self.active_a - self.idle_a) * self.active_s / self.inferences


SCRIPT = Script()


class ScriptedMeter:
    """The emulated PPK2's bytes without a port: what the recorder reads is what the script fed."""

    def __init__(self, setup: MeterSetup, emulated: EmulatedPpk2) -> None:
        self.setup, self.emulated = setup, emulated
        self._waiting: list[bytes] = []

    def feed(self, amperes: float, marker: int, seconds: float) -> None:
        n = round(seconds * BASE_HZ)
        self._waiting.append(self.emulated.feed(np.full(n, amperes), np.full(n, marker, np.uint8)))

    def start(self) -> None:
        self.emulated.receive(b"\x0c\x01\x06")

    def read(self, timeout_s: float = 0.1) -> bytes:
        return self._waiting.pop(0) if self._waiting else b""

    def stop(self) -> bytes:
        left, self._waiting = b"".join(self._waiting), []
        return left

    def close(self) -> None:
        return None


def setup_of(emulated: EmulatedPpk2, voltage_v: float = V) -> MeterSetup:
    text = metadata(emulated.unit).decode()
    instrument = Instrument("ppk2", "Nordic PPK2", "7", "", "test", emulated=True)
    return MeterSetup("ppk2", instrument, MeterSettings("source", voltage_v), text)


BOUND = Calibration(
    "ppk2#7",
    "ppk2",
    "declared by the test",
    True,
    (Term("gain", "normal", 0.002), Term("voltage", "normal", 0.001), Term("timebase", "normal", 1e-5)),
)


def declare_emulator(folder: Path, **more: object) -> None:
    """The file ``emulator.json`` beside ports in ``folder``: a PPK2 whose errors are `BOUND`."""
    head = {"schema": "tinykit.emulator", "schema_version": 1, "board": "virtual-m4", "meter": "ppk2"}
    declared = {**head, "calibration": BOUND.to_dict(), "clock_tolerance": 1e-4, **more}
    (folder / "emulator.json").write_text(json.dumps(declared))


def record(
    folder: Path,
    script: Script = SCRIPT,
    errors: Ppk2Errors = QUIET,
    faults: Ppk2Faults = NO_FAULTS,
    calibration: Calibration = BOUND,
    seed: int = 0,
) -> Known:
    """Record ``script`` into ``folder`` as a session that was killed right after its last sample."""
    emulated = EmulatedPpk2(errors=errors, faults=faults, seed=seed)
    setup = setup_of(emulated)
    known = Known(calibration, f"session {folder.name} {seed}", True, script.guard_s * 0.9, 1e-3, True)
    facts = {
        "started_unix_s": 1.8e9 + seed,
        "plan": {"windows": script.windows, "states": ["idle"], "seconds": script.active_s},
        "tinykit": "0.0.test",
        "model": {"name": "m.tflite", "sha256": "ab" * 32},
        "board": {"ran_on": "test", "text": "a test", "name": "virtual-m4", "firmware_sha256": ""},
        "meter": setup.to_dict(),
        "marker_line": 0,
        "notes": "",
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_start(folder, Start(known, facts, 0))
    device = ScriptedMeter(setup, emulated)
    with Recorder(folder, PPK2, device, setup) as recorder:  # type: ignore[arg-type]
        for kind, seconds, amperes, marker in script.parts():
            device.feed(amperes, marker, seconds)
            if kind:
                recorder.event("done", kind=kind, inferences=script.count(kind), board_s=seconds)
        recorder.stop()
    return known


def session(folder: Path, script: Script = SCRIPT, **words: object) -> SessionReport:
    """Record ``script`` and finish it, as ``measure`` does."""
    known = replace(record(folder, script, **words), complete=True)  # type: ignore[arg-type]
    return finish(folder, read_start(folder).facts, known, analyse(folder, known), [*FILES, START])
