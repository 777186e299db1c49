"""``tinykit measure``, ``rig check`` and ``meter check``, as far as no device is touched."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import tinykit as package

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"
PPK2 = ("--on", "virtual-m4", "--meter", "ppk2", "--voltage", "3.0")


def plan_of(ran):
    document = json.loads(ran.out)
    name = document["schema"].removeprefix("tinykit.")
    jsonschema.validate(document, json.loads((SCHEMAS / f"{name}.v1.schema.json").read_text()))
    return document


@pytest.mark.parametrize("words", [["measure"], ["rig", "check"]])
def test_a_dry_run_says_how_long_and_how_precise(tinykit, digits, words):
    ran = tinykit(*words, digits.tflite, *PPK2, "--dry-run", "--json")
    assert ran.code == 0
    plan = plan_of(ran)
    assert plan["missing"] == []
    assert 70 <= plan["total_s"] <= 90  # five windows and two idle stretches of 10 s, and getting there
    assert 0.09 < plan["best"] < plan["worst"] < 0.16
    assert plan["is_bound"] is False
    shown = tinykit(*words, digits.tflite, *PPK2, "--dry-run").out
    assert "1 min 15 s" in shown
    assert "only ratios on this meter" in shown


def test_what_is_missing_is_all_said_before_anything_runs(tinykit, digits, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "there").touch()
    words = [
        "--on",
        "virtual-m4",
        "--meter",
        "ppk2:/dev/no-such-port",
        "-o",
        tmp_path / "out",
        "--input",
        "no.npy",
    ]
    plan = plan_of(tinykit("measure", digits.tflite, *words, "--dry-run", "--json"))
    said = " ".join(plan["missing"])
    for word in ("voltage", "/dev/no-such-port", "no.npy", "holds files"):
        assert word in said, word
    ran = tinykit("measure", digits.tflite, *words, "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "PLAN"
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_plan_sees_a_calibration_in_a_unit_that_does_not_fit(tinykit, digits, tmp_path):
    own = tmp_path / "own.json"
    terms = [
        {"quantity": "gain", "unit": "1", "distribution": "normal", "u": 0.01, "range": None, "dof": None},
        {"quantity": "offset", "unit": "W", "distribution": "normal", "u": 1e-6, "range": None, "dof": None},
    ]
    head = {"schema": "tinykit.calibration", "schema_version": 1, "instrument": "ppk2#1", "meter": "ppk2"}
    own.write_text(json.dumps({**head, "source": "certificate 7", "is_bound": True, "terms": terms}))
    for words in ([digits.tflite, *PPK2], ["--on", "external", "--n", 3, *PPK2[2:]]):
        ran = tinykit("measure", *words, "--calibration", own, "--dry-run", "--json")
        assert "states an offset in W" in " ".join(plan_of(ran)["missing"])


def test_an_emulators_file_brings_stamp_and_calibration(tinykit, digits, tmp_path):
    from sessions import declare_emulator

    (tmp_path / "meter").touch()
    declare_emulator(tmp_path)
    words = ["--on", "virtual-m4", "--meter", f"ppk2:{tmp_path}/meter", "--voltage", "3"]
    plan = plan_of(tinykit("measure", digits.tflite, *words, "--dry-run", "--json"))
    assert plan["simulated"] is True
    assert plan["is_bound"] is True
    assert plan["best"] == pytest.approx(1.96 * (0.002**2 + 0.001**2) ** 0.5, rel=0.01)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--meter", "nothing:x"], "METER_UNKNOWN"),
        (["--meter", "ppk2", "--line", "D9"], "METER_LINE"),
        (["--meter", "ppk2", "--states", "dreaming"], "USAGE"),
        ([], "NO_METER"),
    ],
)
def test_what_nobody_knows_is_refused(tinykit, digits, words, code):
    ran = tinykit("measure", digits.tflite, "--on", "virtual-m4", *words, "--dry-run", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == code


def test_the_lpm01a_takes_its_only_line_for_the_default(tinykit, digits):
    words = ["--on", "virtual-m4", "--meter", "lpm01a", "--voltage", "3"]
    assert tinykit("measure", digits.tflite, *words, "--dry-run").code == 0


def test_a_meter_by_its_name_in_the_settings(tinykit, digits, tmp_path):
    (tmp_path / "tinykit.toml").write_text('[meters.desk]\nkind = "ppk2"\nport = "/dev/x"\nvoltage_v = 2.8\n')
    words = ["--on", "virtual-m4", "--meter", "desk", "--config", tmp_path / "tinykit.toml"]
    plan = plan_of(tinykit("measure", digits.tflite, *words, "--dry-run", "--json"))
    assert plan["missing"] == ["there is no port /dev/x"]


def test_a_meters_check_lists_its_steps(tinykit):
    words = ["ppk2", "--voltage", "3", "--resistor", "1k:0.1%", "--resistor", "39:1%"]
    document = plan_of(tinykit("meter", "check", *words, "--dry-run", "--json"))
    assert [step["ohm"] for step in document["steps"]] == [None, 1000.0, 39.0]
    assert document["steps"][1]["current_a"] == pytest.approx(3e-3)
    assert "3 mA" in tinykit("meter", "check", *words, "--dry-run").out


@pytest.mark.parametrize("value", ["1k", "1k:", "0:1%", "1k:50%", "x:1%", "1..2:1%"])
def test_a_resistor_needs_a_tolerance(tinykit, value):
    ran = tinykit("meter", "check", "ppk2", "--voltage", "3", "--resistor", value, "--dry-run", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "CHECK_VALUE"


def test_a_check_that_nobody_can_answer_is_refused(tinykit):
    ran = tinykit("meter", "check", "ppk2:/dev/x", "--voltage", "3", "--resistor", "1k:1%", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "CHECK_NOBODY"


def test_a_meters_check_writes_a_calibration(tinykit, tmp_path):
    import numpy as np

    from tinykit.bench.meters.ppk2 import EmulatedPpk2
    from tinykit.bench.meters.ppk2_server import Ppk2Server
    from tinykit.lab.calibration import load_calibration

    class Watched(EmulatedPpk2):
        starts = 0

        def receive(self, data):
            self.starts += data.count(b"\x06")
            super().receive(data)

    emulated = Watched()

    def profile(times_s):
        """A relay connects the resistor for the second step."""
        ampere = emulated.output_v / 1000.0 if emulated.starts > 1 else 0.0
        return np.full(len(times_s), ampere), np.zeros(len(times_s), np.uint8)

    at = f"pty:{tmp_path}/meter", f"pty:{tmp_path}/shell"
    words = ["--voltage", 3, "--volts", "3.0:0.5%", "--yes", "--resistor", "1k:0.1%", "--seconds", 0.3]
    with Ppk2Server(emulated, profile, *at) as server:
        ran = tinykit("meter", "check", f"ppk2:{server.port}", *words, "-o", tmp_path / "c.json", "--json")
    assert ran.code == 0, ran.out
    document = plan_of(ran)
    assert document["unchecked_ranges"] == [0, 1, 3, 4]
    assert load_calibration(tmp_path / "c.json").to_dict() == document["calibration"]
    assert tinykit("meter", "check", "ppk2:x", *words, "-o", tmp_path / "c.json").code == 3
