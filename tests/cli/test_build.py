"""``tinykit build`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tinykit.boards import load_board
from tinykit.toolchain import read_image


def schema(checkout: Path):
    found = json.loads((checkout / "tinykit/data/schemas/build.v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_an_image_and_what_it_is_made_of(tinykit, digits, tmp_path: Path, checkout: Path) -> None:
    out = tmp_path / "out"
    done = tinykit("build", digits.tflite, "--board", "virtual-m4", "-o", out, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    jsonschema.validate(document, schema(checkout))
    image = read_image(out / document["image"]["file"])
    flash, ram = document["size"]["flash"], document["size"]["ram"]
    assert flash["total"] == sum(len(segment.data) for segment in image.segments)
    assert flash["weights"] > 7000
    assert 0 <= flash["other"] < 512
    assert ram["arena"] == image.find("tk_arena").size_bytes == document["arena_bytes"]
    assert ram["stack_reserved"] == load_board("virtual-m4").stack_bytes
    assert [layer["function"] for layer in document["layers"]] == sorted(
        symbol.name for symbol in image.symbols if symbol.name.startswith("tk_layer_") and symbol.is_function
    )
    again = tinykit("build", digits.tflite, "--board", "virtual-m4", "-o", out)
    assert again.code == 0, again.err
    assert document["image"]["sha256"] in again.out.replace("\n", "")
    assert "beside the file's weights" in again.out
    shown = " ".join(again.out.split())
    more = ram["scratch"]
    assert f"the arena is {more:,} bytes larger for it" in shown
    assert f"arena: more, for scratch {more:,}" in shown


def test_c_only_needs_no_compiler(tinykit, digits, tmp_path: Path, checkout: Path, monkeypatch) -> None:
    monkeypatch.setattr("tinykit.toolchain.zig.zig_command", lambda: pytest.fail("zig was asked for"))
    out = tmp_path / "out"
    done = tinykit("build", digits.tflite, "--board", "virtual-m0", "-o", out, "--c-only", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    jsonschema.validate(document, schema(checkout))
    assert document["image"] is None
    assert {"model.h", "model.c", "weights.c", "kernels"} <= {path.name for path in out.iterdir()}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "[ram]\norigin = 0x2000_0000\nsize_bytes = 262_144",
            "[ram]\norigin = 0x2000_0000\nsize_bytes = 4096",
            "RAM",
        ),
        ("size_bytes = 1_048_576", "size_bytes = 8192", "flash"),
    ],
)
def test_a_board_that_is_too_small_is_refused_before_compiling(
    tinykit, digits, tmp_path: Path, monkeypatch, old: str, new: str, says: str
) -> None:
    text = (
        Path(load_board("virtual-m4").source_path)
        .read_text()
        .replace("stack_bytes = 4096", "stack_bytes = 3072")
    )
    assert old in text
    (tmp_path / "small.toml").write_text(text.replace(old, new))
    monkeypatch.setattr("tinykit.toolchain.zig.run_compiler", lambda *a, **k: pytest.fail("it compiled"))
    done = tinykit(
        "build", digits.tflite, "--board", tmp_path / "small.toml", "-o", tmp_path / "out", "--json"
    )
    error = json.loads(done.out)["error"]
    assert (done.code, error["code"]) == (3, "BOARD_TOO_SMALL")
    assert says in error["message"]
    assert "tk_layer_" in error["message"]
    assert not (tmp_path / "out").exists()
    words = ("build", digits.tflite, "-o", tmp_path / "out", "--board")
    assert tinykit(*words, "virtual-m4", "--c-only").code == 0
    before = (tmp_path / "out" / "model.c").stat()
    again = tinykit(*words, tmp_path / "small.toml")
    assert again.code == 3
    assert "untouched" in again.err
    assert (tmp_path / "out" / "model.c").stat() == before


def test_what_cannot_be_built_is_refused(tinykit, digits, tmp_path: Path) -> None:
    assert tinykit("build", digits.keras, "--board", "virtual-m4", "-o", tmp_path / "a").code == 3
    assert tinykit("build", digits.tflite, "--board", "nucleo", "-o", tmp_path / "b").code == 3
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    done = tinykit("build", digits.tflite, "--board", "virtual-m4", "-o", tmp_path / "full")
    assert done.code == 3
    assert (tmp_path / "full" / "thesis.tex").read_text() == "mine"
