"""``tinykit run`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np


def test_outputs_counts_and_check(tinykit, digits, tmp_path: Path, checkout: Path) -> None:
    schema = json.loads((checkout / "tinykit/data/schemas/run.v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    words = ["run", digits.tflite, "--on", "virtual-m4", "--input", digits.eval, "--limit", "3", "--check"]
    done = tinykit(*words, "--json", "-o", tmp_path / "y.npy")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    jsonschema.validate(document, schema)
    assert document["check"]["state"] == "equal"
    assert document["result"]["simulated"] is True
    assert document["result"]["cycles"] > document["result"]["instructions"] > 10_000
    assert np.load(tmp_path / "y.npy").tolist() == document["outputs"][0]["values"]
    shown = tinykit(*words, "--layers")
    assert shown.code == 0
    for text in ("SIMULATED", "modelled", "tk_layer_00_conv_2d", "all 30 output bytes equal"):
        assert text in shown.out


def test_a_difference_ends_with_exit_code_4_and_still_shows_the_figures(tinykit, digits, monkeypatch) -> None:
    def wrong(runtime, model, x, *, output=0, **words):
        return np.zeros((len(x), 10), np.int8)

    monkeypatch.setattr("tinykit.runtime.infer", wrong)
    done = tinykit("run", digits.tflite, "--on", "virtual-m4", "--check", "--json")
    document = json.loads(done.out)
    assert done.code == 4
    assert document["error"]["code"] == "CHECK_DIFFERENT"
    assert document["check"]["bytes_different"] > 0
    assert document["result"]["instructions"] > 0


def test_a_place_that_is_not_there(tinykit, digits) -> None:
    assert tinykit("run", digits.tflite, "--on", "moon:virtual-m4").code == 3
    assert tinykit("run", digits.tflite, "--on", "virtual-m9").code == 3


def test_the_build_can_be_kept(tinykit, digits, tmp_path: Path) -> None:
    done = tinykit("run", digits.tflite, "--on", "virtual-m0", "--keep", tmp_path / "kept")
    assert done.code == 0, done.err
    assert (tmp_path / "kept" / "firmware.elf").is_file()
