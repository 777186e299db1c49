"""``tinykit inspect`` as a user runs it."""

from __future__ import annotations

import io
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from graph.building import Builder, graph
from rich.console import Console

from tinykit.cli.app import main
from tinykit.cli.common import degrade
from tinykit.cli.inspect_view import view
from tinykit.graph.summary import ModelSummary, inspect_model, summarise


@pytest.fixture(scope="module")
def model(wakeword_models: tuple[Path, ...]) -> Path:
    return wakeword_models[0]


def drawn(summary: ModelSummary, *, width: int = 80, encoding: str = "utf-8", layers: bool = True) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    degrade(stream)
    Console(file=stream, width=width, color_system=None, emoji=False).print(view(summary, layers=layers))
    return raw.getvalue().decode(encoding)


def test_json_is_one_document_that_fits_its_schema(
    model: Path, capsys: pytest.CaptureFixture[str], checkout: Path
) -> None:
    assert main(["inspect", str(model), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((checkout / "tinykit/data/schemas/inspect.v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert document["macs"] == inspect_model(model).macs
    assert len(document["memory"]["buffers"]) == len(inspect_model(model).memory.buffers)
    _refused(schema, document, macs=-1)
    _refused(schema, document, inputs=[{"name": "x"}])


def _refused(schema: dict[str, Any], document: dict[str, Any], **changes: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, **changes}, schema)


def test_terminal_output_shows_what_the_summary_knows(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(model)]) == 0
    shown = capsys.readouterr().out
    summary = inspect_model(model)
    assert f"{summary.macs:,}" in shown
    assert "modelled" in shown
    assert "REQUANTIZED_ENDS" in shown
    for operator in summary.operators:
        assert re.search(rf"^{operator.name} +{operator.version} +{operator.count}\b", shown, re.M)


def test_layers_can_be_left_out(model: Path) -> None:
    summary = inspect_model(model)
    assert "in + out" in drawn(summary)
    assert "in + out" not in drawn(summary, layers=False)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_fit_the_terminal(wakeword_models: tuple[Path, ...], width: int) -> None:
    for path in wakeword_models:
        lines = drawn(inspect_model(path), width=width).splitlines()
        assert max(map(len, lines)) <= width


def test_ascii_terminals_get_ascii(model: Path) -> None:
    text = drawn(inspect_model(model), encoding="ascii")
    assert text.isascii()
    assert "\\x" not in text
    shape = "x".join(map(str, inspect_model(model).inputs[0].shape))
    assert shape in text
    assert shape.replace("x", "×") in drawn(inspect_model(model))


def map_of(text: str) -> list[str]:
    """The rows of the memory map: the columns between the operator's name and the bytes alive."""
    return re.findall(r"^ *\d+ [A-Z_0-9…]+ +([A-Za-z0-9·]+) +[\d.]+ k?B$", text, re.M)


def test_the_map_shows_who_is_where_and_when() -> None:
    b = Builder()
    x, big, small, out = b.tensor(64), b.tensor(192), b.tensor(64), b.tensor(64)
    b.op("SOFTMAX", [x], [big])
    b.op("SOFTMAX", [big], [small])
    b.op("SOFTMAX", [small], [out])
    summary = summarise(graph(b.subgraph([x], [out])), "m.tflite")
    rows = map_of(drawn(summary, layers=False))
    places = {b.name: (b.offset_bytes, b.size_bytes, b.first, b.last) for b in summary.memory.buffers}
    assert len(rows) == 3
    arena = summary.memory.arena.value
    for name, key in zip(["t0", "t1", "t2", "t3"], "ABCD", strict=True):
        offset, size, first, last = places[name]
        for step, row in enumerate(rows):
            middle = row[int((offset + size / 2) / arena * len(row))]
            assert (middle == key) == (first <= step <= last)


def test_many_operators_are_folded_into_a_small_map() -> None:
    b = Builder()
    tensors = [b.tensor(16) for _ in range(501)]
    for one, other in pairwise(tensors):
        b.op("SOFTMAX", [one], [other])
    text = drawn(summarise(graph(b.subgraph(tensors[:1], tensors[-1:])), "m.tflite"), layers=False)
    assert len(map_of(text)) <= 48
    assert "500 operators" in text


HOSTILE = "\x1b[2J[red]rm -rf[/red] \u202eevil\u2066 \x07 \n\r new line \u200b"


def test_names_from_the_file_cannot_steer_the_terminal() -> None:
    b = Builder()
    x, y = b.tensor(64, name=HOSTILE), b.tensor(64, name=HOSTILE)
    b.op(HOSTILE, [x], [y], custom=True)
    text = drawn(summarise(graph(b.subgraph([x], [y])), f"{HOSTILE}.tflite"), width=200)
    assert not set(text) & set("\x1b\x07\r\u202e\u2066\u200b")
    assert r"\x1b[2J[red]rm -rf[/red]" in text


@pytest.mark.parametrize(
    ("content", "code", "hint"),
    [
        (None, "MODEL_NOT_FOUND", "path"),
        (b"", "MODEL_EMPTY", ""),
        (b"PK\x03\x04" + bytes(100), "MODEL_NOT_TFLITE", "tinykit convert"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "MODEL_NOT_TFLITE", "tinykit convert"),
        (b"\x1c\0\0\0TFL3" + b"\xff" * 100, "MODEL_DAMAGED", ""),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, code: str, hint: str
) -> None:
    path = tmp_path / "model.keras"
    if content is not None:
        path.write_bytes(content)
    assert main(["inspect", str(path)]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert code in captured.err
    assert hint in captured.err
    assert "Traceback" not in captured.err
    assert main(["inspect", str(path), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert main(["inspect", str(tmp_path)]) == 3


def test_a_truncated_model_is_refused_at_every_length(model: Path, tmp_path: Path) -> None:
    data = model.read_bytes()
    cut = tmp_path / "cut.tflite"
    for length in range(8, len(data), len(data) // 25):
        cut.write_bytes(data[:length])
        assert main(["inspect", str(cut), "--json"]) == 3
