"""``tinykit run`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np

from tinykit.running.oracle import Reference


def test_outputs_counts_and_check(tinykit, digits, tmp_path: Path, checkout: Path) -> None:
    schema = json.loads((checkout / "tinykit/data/schemas/run.v2.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    words = ["run", digits.tflite, "--on", "virtual-m4", "--input", digits.eval, "--limit", "3", "--check"]
    done = tinykit(*words, "--json", "-o", tmp_path / "y.npz")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    jsonschema.validate(document, schema)
    assert document["check"]["state"] == "equal"
    assert document["result"]["simulated"] is True
    assert document["result"]["counts"]["cycles"] > document["result"]["counts"]["instructions"] > 10_000
    assert np.load(tmp_path / "y.npz")["output_0"].tolist() == document["outputs"][0]["values"]
    shown = tinykit(*words, "--layers")
    assert shown.code == 0
    for text in ("SIMULATED", "modelled", "tk_layer_00_conv_2d", "all 30 output bytes equal"):
        assert text in shown.out


def test_a_difference_ends_with_exit_code_4_and_still_shows_the_figures(tinykit, digits, monkeypatch) -> None:
    wrong = Reference((np.zeros((1, 10), np.int8),), "a wrong reference")
    monkeypatch.setattr("tinykit.running.check.ask_oracle", lambda *words: wrong)
    done = tinykit("run", digits.tflite, "--on", "virtual-m4", "--check", "--json")
    document = json.loads(done.out)
    assert done.code == 4
    assert document["error"]["code"] == "CHECK_DIFFERENT"
    assert document["check"]["bytes_different"] > 0
    assert document["result"]["counts"]["instructions"] > 0


def test_a_place_that_is_not_there(tinykit, digits) -> None:
    assert tinykit("run", digits.tflite, "--on", "moon:virtual-m4").code == 3
    assert tinykit("run", digits.tflite, "--on", "virtual-m9").code == 3


def test_the_build_can_be_kept(tinykit, digits, tmp_path: Path) -> None:
    done = tinykit("run", digits.tflite, "--on", "virtual-m0", "--keep", tmp_path / "kept")
    assert done.code == 0, done.err
    assert (tmp_path / "kept" / "firmware.elf").is_file()


def test_a_labelled_set_on_the_host(tinykit, digits, tmp_path: Path, checkout: Path) -> None:
    words = ["run", digits.tflite, "--on", "host", "--eval", digits.eval, "--limit", "50", "--check"]
    done = tinykit(*words, "--seconds", "0.05", "--json", "-o", tmp_path / "y.npz")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    schema = json.loads((checkout / "tinykit/data/schemas/run.v2.schema.json").read_text())
    jsonschema.validate(document, schema)
    assert document["result"]["simulated"] is False
    assert document["result"]["windows"][0]["is_short"] is True
    assert document["evaluation"]["metric"]["name"] == "top1"
    assert sum(map(sum, document["evaluation"]["confusion"])) == 50
    shown = tinykit(*words, "--seconds", "0.05", "--layers")
    assert "layers " in shown.out
    for text in ("SHORT by choice", "top1", "first run", "label \\ said"):
        assert text in shown.out
    assert "SIMULATED" not in shown.out


def test_several_targets_and_one_that_fails(tinykit, digits, tmp_path: Path, checkout: Path) -> None:
    gone = str(tmp_path / "ttyACM7")
    words = ["run", digits.tflite, "--on", "host", "--on", f"/dev/{gone}", "--seconds", "0.01"]
    done = tinykit(*words, "--json")
    assert done.code == 5
    document = json.loads(done.out)
    schema = json.loads((checkout / "tinykit/data/schemas/runs.v1.schema.json").read_text())
    jsonschema.validate(document, schema)
    assert "result" in document["runs"][0]
    assert document["runs"][1]["error"]["code"] == "PORT_MISSING"
    assert "FAILED" in tinykit(*words).out


def test_a_name_and_a_default_of_the_configuration(tinykit, digits, tmp_path: Path) -> None:
    config = tmp_path / "tinykit.toml"
    config.write_text('[targets.here]\nport = "host"\n\n[defaults]\ntarget = "here"\n')
    words = ["run", digits.tflite, "--seconds", "0.01", "--json", "--config", config]
    assert json.loads(tinykit(*words).out)["target"] == "here"
    config.write_text("")
    assert tinykit(*words).code == 2


def test_the_outputs_name_is_checked_before_the_work(tinykit, digits, tmp_path: Path) -> None:
    done = tinykit("run", digits.tflite, "--on", "virtual-m4", "-o", tmp_path / "y.csv")
    assert done.code == 3
    assert "OUTPUT_NAME" in done.err
