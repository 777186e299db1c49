"""``tinykit demo``: the plain commands, run for real."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tinykit.cli import demo_steps
from tinykit.cli.demo_steps import Choices, Step, find_paths
from tinykit.errors import InputError


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
    steps = (Step("It serves:", emulate, serves=True), Step("It is used:", run))
    monkeypatch.setattr(demo_steps, "steps", lambda choices, paths: steps)
    monkeypatch.setattr(demo_steps, "closing", lambda choices, paths: "The end.")
    ran = tinykit("demo", "-o", tmp_path / "made here")
    assert ran.code == 0, ran.err
    assert re.findall(r"^\$ tinykit (\w+) .*?( &)?$", ran.out, flags=re.MULTILINE) == [
        ("emulate", " &"),
        ("run", ""),
    ]
    assert re.findall(r"^\[(\d of \d)\] (.*)$", ran.out, flags=re.MULTILINE) == [
        ("1 of 2", "It serves:"),
        ("2 of 2", "It is used:"),
    ]
    assert "\nThe end.\nThe demo took " in ran.out
    assert not (tmp_path / "ports" / "board").is_symlink(), "the emulated board is gone"


def test_a_step_that_fails_ends_the_demo_with_its_exit_code(tinykit, checkout, tmp_path, monkeypatch):
    missing = Step("Nothing is there:", ("inspect", str(tmp_path / "missing.tflite")))
    never = Step("Not reached:", ("doctor",))
    monkeypatch.setattr(demo_steps, "steps", lambda choices, paths: (missing, never))
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
    choices = Choices(tmp_path)
    convert, inspect, build, run, *_ = demo_steps.steps(choices, find_paths(choices))
    assert convert.line.startswith(
        "tinykit convert digits/digits.keras --calibration digits/calibration.npz "
    )
    assert inspect.words[-1] == str(tmp_path / "digits.tflite")
    assert build.words[-1] == str(tmp_path / "firmware")
    assert "--input digits/eval.npz --limit 100 --check" in run.line


def test_the_choices_reach_the_commands(tmp_path, checkout):
    choices = Choices(tmp_path, board="virtual-m0", meter="lpm01a", model="kws", grid="FR,PL")
    steps = demo_steps.steps(choices, find_paths(choices))
    lines = {step.words[0]: step.line for step in steps}
    assert "models/kws/kws.keras" in lines["convert"]
    assert "--board virtual-m0" in lines["build"]
    assert f"--meter lpm01a:{tmp_path}/bench/meter" in lines["measure"]
    first, again = (step.line for step in steps if step.words[0] == "compare")
    assert "--grid FR,PL" in first
    assert "--payload 490" in first, "an input of kws has 49 x 10 values"
    assert f"{tmp_path}/shared/scenario.toml" in again
    assert str(tmp_path / "kws.json") in lines["report"]


def test_a_model_of_ones_own_has_its_data_beside_it(tmp_path, digits):
    mine = tmp_path / "mine"
    mine.mkdir()
    for source, name in ((digits.keras, "net.keras"), (digits.calibration, "calibration.npz")):
        (mine / name).write_bytes(source.read_bytes())
    choices = Choices(tmp_path, model=str(mine / "net.keras"))
    with pytest.raises(InputError, match=r"eval\.npz is not there") as refused:
        find_paths(choices)
    assert refused.value.code == "DEMO_MODEL"
    (mine / "eval.npz").write_bytes(digits.eval.read_bytes())
    assert find_paths(choices).model == tmp_path / "net.tflite"


def test_what_cannot_be_is_refused_before_anything_runs(tinykit, tmp_path):
    ran = tinykit("demo", "--model", "nobodys", "-o", tmp_path / "out")
    assert ran.code == 3
    assert "digits" in ran.err
    assert tinykit("demo", "--board", "virtual-m9", "-o", tmp_path / "out").code == 3
    assert not (tmp_path / "out").exists()


def test_a_second_demo_keeps_the_first_ones_session(tmp_path):
    choices = Choices(tmp_path)
    first = find_paths(choices).session
    first.mkdir()
    assert find_paths(choices).session.name == "session-2"
