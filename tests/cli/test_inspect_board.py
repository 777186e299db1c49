"""``tinykit inspect --board`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema


def test_a_model_that_fits(tinykit, digits, checkout: Path) -> None:
    schema = json.loads((checkout / "tinykit/data/schemas/inspect.v1.schema.json").read_text())
    done = tinykit("inspect", digits.tflite, "--board", "virtual-m0", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    jsonschema.validate(document, schema)
    fit = document["fit"]
    assert fit["fits"]
    assert 2048 < fit["ram_bytes"] < fit["ram_available_bytes"] == 32_768
    assert "RAM of virtual-m0" in tinykit("inspect", digits.tflite, "--board", "virtual-m0").out


def test_a_model_that_does_not_fit_names_the_layer(tinykit, checkout: Path) -> None:
    vww = checkout / "firmware_models" / "models" / "vww" / "vww.tflite"
    done = tinykit("inspect", vww, "--board", "virtual-m0", "--json")
    document = json.loads(done.out)
    assert done.code == 3
    assert document["error"]["code"] == "BOARD_TOO_SMALL"
    assert "tk_layer_" in document["error"]["message"]
    assert not document["fit"]["fits"]
    assert document["macs"] > 0
