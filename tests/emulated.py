"""A running ``tinykit emulate --meter``, and a session on it: for tests of whole rigs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tinykit.config import Config
from tinykit.lab.options import MeasureOptions
from tinykit.lab.report import SessionReport
from tinykit.lab.session import measure as run_session
from tinykit.meters.meter import MeterPort
from tinykit.running.targets import Target, find_targets

V = 3.0


class Emulated:
    """A running ``tinykit emulate --meter``."""

    def __init__(self, ports: Path, *words: str) -> None:
        self.ports, self.truth = ports, ports.parent / "truth.jsonl"
        words = (*words, "--ports", str(ports), "--truth", str(self.truth))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinykit", "emulate", "--board", "virtual-m4", "--quiet", *words],
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.ready: dict[str, Any] = json.loads(line)

    def true_j(self, seconds: float) -> list[float]:
        """True energies of the windows that last so long (within 1 %), in order."""
        windows = [json.loads(line) for line in self.truth.read_text().splitlines()]
        return [w["energy_j"] for w in windows if abs(w["end_s"] - w["start_s"] - seconds) < 0.01 * seconds]

    def stand_still(self, seconds: float) -> None:
        """As on a machine that is busy with other things."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)


def rig_of(emulated: Emulated, meter: str, **words: Any) -> tuple[Target, MeterPort, MeasureOptions]:
    """What `measure` and `rig_check` are given, beside the model."""
    (target,) = find_targets([str(emulated.ports / "board")], Config(), baud=emulated.ready["baud"])
    out = emulated.ports.parent / "session"
    options = MeasureOptions(out, **{"windows": 2, "seconds": 0.4, "state_s": 0.6, "voltage_v": V, **words})
    return target, MeterPort(meter, str(emulated.ports / "meter")), options


def measure(digits: Any, emulated: Emulated, meter: str, **words: Any) -> SessionReport:
    """Two short windows; the session's folder is beside the ports."""
    return run_session(digits.tflite, *rig_of(emulated, meter, **words))


def verdicts(report: SessionReport) -> set[str]:
    """The codes that failed."""
    return {one.code for one in report.analysis.verdict.findings if one.state == "fail"}
