"""``tinykit session``: every command's document follows its schema, every refusal says the way out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sessions import Script, record, session

import tinykit as package
from tinykit.bench.meters.ppk2 import Ppk2Faults

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"


def follows(document: dict[str, Any]) -> dict[str, Any]:
    """``document``, whose own schema it keeps."""
    name = document["schema"].removeprefix("tinykit.")
    schema = json.loads((SCHEMAS / f"{name}.v{document['schema_version']}.schema.json").read_text())
    jsonschema.validate(document, schema)
    return document


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made")
    session(place / "a")
    session(place / "b", Script(active_a=13e-3), seed=1)
    return place


def test_the_files_of_a_session_follow_their_schemas(made: Path) -> None:
    for name in ("session.json", "energy.json", "calibration.json", "raw/setup.json", "raw/start.json"):
        follows(json.loads((made / "a" / name).read_text()))


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["list", "{}"], "sessions"),
        (["show", "{}/a"], "stored_session"),
        (["verify", "{}/a", "{}/b"], "verification"),
        (["recompute", "{}/a"], "recomputation"),
        (["compare", "{}/a", "{}/b"], "session_comparison"),
        (["export", "{}/a", "{}/../x.csv", "--to", "0.01"], "export"),
    ],
)
def test_every_command_gives_one_document_and_a_text(tinykit, made, words, schema):
    words = [word.format(made) for word in words]
    ran = tinykit("session", *words, "--json")
    assert ran.code == 0, ran.err
    assert follows(json.loads(ran.out))["schema"] == f"tinykit.{schema}"
    if schema == "export":
        (made.parent / "x.csv").unlink()
    ran = tinykit("session", *words)
    assert ran.code == 0
    if schema == "export":
        (made.parent / "x.csv").unlink()
    if schema != "verification":
        assert "SIMULATED" in ran.out


def test_the_headline_has_its_interval_and_the_stamp(tinykit, made):
    shown = tinykit("session", "show", made / "a").out
    assert "Nordic PPK2 7 (emulated)" in shown
    first = shown.splitlines()[0]
    assert first == "288.3 µJ/inference [287.0, 289.5] 95 %, SIMULATED"


def test_recover_says_what_it_saved(tinykit, tmp_path):
    record(tmp_path / "cut")
    assert "unfinished" in tinykit("session", "list", tmp_path).out
    ran = tinykit("session", "recover", tmp_path / "cut", "--json")
    assert ran.code == 0
    document = follows(json.loads(ran.out))
    assert document["kept_phases"] == 5
    assert document["session"]["recovered"] is True
    follows(json.loads((tmp_path / "cut" / "session.json").read_text()))
    assert tinykit("session", "verify", tmp_path / "cut").code == 0


def test_a_failed_verdict_is_exit_4_and_gives_no_number(tinykit, tmp_path):
    record(tmp_path / "cut", faults=Ppk2Faults(saturations=((20_000, 5),)))
    ran = tinykit("session", "recover", tmp_path / "cut", "--json")
    assert ran.code == 4
    document = follows(json.loads(ran.out))
    assert document["error"]["code"] == "VERDICT"
    assert document["session"]["headline"] is None
    shown = tinykit("session", "show", tmp_path / "cut").out
    assert "No number" in shown
    assert "J/inference" not in shown


def test_an_edit_is_exit_4_for_verify_and_3_for_the_others(tinykit, made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    path = tmp_path / "a" / "windows.csv"
    path.write_text(path.read_text().replace("infer", "infor"))
    ran = tinykit("session", "verify", tmp_path / "a", "--json")
    assert ran.code == 4
    assert follows(json.loads(ran.out))["sessions"][0]["damage"] == [
        {"file": "windows.csv", "what": "content"}
    ]
    for words in (["show", "{}"], ["recompute", "{}"], ["export", "{}", "x.csv"]):
        ran = tinykit("session", *(word.format(tmp_path / "a") for word in words), "--json")
        assert ran.code == 3
        assert json.loads(ran.out)["error"]["code"] == "SESSION_DAMAGED"


def test_what_cannot_be_compared_is_exit_4(tinykit, made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    ran = tinykit("session", "compare", made / "a", tmp_path / "a", "--json")
    assert ran.code == 4
    document = follows(json.loads(ran.out))
    assert document["compared"] == []
    assert document["error"]["code"] == "NOT_COMPARABLE"


def test_import_by_the_command_line(tinykit, made, tmp_path):
    export = tinykit("session", "export", made / "a", tmp_path / "x.csv", "--from", "0.14", "--to", "0.5")
    assert export.code == 0
    words = ["--n", 10, "--calibration", made / "a" / "calibration.json", "-o", tmp_path / "s"]
    ran = tinykit("session", "import", tmp_path / "x.csv", *words, "--short", "--json")
    assert ran.code == 0, ran.out
    document = follows(json.loads(ran.out))
    assert document["simulated"] is True
    assert document["headline"]["value"] == pytest.approx(288e-6, rel=2e-3)
    follows(json.loads((tmp_path / "s" / "session.json").read_text()))
    assert tinykit("session", "import", tmp_path / "x.csv", *words).code == 3
    refused = tinykit("session", "import", tmp_path / "x.csv", *words, "--column", "nonsense", "--json")
    assert refused.code == 2


def test_plot_by_the_command_line(tinykit, made, tmp_path):
    pytest.importorskip("matplotlib")
    ran = tinykit("session", "plot", made / "a", "--window", 1, "-o", tmp_path / "x.png", "--json")
    assert ran.code == 0
    assert follows(json.loads(ran.out))["panels"] == ["Window 1: 10 inferences in 80 ms"]


@pytest.mark.parametrize("words", [["sho"], ["list", "nowhere"], ["show", "nowhere"], ["recover", "nowhere"]])
def test_what_is_not_there_is_said(tinykit, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    ran = tinykit("session", *words)
    assert ran.code in (2, 3)
    assert "hint:" in ran.err
    if words == ["sho"]:
        assert "Did you mean show" in ran.err


def test_an_empty_place_lists_nothing(tinykit, tmp_path):
    ran = tinykit("session", "list", tmp_path)
    assert ran.code == 0
    assert "No sessions here" in ran.out
