"""Board and meter in one terminal, ``tinykit measure`` in another: the truth is inside, faults are seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tinykit.boards import load_board
from tinykit.errors import DeviceError, TinykitError
from tinykit.lab.options import MeasureOptions
from tinykit.lab.report import SessionReport

V = 3.0
Measure = Callable[..., SessionReport]


class Emulated:
    """A running ``tinykit emulate --meter``."""

    def __init__(self, ports: Path, *words: str) -> None:
        self.ports, self.truth = ports, ports.parent / "truth.jsonl"
        words = (*words, "--ports", str(ports), "--truth", str(self.truth), "--pace", "fast")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinykit", "emulate", "--board", "virtual-m4", "--quiet", *words],
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

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def firmware(digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tinykit.compiler.image import build_model

    folder = tmp_path_factory.mktemp("energy") / "build"
    built = build_model(digits.tflite, load_board("virtual-m4"), folder, energy=True)
    assert built.image is not None
    return built.image.elf


@pytest.fixture
def emulate(firmware: Path, tmp_path: Path) -> Iterator[Callable[..., Emulated]]:
    started: list[Emulated] = []

    def start(*words: str) -> Emulated:
        started.append(Emulated(tmp_path / "ports", "--firmware", str(firmware), *words))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def measure(digits, emulated: Emulated, meter: str, **words: Any) -> SessionReport:
    from tinykit.config import Config
    from tinykit.lab.session import measure as run
    from tinykit.meters.meter import MeterPort
    from tinykit.running.targets import find_targets

    (target,) = find_targets([str(emulated.ports / "board")], Config(), baud=emulated.ready["baud"])
    out = emulated.ports.parent / "session"
    options = MeasureOptions(out, **{"windows": 2, "seconds": 0.4, "state_s": 0.6, "voltage_v": V, **words})
    return run(digits.tflite, target, MeterPort(meter, str(emulated.ports / "meter")), options)


def verdicts(report: SessionReport) -> set[str]:
    return {one.code for one in report.analysis.verdict.findings if one.state == "fail"}


@pytest.mark.slow
@pytest.mark.parametrize("meter", ["ppk2", "lpm01a"])
def test_the_truth_is_inside_the_interval(emulate, digits, checkout: Path, meter: str) -> None:
    # One draw of the errors: of all draws one in twenty lies outside by right, and coverage.py counts them.
    emulated = emulate("--meter", meter, "--power", "active=60mW", "--seed", "1")
    assert set(emulated.ready["ports"]) == {"board", "meter"}
    assert emulated.ready["baud"] == load_board("virtual-m4").uart.energy_baud
    schema = json.loads((checkout / "tinykit/data/schemas/emulator.v1.schema.json").read_text())
    jsonschema.validate(json.loads((emulated.ports / "emulator.json").read_text()), schema)
    report = measure(digits, emulated, meter)
    assert report.simulated
    assert verdicts(report) == set()
    energy = report.analysis.energy
    assert energy is not None
    inferences = energy.windows[0].inferences
    window_s = energy.windows[0].inner.duration_s
    truths = emulated.true_j(window_s)[-2:]
    true_j = sum(truths) / 2 / inferences
    low, high = energy.gross.interval()
    assert low < true_j < high
    assert high - low < 0.06 * true_j, "an interval that holds everything says nothing"
    assert true_j > 0.05 * window_s / inferences, "the power that was set is not the one that was drawn"
    low, high = report.analysis.states["idle"].interval()
    assert low < 0.015 < high
    emulated.stop()
    assert not (emulated.ports / "emulator.json").exists()
    assert not (emulated.ports / "meter").is_symlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("meter", "fault", "code"),
    [
        ("ppk2", "lost-samples", "LOSS"),
        ("ppk2", "lost-64", "DURATION_MISMATCH"),
        ("ppk2", "late-marker", "DURATION_MISMATCH"),
        ("ppk2", "double-marker", "MARKER_COUNT"),
        ("ppk2", "saturation", "SATURATED"),
        ("lpm01a", "lost-samples", "DURATION_MISMATCH"),
        ("lpm01a", "double-marker", "MARKER_COUNT"),
    ],
)
def test_a_fault_fails_the_verdict_and_there_is_no_number(emulate, digits, meter, fault, code) -> None:
    report = measure(digits, emulate("--meter", meter, "--faults", fault), meter)
    assert code in verdicts(report)
    assert report.analysis.energy is None
    assert report.headline is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("meter", "fault", "code"),
    [
        ("ppk2", "brown-out", "BOARD_RESET"),
        ("ppk2", "board-reset", "BOARD_RESET"),
        ("ppk2", "unplugged", "METER_GONE"),
        ("ppk2", "no-voltage", "BOARD_SILENT"),
        ("lpm01a", "saturation", "METER_SILENT"),
    ],
)
def test_what_breaks_a_session_off_is_named(emulate, digits, meter: str, fault: str, code: str) -> None:
    emulated = emulate("--meter", meter, "--faults", fault)
    with pytest.raises(DeviceError) as caught:
        measure(digits, emulated, meter)
    assert caught.value.code == code
    assert not (emulated.ports.parent / "session" / "energy.json").exists()


def test_unicorn_stays_in_its_process() -> None:
    code = "import sys, tinykit.cli.emulate_view, tinykit.bench.rig; sys.exit('unicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--truth", "x"],
        ["--faults", "brown-out"],
        ["--meter", "ppk2", "--faults", "nothing"],
        ["--meter", "ppk2", "--errors", "gain,bad"],
        ["--meter", "ppk2", "--power", "active=45"],
        ["--meter", "ppk2", "--power", "awake=45mW"],
        ["--meter", "ppk2", "--power", "active=nanW"],
        ["--meter", "js220"],
    ],
)
def test_what_makes_no_sense_is_a_usage_error(tinykit, words: list[str]) -> None:
    done = tinykit("emulate", "--board", "virtual-m4", "--model", "m.tflite", "--ports", "d", *words)
    assert done.code == 2
    assert done.out == ""


def test_names_of_errors_and_faults_are_read() -> None:
    from tinykit.cli.emulated_rig import read_rig

    given = {"powers": ["active=45mW", "sleep=3µW"], "truth": None, "seed": 4}
    rig = read_rig(meter="ppk2", errors="none", faults="lost-64, brown-out", **given)
    assert rig is not None
    assert dict(rig.powers_w) == {"active": 0.045, "sleep": pytest.approx(3e-6)}
    assert (rig.errors, rig.faults) == ((), ("lost-64", "brown-out"))
    with pytest.raises(TinykitError):
        read_rig(meter=None, errors=None, faults=None, **given)
