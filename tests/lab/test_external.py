"""Somebody's firmware at a real driver's port: windows and phases by its pins, what is missing said early."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from sessions import BOUND, QUIET

import tinykit as package
from tinykit.bench.meters.ppk2 import EmulatedPpk2
from tinykit.bench.meters.ppk2_server import Ppk2Server
from tinykit.errors import RecordingError, UsageError
from tinykit.lab.external import Marks
from tinykit.lab.external_session import Watch, measure_external
from tinykit.lab.manifest import MANIFEST, verify
from tinykit.lab.options import MeasureOptions
from tinykit.lab.phase_map import PhaseMap
from tinykit.lab.recompute import recompute
from tinykit.lab.recover import recover
from tinykit.lab.report import SessionReport
from tinykit.lab.store import open_session
from tinykit.meters.meter import MeterPort
from tinykit.progress import Progress

V = 3.0
CODING = PhaseMap(((1, "sense"), (3, "infer"), (2, "radio")), ("D0", "D1"), "sense")
CYCLE = ((0, 0.020, 20e-6), (1, 0.010, 4e-3), (3, 0.020, 12e-3), (2, 0.010, 9e-3))
"""(code, seconds, amperes), again and again."""
SCHEMAS = Path(package.__file__).parent / "data" / "schemas"


def cycling(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = np.cumsum([seconds for _, seconds, _ in CYCLE])
    which = np.searchsorted(ends, times_s % ends[-1], side="right").clip(max=len(CYCLE) - 1)
    amperes = np.array([a for _, _, a in CYCLE])[which]
    return amperes, np.array([code for code, _, _ in CYCLE], np.uint8)[which]


def still(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(times_s), 4e-3), np.zeros(len(times_s), np.uint8)


Serve = Callable[..., MeterPort]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[Ppk2Server] = []

    def start(profile: Any = cycling) -> MeterPort:
        at = f"pty:{tmp_path}/meter", f"pty:{tmp_path}/shell"
        started.append(Ppk2Server(EmulatedPpk2(errors=QUIET), profile, *at).__enter__())
        return MeterPort("ppk2", started[-1].port)

    yield start
    for one in started:
        one.__exit__(None, None, None)


@pytest.fixture
def options(tmp_path: Path) -> MeasureOptions:
    (tmp_path / "calibration.json").write_text(json.dumps(BOUND.to_dict()))
    return MeasureOptions(tmp_path / "out", voltage_v=V, calibration=tmp_path / "calibration.json")


def states(report: SessionReport) -> dict[str, str]:
    return {one.code: one.state for one in report.analysis.verdict.findings}


def follows(document: dict[str, Any]) -> None:
    name = document["schema"].removeprefix("tinykit.")
    schema = json.loads((SCHEMAS / f"{name}.v{document['schema_version']}.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(document)), schema)


def test_windows_of_a_pin_give_joules_without_serial(serve: Serve, options: MeasureOptions) -> None:
    watch = Watch(Marks("D1", inferences=10), windows=4, short_asked=True)
    report = measure_external(watch, serve(), options)
    true_j = V * (12e-3 * 0.020 + 9e-3 * 0.010) / 10
    assert report.headline is not None
    assert report.headline.value == pytest.approx(true_j, rel=5e-3)
    low, high = report.headline.interval()
    assert low < true_j < high
    assert len(report.analysis.windows) >= 4
    found = states(report)
    for code in ("MODEL", "FIRMWARE", "OUTPUTS", "DURATION_MISMATCH", "MARKER_COUNT"):
        assert found[code] == "not_checked", code
    assert found["COMPLETE"] == "pass"
    assert found["WINDOW_SHORT"] == "warn"
    assert verify(options.out) == ()
    assert recompute(options.out).is_equal
    follows(report.to_dict())
    follows(json.loads((options.out / MANIFEST).read_text()))


def test_a_window_under_ten_seconds_must_be_meant(serve: Serve, options: MeasureOptions) -> None:
    report = measure_external(Watch(Marks("D1", inferences=10), windows=1), serve(), options)
    assert states(report)["WINDOW_SHORT"] == "fail"
    assert report.headline is None


@pytest.mark.slow
def test_phases_are_a_ledger_in_the_same_folder(serve: Serve, options: MeasureOptions) -> None:
    watch = Watch(Marks(inferences=5, phases=CODING), windows=6, short_asked=True)
    report = measure_external(watch, serve(), options)
    ledger = report.analysis.ledger
    assert ledger is not None
    assert ledger.cycles >= 6
    assert ledger.closes
    names = {1: "sense", 3: "infer", 2: "radio", 0: "unmarked"}
    for code, seconds, amperes in CYCLE:
        energy = next(line.energy_j for line in ledger.lines if line.name == names[code])
        assert energy is not None
        low, high = energy.interval()
        assert low < V * seconds * amperes < high
    assert report.headline is not None
    assert report.headline.value == pytest.approx(V * 12e-3 * 0.020 / 5, rel=5e-3)
    assert states(report)["PHASES"] == "pass"
    stored = open_session(options.out)
    assert stored.ledger is not None
    assert stored.ledger.to_dict() == ledger.to_dict()
    assert {"phases.json", "ledger.csv"} <= set(stored.manifest["files"])
    again = recompute(options.out, write=True)
    assert again.is_equal
    assert "phase radio" in {one.name for one in again.quantities}
    assert verify(options.out) == ()
    follows(report.to_dict())
    follows(json.loads((options.out / "phases.json").read_text()))
    follows(open_session(options.out).to_dict())


@pytest.mark.slow
def test_the_ledger_is_checked_with_the_other_results(serve: Serve, options: MeasureOptions) -> None:
    measure_external(Watch(Marks(phases=CODING), windows=2, short_asked=True), serve(), options)
    path = options.out / "phases.json"
    path.write_text(path.read_text().replace('"sense"', '"sleep"'))
    with pytest.raises(RecordingError) as caught:
        open_session(options.out, raw=False)
    assert caught.value.code == "SESSION_DAMAGED"


class Told(Progress):
    """Keeps warnings, with the time of the recording at which they came."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, str, str]] = []

    def warn(self, code: str, message: str, hint: str = "") -> None:
        self.warnings.append((code, message, hint))


def test_a_pin_that_never_moves_is_said_early_and_refused_at_the_end(
    serve: Serve, options: MeasureOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinykit.lab import external_session

    monkeypatch.setattr(external_session, "EARLY_S", 0.2)
    told = Told()
    with pytest.raises(RecordingError) as caught:
        measure_external(Watch(Marks("D3", inferences=1), seconds=0.8), serve(still), options, told)
    assert caught.value.code == "MARKER_MISSING"
    assert [code for code, _, _ in told.warnings] == ["MARKER_MISSING"]
    assert "wire the pin" in told.warnings[0][2]
    assert not (options.out / MANIFEST).exists()
    assert (options.out / "raw" / "meter.bin").stat().st_size > 0


def test_another_line_that_moves_is_named(
    serve: Serve, options: MeasureOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinykit.lab import external_session

    monkeypatch.setattr(external_session, "EARLY_S", 0.2)
    told = Told()
    with pytest.raises(RecordingError):
        measure_external(Watch(Marks("D3", inferences=1), seconds=0.8), serve(), options, told)
    assert "D0, D1 move" in told.warnings[0][1]


def test_nobody_waits_for_ever(
    serve: Serve, options: MeasureOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinykit.lab import external_session

    monkeypatch.setattr(external_session, "PATIENCE_S", 0.5)
    with pytest.raises(RecordingError) as caught:
        measure_external(Watch(Marks("D0", inferences=1), windows=5), serve(still), options)
    assert "No edge on D0" in caught.value.message


@pytest.mark.slow
def test_ctrl_c_ends_a_session_in_order(serve: Serve, options: MeasureOptions) -> None:
    class Counting(Told):
        def advance(self, steps: int = 1) -> None:
            if steps > 0 and not self.warnings:
                self.warnings.append(("", "", ""))
                threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,)).start()

    watch = Watch(Marks(phases=CODING), windows=None, seconds=600.0, short_asked=True)
    report = measure_external(watch, serve(), options, Counting())
    assert report.facts["external"]["ended"] == "user"
    assert states(report)["COMPLETE"] == "not_checked"
    assert report.analysis.ledger is not None


@pytest.mark.slow
def test_a_session_that_was_cut_off_is_recovered(serve: Serve, options: MeasureOptions) -> None:
    watch = Watch(Marks(phases=CODING), windows=3, short_asked=True)
    report = measure_external(watch, serve(), options)
    for name in (MANIFEST, "energy.json", "windows.csv", "calibration.json", "phases.json", "ledger.csv"):
        (options.out / name).unlink()
    result = recover(options.out)
    assert report.analysis.ledger is not None
    assert result.report.analysis.ledger is not None
    assert result.report.analysis.ledger.cycles == report.analysis.ledger.cycles
    assert states(result.report)["COMPLETE"] == "warn"
    follows(result.to_dict())


@pytest.mark.parametrize(
    ("meter", "marks", "code"),
    [
        ("lpm01a", Marks("D7", inferences=1), "MARKER_LEVEL"),
        ("lpm01a", Marks(phases=CODING), "METER_LINE"),
        ("stlink-v3pwr", Marks("D0", inferences=1), "METER_LINE"),
        ("ppk2", Marks(phases=replace(CODING, lines=("D0", "D8"))), "METER_LINE"),
    ],
)
def test_what_a_meter_cannot_see_is_refused_before_it_is_opened(
    options: MeasureOptions, meter: str, marks: Marks, code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        measure_external(Watch(marks), MeterPort(meter, "/dev/nothing"), options)
    assert caught.value.code == code
    assert not options.out.exists()
