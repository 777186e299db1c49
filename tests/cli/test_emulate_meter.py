"""Board and meter in one terminal, ``tinykit measure`` in another: the truth is inside, faults are seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from emulated import measure, verdicts

from tinykit.boards import load_board
from tinykit.errors import DeviceError, TinykitError


@pytest.mark.slow
@pytest.mark.parametrize("meter", ["ppk2", "lpm01a"])
def test_the_truth_is_inside_the_interval(emulate_rig, digits, checkout: Path, meter: str) -> None:
    # One draw of the errors: of all draws one in twenty lies outside by right, and coverage.py counts them.
    emulated = emulate_rig("--meter", meter, "--power", "active=60mW", "--seed", "1")
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
def test_a_fault_fails_the_verdict_and_there_is_no_number(emulate_rig, digits, meter, fault, code) -> None:
    # The rig check would find most of them before.
    report = measure(digits, emulate_rig("--meter", meter, "--faults", fault), meter, rig_check=False)
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
def test_what_breaks_a_session_off_is_named(emulate_rig, digits, meter: str, fault: str, code: str) -> None:
    emulated = emulate_rig("--meter", meter, "--faults", fault)
    with pytest.raises(DeviceError) as caught:
        measure(digits, emulated, meter, rig_check=False)
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


@pytest.mark.parametrize("option", ["--faults", "--errors"])
def test_all_names_are_listed_without_anything_else(tinykit, checkout: Path, option: str) -> None:
    done = tinykit("emulate", option, "list", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    jsonschema.validate(
        document, json.loads((checkout / "tinykit/data/schemas/emulate.v1.schema.json").read_text())
    )
    assert {"brown-out", "back-powered"} <= set(document["faults"])
    assert set(document["usual_errors"]) < set(document["errors"])
    shown = tinykit("emulate", option, "list").out
    assert all(name in shown for name in (*document["errors"], *document["faults"]))


def test_without_a_board_there_is_nothing_to_emulate(tinykit) -> None:
    done = tinykit("emulate", "--model", "m.tflite", "--ports", "d")
    assert done.code == 2
    assert "--board" in done.err
