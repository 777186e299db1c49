"""``tinykit demo``: the plain commands, run for real."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tinykit.cli import demo


def _valid(text: str, checkout: Path) -> dict:
    document = json.loads(text)
    schema = json.loads((checkout / "tinykit/data/schemas/demo.v1.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    return document


@pytest.mark.slow
def test_each_command_is_printed_and_what_serves_goes_on_beside_the_rest(
    tinykit, digits, tmp_path, monkeypatch
):
    ports = str(tmp_path / "ports")
    model = str(digits.tflite)
    emulate = ("emulate", "--board", "virtual-m4", "--model", model, "--pace", "fast", "--ports", ports)
    run = (
        "run",
        model,
        "--on",
        f"{ports}/board",
        "--input",
        str(digits.eval),
        "--limit",
        "2",
        "--seconds",
        "0.2",
    )
    steps = (demo.Step("It serves:", emulate, serves=True), demo.Step("It is used:", run))
    monkeypatch.setattr(demo, "steps", lambda out: steps)
    ran = tinykit("demo", "-o", tmp_path / "made here")
    assert ran.code == 0, ran.err
    assert re.findall(r"^\$ tinykit (\w+) .*?( &)?$", ran.out, flags=re.MULTILINE) == [
        ("emulate", " &"),
        ("run", ""),
    ]
    assert not (tmp_path / "ports" / "board").is_symlink(), "the emulated board is gone"


@pytest.mark.slow
def test_the_demo_as_one_json_document(process, checkout, tmp_path):
    ran = process("demo", "--json", "-o", tmp_path, timeout_s=600)
    assert ran.code == 0, ran.err
    document = _valid(ran.out, checkout)
    assert [step["command"][1] for step in document["steps"]] == [
        "convert",
        "inspect",
        "build",
        "run",
        "emulate",
        "run",
        "emulate",
        "measure",
    ]
    assert {step["exit_code"] for step in document["steps"]} == {0}
    assert [step["result"]["schema"] for step in document["steps"]] == [
        "tinykit.conversion",
        "tinykit.inspect",
        "tinykit.build",
        "tinykit.run",
        "tinykit.emulate",
        "tinykit.run",
        "tinykit.emulate",
        "tinykit.measure",
    ]
    measured = document["steps"][-1]["result"]
    assert measured["simulated"] is True
    assert measured["verdict"]["state"] == "pass"
    low, high = measured["headline"]["interval95"]
    assert 0 < low < high < 2 * low
    for run in (document["steps"][3]["result"], document["steps"][5]["result"]):
        assert run["result"]["simulated"] is True
        assert run["check"]["state"] == "equal"
    assert not (tmp_path / "ports" / "board").is_symlink(), "the emulated board is gone"


def test_a_step_that_fails_ends_the_demo_with_its_exit_code(tinykit, checkout, tmp_path, monkeypatch):
    missing = demo.Step("Nothing is there:", ("inspect", str(tmp_path / "missing.tflite")))
    never = demo.Step("Not reached:", ("doctor",))
    monkeypatch.setattr(demo, "steps", lambda out: (missing, never))
    ran = tinykit("demo", "--json", "-o", tmp_path)
    document = _valid(ran.out, checkout)
    assert ran.code == 3
    assert [step["exit_code"] for step in document["steps"]] == [3]
    assert document["error"]["code"] == "DEMO_STEP"


def test_a_folder_that_cannot_be_made_is_refused(tinykit, tmp_path):
    (tmp_path / "file").write_text("")
    ran = tinykit("demo", "-o", tmp_path / "file" / "below")
    assert ran.code == 3
    assert "cannot be made" in ran.err


def test_commands_are_printed_from_here(tmp_path, monkeypatch, digits):
    monkeypatch.chdir(digits.folder.parent)
    convert, inspect, build, run, *_ = demo.steps(tmp_path)
    assert convert.line.startswith(
        "tinykit convert digits/digits.keras --calibration digits/calibration.npz "
    )
    assert inspect.words[-1] == str(tmp_path / "digits.tflite")
    assert build.words[-1] == str(tmp_path / "firmware")
    assert "--input digits/eval.npz --check" in run.line
