"""Whole rigs on the bench: what the rig check finds, what a session keeps, and joules in odd conditions."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
from pathlib import Path

import jsonschema
import pytest
from emulated import Emulated, measure, rig_of, verdicts

from tinykit.errors import DeviceError
from tinykit.lab.manifest import read_manifest, verify
from tinykit.lab.recompute import recompute
from tinykit.lab.report import SessionReport
from tinykit.lab.rig_session import RigReport, rig_check

pytestmark = pytest.mark.slow


def checked(digits, emulated: Emulated, meter: str, **words) -> RigReport:
    return rig_check(digits.tflite, *rig_of(emulated, meter, **words))


def states(report: RigReport) -> dict[str, str]:
    return {one.name: one.state for one in report.checks}


def true_windows(emulated: Emulated, report: SessionReport) -> float:
    """The true mean energy of an inference over the session's windows."""
    energy = report.analysis.energy
    assert energy is not None
    truths = emulated.true_j(energy.windows[0].inner.duration_s)[-len(energy.windows) :]
    return sum(truths) / len(truths) / energy.windows[0].inferences


@pytest.mark.parametrize("meter", ["ppk2", "lpm01a"])
def test_a_sound_rig_passes_and_says_what_it_could_not_check(emulate_rig, digits, checkout, meter) -> None:
    report = checked(digits, emulate_rig("--meter", meter, "--seed", "1"), meter)
    schema = json.loads((checkout / "tinykit/data/schemas/rig.v1.schema.json").read_text())
    jsonschema.validate(report.to_dict(), schema)
    assert report.failures == ()
    found = states(report)
    passed = {"back-powering", "serial", "debugger", "firmware", "samples", "marker", "clock", "range"}
    assert {name for name, state in found.items() if state == "pass"} >= passed
    assert found["voltage"] == "not_checked"
    assert "not measure" in next(one.text for one in report.checks if one.name == "voltage")


@pytest.mark.parametrize(
    ("fault", "check", "word"),
    [
        ("back-powered", "back-powering", "output off"),
        ("double-marker", "marker", "bounces"),
        ("late-marker", "clock", "allowed"),
        ("lost-64", "clock", "allowed"),
    ],
)
def test_what_would_spoil_a_session_is_found_before_it(emulate_rig, digits, fault, check, word) -> None:
    emulated = emulate_rig("--meter", "ppk2", "--faults", fault)
    report = checked(digits, emulated, "ppk2")
    assert states(report)[check] == "fail"
    assert word in " ".join(report.failures)
    with pytest.raises(DeviceError) as caught:
        measure(digits, emulated, "ppk2")
    assert caught.value.code == "RIG"
    assert not list((emulated.ports.parent / "session").iterdir()), "the folder can be used again"


def test_a_current_that_is_too_high_for_the_meter_is_found(emulate_rig, digits) -> None:
    report = checked(digits, emulate_rig("--meter", "ppk2", "--power", "active=3.2W"), "ppk2")
    assert states(report)["range"] == "fail"


def test_another_firmware_than_the_one_built_is_found(emulate_rig, digits, tmp_path) -> None:
    from tinykit.boards import load_board
    from tinykit.compiler.image import build_model

    other = build_model(digits.tflite, load_board("virtual-m4"), tmp_path / "other")
    assert other.image is not None
    emulated = emulate_rig("--meter", "ppk2")
    report = checked(digits, emulated, "ppk2", firmware=other.image.elf)
    assert states(report)["firmware"] == "fail"
    session = measure(digits, emulated, "ppk2", firmware=other.image.elf, rig_check=False)
    assert "FIRMWARE" in verdicts(session)
    assert session.headline is None


def test_a_session_keeps_its_serial_log_and_the_emulators_clock(emulate_rig, digits, tmp_path) -> None:
    emulated = emulate_rig("--meter", "ppk2", "--seed", "1")
    report = measure(digits, emulated, "ppk2")
    listed = read_manifest(report.folder)["files"]
    assert {"serial.log", "raw/clock.bin"} <= set(listed)
    assert verify(report.folder) == ()
    assert recompute(report.folder).is_equal
    lines = [line.split(" ", 2) for line in (report.folder / "serial.log").read_text().splitlines()[1:]]
    times = [float(one[0]) for one in lines]
    assert times == sorted(times)
    said = "".join(text for _, way, text in lines if way == ">")
    assert said.index("name%") < said.index("tk info%") < said.index("tk go%")
    heard = "".join(text for _, way, text in lines if way == "<")
    assert heard.count("m-tk-done-[") >= 2
    finding = next(one for one in report.analysis.verdict.findings if one.code == "FIRMWARE")
    assert finding.state == "pass"
    shutil.rmtree(report.folder)


def test_a_step_of_the_hosts_clock_does_not_matter(emulate_rig, digits, monkeypatch) -> None:
    """As NTP or a user sets it: a day back, or forth, each time that somebody asks."""
    now, steps = time.time(), itertools.count()
    monkeypatch.setattr(time, "time", lambda: now + 86400.0 * (-1) ** next(steps))
    emulated = emulate_rig("--meter", "ppk2", "--seed", "1")
    report = measure(digits, emulated, "ppk2")
    assert verdicts(report) == set()
    assert report.analysis.energy is not None
    low, high = report.analysis.energy.gross.interval()
    assert low < true_windows(emulated, report) < high
    assert recompute(report.folder).is_equal


def test_a_machine_that_is_too_busy_for_pace_real_loses_time_and_no_samples(emulate_rig, digits) -> None:
    """With the slow meter: its queue outlasts a host that is busy too; the PPK2's 0.16 s need not."""
    meter = "lpm01a"
    emulated = emulate_rig("--meter", meter, "--seed", "1", "--pace", "real")
    ended = threading.Event()

    def disturb() -> None:
        while not ended.wait(1.5):
            emulated.stand_still(0.4)

    busy = threading.Thread(target=disturb)
    busy.start()
    try:
        report = measure(digits, emulated, meter, windows=3, seconds=2.0, state_s=1.5)
    finally:
        ended.set()
        busy.join()
    found = {one.code: one for one in report.analysis.verdict.findings}
    assert found["RATE"].state == "pass", found["RATE"].text
    assert found["LOSS"].state == "pass"
    assert verdicts(report) == set()
    assert report.analysis.energy is not None
    low, high = report.analysis.energy.gross.interval()
    assert low < true_windows(emulated, report) < high


def test_pulses_of_a_converter_are_summed_right(emulate_rig, digits) -> None:
    """100 kHz pulses meet 100,000 samples a second: the meter averages, and the budget holds."""
    errors = "gain,offset,voltage,clock,noise,garbage,skew,drift,decoupling,dcdc"
    emulated = emulate_rig("--meter", "ppk2", "--seed", "2", "--errors", errors)
    report = measure(digits, emulated, "ppk2")
    assert verdicts(report) == set()
    assert report.analysis.energy is not None
    low, high = report.analysis.energy.gross.interval()
    assert low < true_windows(emulated, report) < high
    assert high - low < 0.06 * low


def test_sleep_is_inside_its_interval(emulate_rig, digits) -> None:
    """Microwatts beside milliwatts: another range, where the offset is what counts."""
    emulated = emulate_rig("--meter", "ppk2", "--seed", "3", "--power", "sleep=60uW")
    report = measure(digits, emulated, "ppk2", states=("idle", "sleep"))
    assert verdicts(report) == set()
    for name, true_w in (("idle", 0.015), ("sleep", 60e-6)):
        low, high = report.analysis.states[name].interval()
        assert low < true_w < high, name
    low, high = report.analysis.states["sleep"].interval()
    assert high - low < 0.2 * 60e-6


def test_an_ammeter_in_the_supply_of_another(emulate_rig, digits) -> None:
    """The emulated board then lives from 3.3 V, which the meter lets through and does not know."""
    emulated = emulate_rig("--meter", "ppk2", "--seed", "4")
    words = {"mode": "ammeter", "voltage_v": 3.3, "voltage_source": "multimeter"}
    report = measure(digits, emulated, "ppk2", **words)
    assert verdicts(report) == set()
    assert report.analysis.trace.supply is not None
    assert report.analysis.trace.supply.kind == "measured"
    assert report.analysis.energy is not None
    low, high = report.analysis.energy.gross.interval()
    assert low < true_windows(emulated, report) < high


def test_an_ammeter_told_another_voltage_is_wrong_by_as_much(emulate_rig, digits, tmp_path: Path) -> None:
    """The negative control: nothing here could pass with any voltage."""
    emulated = emulate_rig("--meter", "ppk2", "--seed", "4")
    report = measure(digits, emulated, "ppk2", mode="ammeter", voltage_v=3.0, voltage_source="a guess")
    assert report.analysis.energy is not None
    assert report.analysis.energy.gross.value == pytest.approx(
        true_windows(emulated, report) * 3.0 / 3.3, rel=0.02
    )
