"""``tinykit measure`` without serial: what may be said, and an emulated firmware that runs by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import jsonschema
import pytest

import tinykit as package

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"
MAP = 'cycle = "sense"\n[phases]\n1 = "sense"\n3 = "pre-process"\n2 = "infer"\n6 = "radio"\n4 = "sleep"\n'
PPK2 = ("--meter", "ppk2", "--voltage", "3.0")


@pytest.fixture
def coding(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP)
    return tmp_path / "map.toml"


def document_of(ran):
    document = json.loads(ran.out)
    name = document["schema"].removeprefix("tinykit.")
    jsonschema.validate(document, json.loads((SCHEMAS / f"{name}.v1.schema.json").read_text()))
    return document


def test_a_dry_run_says_what_is_watched_and_when_it_ends(tinykit, coding):
    ran = tinykit("measure", "--on", "markers", "--phases", coding, "--n", 2, *PPK2, "--dry-run", "--json")
    assert ran.code == 0, ran.out
    plan = document_of(ran)
    assert plan["lines"] == ["D0", "D1", "D2"]
    assert plan["names"] == ["sense", "pre-process", "infer", "radio", "sleep"]
    assert plan["ends"] == "after 5 cycles, with Ctrl-C"
    assert plan["missing"] == []
    words = ["measure", "--on", "external", "--n", 100, *PPK2, "--marker", "D3", "--dry-run"]
    assert document_of(tinykit(*words, "--seconds", 60, "--json"))["ends"] == "after 60 s, with Ctrl-C"
    both = document_of(tinykit(*words, "--seconds", 60, "--windows", 2, "--json"))
    assert both["ends"] == "after 2 windows, after 60 s, with Ctrl-C"
    shown = tinykit(*words).out
    assert "D3" in shown
    assert "only ratios on this meter" in shown


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--on", "external"], "--n N"),
        (["--on", "external", "--n", "1", "--phases", "map.toml"], "--on markers"),
        (["--on", "external", "--n", "1", "--warmups", "3"], "leave it out"),
        (["--on", "external", "--n", "1", "--states", "sleep"], "leave it out"),
        (["--on", "external", "--n", "1", "--line", "D9"], "its lines are"),
        (["--on", "markers"], "--phases map.toml"),
        (["--on", "virtual-m4"], "MODEL.tflite"),
        (["m.tflite", "--on", "virtual-m4", "--n", "3"], "--on external"),
        (["m.tflite", "--on", "virtual-m4", "--short"], "--on external"),
    ],
)
def test_what_does_not_go_together_is_refused(tinykit, words, hint):
    ran = tinykit("measure", *words, *PPK2, "--dry-run", "--json")
    assert ran.code == 2
    assert hint in json.loads(ran.out)["error"]["hint"]


def test_inferences_need_a_phase_that_holds_them(tinykit, tmp_path):
    (tmp_path / "map.toml").write_text('[phases]\n1 = "classify"\n')
    words = ["--on", "markers", "--phases", tmp_path / "map.toml", "--n", 3, *PPK2]
    ran = tinykit("measure", *words, "--dry-run", "--json")
    assert ran.code == 2
    assert "'infer'" in json.loads(ran.out)["error"]["message"]


def test_what_is_missing_is_all_said(tinykit, tmp_path):
    words = ["--on", "external", "--n", 3, "--meter", "ppk2:/dev/no-such-port", "-o", tmp_path]
    (tmp_path / "there").touch()
    missing = " ".join(document_of(tinykit("measure", "m.tflite", *words, "--dry-run", "--json"))["missing"])
    for word in ("voltage", "/dev/no-such-port", "m.tflite", "holds files"):
        assert word in missing, word
    assert json.loads(tinykit("measure", *words, "--json").out)["error"]["code"] == "PLAN"


@pytest.fixture
def cycling(tmp_path: Path):
    """An emulated board that runs by itself, and a meter on its rail and pins."""
    words = ["--board", "virtual-m4", "--example", "phases", "--meter", "ppk2", "--power", "uart=60mW"]
    more = ["--ports", tmp_path / "ports", "--truth", tmp_path / "truth.jsonl", "--seed", "1", "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tinykit", "emulate", *words, *map(str, more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    yield f"ppk2:{tmp_path}/ports/meter"
    process.terminate()
    process.communicate(timeout=20)


def true_means_j(path: Path) -> dict[int, float]:
    """Mean true energy by the lines' code; the first and the last of them are cut off."""
    found = defaultdict(list)
    stretches = [one for one in map(json.loads, path.read_text().splitlines()) if "stretch" in one]
    for one in stretches[1:-1]:
        if one["end_s"] - one["start_s"] > 50e-6:  # less is one pin ahead of the next
            found[one["lines"]].append(one["energy_j"])
    return {code: sum(each) / len(each) for code, each in found.items()}


@pytest.mark.slow
def test_every_phase_of_an_emulated_application_holds_its_truth(tinykit, cycling, coding, tmp_path):
    """One draw of the errors, as in test_emulate_meter."""
    words = ["--on", "markers", "--phases", coding, "--n", 1, "--meter", cycling, "--voltage", 3.0]
    ran = tinykit("measure", *words, "--windows", 12, "--short", "-o", tmp_path / "s", "--json")
    assert ran.code == 0, ran.out
    document = document_of(ran)
    assert document["simulated"] is True
    ledger = document["phases"]
    assert ledger["cycles"] >= 12
    assert ledger["closes"] is True
    truth = true_means_j(tmp_path / "truth.jsonl")
    assert set(truth) == {0, 1, 2, 3, 4, 6}
    for line in ledger["lines"]:
        low, high = line["energy_j"]["interval95"]
        assert low < truth[line["codes"][0]] < high, line["name"]
    low, high = ledger["whole"]["per_cycle_j"]["interval95"]
    assert low < sum(truth.values()) < high
    assert high - low < 0.04 * high, "an interval that holds everything says nothing"
    infer = next(line for line in ledger["lines"] if line["name"] == "infer")
    assert document["headline"]["value"] == pytest.approx(infer["energy_j"]["value"])
    assert tinykit("session", "recompute", tmp_path / "s").out.startswith("The same")
    shown = tinykit("session", "show", tmp_path / "s").out
    assert "SIMULATED" in shown
    assert "(emulated)" in shown
    assert "off the whole" in shown


@pytest.mark.slow
def test_one_pin_of_an_emulated_application(tinykit, cycling, tmp_path):
    words = ["--on", "external", "--n", 1, "--marker", "D1", "--meter", cycling, "--voltage", 3.0]
    ran = tinykit("measure", *words, "--windows", 5, "--short", "-o", tmp_path / "s", "--json")
    assert ran.code == 0, ran.out
    document = document_of(ran)
    truth = true_means_j(tmp_path / "truth.jsonl")
    low, high = document["headline"]["interval95"]
    # D1 is high in pre-process, infer and radio.
    assert low < truth[3] + truth[2] + truth[6] < high, "what the supply brings late is in the budget"
