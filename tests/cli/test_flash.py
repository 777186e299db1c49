"""``tinykit flash`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import port_image
import pytest

from tinykit.boards import load_board


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return port_image.build(load_board("nucleo-l4r5zi"), tmp_path_factory.mktemp("image"))


def test_a_dry_run_shows_the_command_and_runs_nothing(
    tinykit, image: Path, checkout: Path, monkeypatch
) -> None:
    monkeypatch.setenv("PATH", "")
    ran = tinykit("flash", image, "--board", "nucleo-l4r5zi", "--dry-run", "--json")
    assert ran.code == 0
    document = json.loads(ran.out)
    schema = json.loads((checkout / "tinykit/data/schemas/flash.v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert document["dry_run"] and document["command"][0] == "openocd"
    assert "verify" in document["command"][-1]
    shown = tinykit("flash", image, "--board", "nucleo-l4r5zi", "--dry-run").out
    assert "program firmware.elf verify reset exit" in shown
    assert "not run" in shown


def test_without_the_tool_nothing_is_pretended(tinykit, image: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = tinykit("flash", image, "--board", "nucleo-l4r5zi")
    assert ran.code == 2
    assert "FLASH_TOOL_MISSING" in ran.err
    assert tinykit("flash", image, "--board", "stm32f405").code == 3


def test_every_board_of_ours_that_is_no_emulator_can_be_flashed_and_verifies() -> None:
    from tinykit.boards import list_boards

    for board in list_boards():
        text = " ".join(board.flash_command)
        assert board.is_emulated == (text == "")
        assert board.is_emulated or ("{image}" in text and "verify" in text)
