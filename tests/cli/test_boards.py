"""``tinykit boards`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tinykit.boards import load_board


def schema(checkout: Path, name: str):
    found = json.loads((checkout / f"tinykit/data/schemas/{name}.v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_boards_are_listed(tinykit, checkout: Path) -> None:
    done = tinykit("boards", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    jsonschema.validate(document, schema(checkout, "boards"))
    names = [board["name"] for board in document["boards"]]
    assert names == sorted(names)
    assert {"virtual-m0", "virtual-m4"} <= set(names)
    shown = tinykit("boards").out
    assert "virtual-m4" in shown
    assert "120 MHz" in shown


def test_what_was_seen_is_the_evidences(tinykit, tmp_path: Path, monkeypatch) -> None:
    document = {
        "schema": "tinykit.evidence",
        "commit": "abc",
        "date": "2026-01-02T03:04:05",
        "results": {"ran_on": {"virtual-m4": 12, "hardware:virtual-m4": 1}},
    }
    monkeypatch.setattr("tinykit.resources.evidence", lambda: tmp_path)
    assert "no evidence yet" in tinykit("boards", "virtual-m4").out
    (tmp_path / "exactness.json").write_text(json.dumps(document))
    shown = " ".join(tinykit("boards", "virtual-m4").out.split())
    assert "SIMULATED virtual-m4: 12 models (2026-01-02); hardware:virtual-m4: 1 models" in shown
    (board,) = json.loads(tinykit("boards", "virtual-m4", "--json").out)["boards"]
    assert [one["simulated"] for one in board["seen"]] == [True, False]


def test_a_board_of_ones_own_is_shown_and_checked(tinykit, tmp_path: Path) -> None:
    text = Path(load_board("virtual-m4").source_path).read_text()
    (tmp_path / "mine.toml").write_text(text.replace('"virtual-m4"', '"mine"', 1))
    assert "mine" in tinykit("boards", tmp_path / "mine.toml").out
    (tmp_path / "mine.toml").write_text(text.replace("stack_bytes", "stack", 1))
    refused = tinykit("boards", tmp_path / "mine.toml")
    assert refused.code == 3
    assert "stack_bytes" in refused.err
    assert tinykit("boards", "arduino").code == 3
