"""No file of a session leaves without saying whether an emulator was measured."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console
from sessions import record, session

import tinykit as package
from tinykit.cli.session_view import recompute_view
from tinykit.lab.analysis import analyse
from tinykit.lab.finish import finish
from tinykit.lab.manifest import MANIFEST, seal
from tinykit.lab.recompute import recompute
from tinykit.lab.recorder import FILES
from tinykit.lab.start import START, read_start
from tinykit.lab.store import open_session

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"


@pytest.mark.parametrize(("simulated", "word"), [(True, "SIMULATED"), (False, "measured")])
def test_tables_and_documents_say_where_their_numbers_come_from(
    tmp_path: Path, simulated: bool, word: str
) -> None:
    known = replace(record(tmp_path), simulated=simulated, complete=True)
    finish(tmp_path, read_start(tmp_path).facts, known, analyse(tmp_path, known), [*FILES, START])
    rows = list(csv.DictReader((tmp_path / "windows.csv").read_text().splitlines()))
    assert len(rows) == 5
    assert {row["origin"] for row in rows} == {word}
    energy = json.loads((tmp_path / "energy.json").read_text())
    assert energy["simulated"] is simulated
    jsonschema.validate(energy, json.loads((SCHEMAS / "energy.v1.schema.json").read_text()))


def _store(folder: Path, energy: dict[str, Any]) -> None:
    """``energy`` as an earlier version might have written it."""
    manifest = json.loads((folder / MANIFEST).read_text())
    text = json.dumps(energy).encode()
    (folder / "energy.json").write_bytes(text)
    manifest["files"]["energy.json"] = {"size_bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    manifest["seal"] = seal(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_session_written_before_there_was_a_stamp_is_read_and_stamped(tmp_path: Path) -> None:
    session(tmp_path)
    energy = json.loads((tmp_path / "energy.json").read_text())
    del energy["simulated"]
    _store(tmp_path, energy)
    assert open_session(tmp_path).energy["simulated"] is True
    assert recompute(tmp_path).is_equal


def test_an_interval_that_changed_is_told_although_its_uncertainty_did_not(tmp_path: Path) -> None:
    session(tmp_path)
    energy = json.loads((tmp_path / "energy.json").read_text())
    energy["gross_per_inference"]["interval95"][0] *= 0.99
    _store(tmp_path, energy)
    result = recompute(tmp_path)
    assert [one.name for one in result.quantities if not one.is_equal] == ["gross per inference"]
    gross = result.quantities[0]
    assert gross.stored_u == gross.now_u
    assert gross.stored_interval is not None
    assert gross.now_interval is not None
    assert gross.stored_interval[0] < gross.now_interval[0]
    assert gross.stored_interval[1] == gross.now_interval[1]
    document = json.loads(json.dumps(result.to_dict()))
    jsonschema.validate(document, json.loads((SCHEMAS / "recomputation.v1.schema.json").read_text()))
    shown = StringIO()
    Console(file=shown, width=120).print(recompute_view(result))
    assert "95 % of gross per inference: [" in shown.getvalue()


def test_an_emulated_meter_does_not_pass_for_a_real_one(tmp_path: Path) -> None:
    report = session(tmp_path)
    assert report.headline is not None
    assert report.headline.sources == ("Nordic PPK2 7 (emulated)",)
