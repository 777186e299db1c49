"""``tinykit convert`` as a user runs it, on the digits model."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from tinykit.cli.app import main
from tinykit.cli.convert import command
from tinykit.metrics import METRICS


def words(digits: Any, out: Path, *more: str) -> list[str]:
    data = ["--calibration", str(digits.calibration), "--eval", str(digits.eval)]
    return ["convert", str(digits.keras), *data, "-o", str(out), *more]


@pytest.fixture(scope="module")
def schema(checkout: Path) -> dict[str, Any]:
    text = (checkout / "tinykit/data/schemas/conversion.v1.schema.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.slow
def test_json_is_the_report_and_fits_its_schema(
    digits: Any, tmp_path: Path, schema: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m.tflite"
    assert main(words(digits, out, "--max-drop", "0.005", "--layers", "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert document == json.loads((tmp_path / "m.json").read_text())
    assert document["layers"] is not None


@pytest.mark.slow
def test_a_drop_beyond_the_limit_exits_4_shows_its_figures_and_leaves_nothing(
    digits: Any, tmp_path: Path, schema: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(digits, tmp_path / "m.tflite", "--max-drop", "-1", "--json")) == 4
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert document["error"]["code"] == "ACCURACY_DROP" and document["passed"] is False
    assert list(tmp_path.iterdir()) == []


def test_people_see_sizes_accuracy_needs_and_the_next_step(
    digits: Any, tmp_path: Path, schema: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m.tflite"
    assert main(words(digits, out, "--max-drop", "0.005")) == 0
    captured = capsys.readouterr()
    for text in ("digits.keras → m.tflite", "int8", "95 % interval", "drop", "passed", "42,752", "arena"):
        assert text in captured.out
    assert f"tinykit inspect {out}" in captured.out.replace("\n", "")
    assert "calibrate" in captured.err and "Traceback" not in captured.err
    document = json.loads((tmp_path / "m.json").read_text())
    jsonschema.validate(document, schema)
    assert document["passed"] is True and document["output"]["size_bytes"] == out.stat().st_size
    assert document["accuracy"]["int8"]["estimate"]["value"] >= 0.965
    for key, wrong in (("accuracy", {}), ("inputs", [{}]), ("float_bytes", -1), ("extra", 1)):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, key: wrong}, schema)


def test_names_from_files_cannot_draw_on_the_terminal() -> None:
    from tinykit.cli.convert_view import _layers
    from tinykit.conversion.layers import LayerError, LayerTable

    layer = LayerError("a/\x1b[31m[bold]x/c", "CONV_2D", None, 0.0, (0.0, 1.0), (0.0, 1.0))
    stream = io.StringIO()
    console = Console(file=stream, width=120, color_system=None)
    for block in _layers(LayerTable((layer,), ("b",), 3)):
        console.print(block)
    drawn = stream.getvalue()
    assert "\x1b" not in drawn and "[bold]x" in drawn
    assert "exact" in drawn and "1 tensors have no float counterpart" in drawn


def test_the_choices_of_metrics_are_those_there_are() -> None:
    option = next(one for one in command.params if one.name == "metric")
    assert set(option.type.choices) == set(METRICS)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--memory-limit", "lots"], "4GB"),
        (["--memory-limit", "0GB"], "4GB"),
        (["--image-scale", "1/0"], "number"),
        (["--image-scale", "a,b"], "number"),
        (["--timeout", "0"], "timeout"),
        (["--max-drop", "0.1"], "--eval"),
    ],
)
def test_usage_errors(
    tmp_path: Path, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = ["convert", "m.keras", "--calibration", "c.npz", "-o", str(tmp_path / "m.tflite")]
    assert main([*usual, *arguments]) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("4GB", 4 * 10**9), ("2GiB", 2**31), ("900M", 900 * 10**6), ("1.5 kB", 1500)]
)
def test_sizes(text: str, size_bytes: int) -> None:
    from tinykit.cli.convert import _Bytes

    assert _Bytes().convert(text, None, None) == size_bytes


def test_numbers_may_be_fractions_and_one_a_channel() -> None:
    from tinykit.cli.convert import _Numbers

    assert _Numbers().convert("1/255,0.5", None, None) == (1 / 255, 0.5)
