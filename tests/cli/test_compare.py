"""``tinykit compare``: what a user types, reads and finds in the folder, and how bad input is refused."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sessions import BOUND, session

import tinykit as package
from tinykit.lab.calibration import Calibration

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"
BOARD = "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww"
FEW = ("--draws", "500", "--no-plots")


def schema(name: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / f"{name}.v1.schema.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    session(folder / "good")
    typical = Calibration("ppk2#7", "ppk2", "a data sheet", False, BOUND.terms)
    session(folder / "typical", calibration=typical)
    return folder


def test_the_issues_own_command_answers_in_its_first_line(tinykit, tmp_path):
    ran = tinykit(
        "compare", "--edge", BOARD, "--cloud", "shared:a10", "--network", "wifi,average", "--grid", "KR",
        "--supply", "primary:li", "--payload", "3000", "--events-per-day", "1440",
        "--report-share", "0.01", *FEW, "-o", tmp_path,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    first = ran.out.splitlines()[0]
    assert first.startswith("Edge saves") and "(95 %)" in first and "inference published" in first
    # Every line of the ledger that costs something is on the screen, with what has no figure.
    for line in ("device.inference", "network.traffic", "cloud.idle", "device.sense", "carbon, market-based"):
        assert line in ran.out
    assert "radio of wifi.esp32.static_mqtt" in " ".join(ran.out.split())
    document = json.loads((tmp_path / "comparison.json").read_text())
    jsonschema.validate(document, schema("comparison"))
    scenario = tomllib.loads((tmp_path / "scenario.toml").read_text())
    jsonschema.validate(scenario, schema("scenario"))
    assert (scenario["supply"]["kind"], scenario["supply"]["pack"]) == ("primary", "li")
    assert [scenario["grid"][place] for place in ("device", "network", "cloud")] == ["KR"] * 3


def test_where_the_edge_loses_the_first_line_says_so(tinykit):
    ran = tinykit("compare", "--edge", "90 J", *FEW)
    assert ran.out.startswith("Edge LOSES: it costs ")


def test_a_name_out_of_a_file_cannot_drive_the_terminal_or_break_the_file(tinykit, tmp_path):
    scenario = tmp_path / "in.toml"
    scenario.write_text(
        '[edge]\ninference_j = 0.001\nname = "a\\u001b[31m\\u202eb"\n[radio]\nname = "c\\u001b[0m"\n'
    )
    ran = tinykit("compare", scenario, *FEW, "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out and "\u202e" not in ran.out and "radio of c" in " ".join(ran.out.split())
    assert tinykit("compare", tmp_path / "out" / "scenario.toml", *FEW).code == 0


def test_json_is_one_document_with_kinds_gaps_and_sources(tinykit):
    ran = tinykit("compare", "--edge", BOARD, *FEW, "--json")
    document = json.loads(ran.out)
    jsonschema.validate(document, schema("comparison"))
    lines = {line["key"]: line for line in document["policies"]["cloud"]["lines"]}
    assert lines["cloud.decode"]["columns"]["energy_j"] == {
        "nominal": None, "interval95": None, "kind": "missing",
    }  # fmt: skip
    assert "cloud.decode" in {gap["line"] for gap in document["gaps"]}
    idle = lines["cloud.idle"]
    # How well a published server stands for this one is our own assumption, and the softest part of it.
    assert idle["columns"]["energy_j"]["kind"] == "assumed"
    assert lines["network.traffic"]["columns"]["energy_j"]["kind"] == "published"
    assert any("MLPerf Inference" in source for source in idle["sources"])
    # The sum of the lines is the sum that is told.
    for column in ("energy_j", "carbon_g"):
        known = [line["columns"][column]["nominal"] for line in lines.values()]
        total = document["policies"]["cloud"]["totals"][column]["nominal"]
        assert total == pytest.approx(sum(one for one in known if one is not None))


def test_a_session_of_emulators_is_simulated_and_modelled(tinykit, measured, tmp_path):
    ran = tinykit("compare", "--edge", measured / "good", *FEW, "-o", tmp_path, "--json")
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    jsonschema.validate(document, schema("comparison"))
    assert document["simulated"] is True and "SIMULATED" in document["headline"]
    inference = document["parameters"]["edge.inference_j"]
    assert inference["kind"] == "modelled"
    # 288 uJ by the meter to half a percent; as a statement about the chip, +-20 % in power, +-10 % in cycles.
    assert inference["nominal"] == pytest.approx(288.3e-6, rel=0.01)
    assert {"emulator.virtual-m4.active.power", "emulator.virtual-m4.cycles"} <= set(inference["influences"])
    low, high = inference["interval95"]
    assert 0.15 < (high - low) / 2 / inference["nominal"] < 0.25
    assert "SIMULATED" in tinykit("compare", tmp_path / "scenario.toml", *FEW).out.splitlines()[0]


def test_a_verdict_that_forbids_the_number_is_refused_unless_named(tinykit, measured):
    ran = tinykit("compare", "--edge", measured / "typical", *FEW)
    assert ran.code == 3 and "EDGE_VERDICT" in ran.err and "CALIBRATION" in ran.err
    assert "--accept-verdict CALIBRATION" in ran.err
    ran = tinykit("compare", "--edge", measured / "typical", "--accept-verdict", "CALIBRATION", *FEW)
    assert ran.code == 0
    assert "in spite of the verdict: CALIBRATION" in " ".join(ran.out.split("\n\n")[0].split())


def test_the_tables_are_safe_and_blank_where_nobody_knows(tinykit, tmp_path):
    ran = tinykit(
        "compare", "--edge", "1.3 mJ", "--set", "edge.source==cmd|' /C calc'!A0", *FEW, "-o", tmp_path
    )
    assert ran.code == 0, ran.err
    with (tmp_path / "ledger.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+@" and cell]
    decode = next(row for row in rows if (row["policy"], row["line"]) == ("cloud", "cloud.decode"))
    assert decode["energy_j"] == "" and decode["energy_j_kind"] == "missing"
    for policy in ("edge", "cloud", "hybrid"):
        mine = [row for row in rows if row["policy"] == policy]
        total = next(row for row in mine if row["line"] == "total")
        known = [float(row["energy_j"]) for row in mine if row["energy_j"] and row is not total]
        assert float(total["energy_j"]) == pytest.approx(sum(known))


def test_several_zones_move_the_data_centre_alone(tinykit, tmp_path):
    ran = tinykit("compare", "--edge", "1.3 mJ", "--grid", "KR,SE", *FEW, "-o", tmp_path)
    assert ran.code == 0, ran.err
    with (tmp_path / "sweep.csv").open(newline="") as file:
        korea, sweden = csv.DictReader(file)
    assert (korea["grid.cloud"], sweden["grid.cloud"]) == ("KR", "SE")
    assert korea["cloud_energy_j"] == sweden["cloud_energy_j"]
    assert korea["edge_carbon_g"] == sweden["edge_carbon_g"]
    assert float(korea["cloud_carbon_g"]) > float(sweden["cloud_carbon_g"])


def test_different_tasks_are_refused_unless_said(tinykit):
    words = ("--edge", BOARD, "--set", "cloud.task=speech", *FEW)
    ran = tinykit("compare", *words)
    assert ran.code == 3 and "TASKS" in ran.err and "vww" in ran.err and "speech" in ran.err
    ran = tinykit("compare", *words, "--set", "service.tasks=different")
    assert ran.code == 0 and "different tasks: vww and speech" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "cloud.peu=1.2"], ["--set", "cloud.peu", "cloud.pue"]),
        (["--set", "cloud.pue"], ["--set", "cloud.pue"]),
        (["--set", "cloud.pue="], ["--set", "cloud.pue"]),
        (["--set", "cloud.pue=0.9"], ["--set", "cloud.pue", "0.9"]),
        (["--set", "cloud.pue=nan"], ["--set", "cloud.pue", "nan"]),
        (["--set", "cloud.pue={value=1.2, low=nan, high=2}"], ["--set", "cloud.pue", "nan"]),
        (["--set", "cloud.pue=3 kWh"], ["--set", "cloud.pue", "kWh"]),
        (["--set", "network.byte_j=0.0065 kWh"], ["--set", "network.byte_j", "kWh"]),
        (["--set", "radio.connection_j=catalog:wifi.esp32.static_mqqt"], ["--set", "static_mqtt"]),
        (["--set", "kind=wifi"], ["--set", "radio.kind", "supply.kind"]),
        (["--set", "service.payload_bytes=gap: unknown"], ["--set", "service.payload_bytes", "without"]),
        (["--set", "device.sense_j=1e308"], ["NOT_FINITE", "device.sense_j"]),
        (["--report-share", "1.01"], ["--report-share", "share"]),
        (["--payload", "-1"], ["--payload", "-1"]),
        (["--payload", "3 J"], ["--payload", "J"]),
        (["--draws", "1e99"], ["--draws"]),
        (["--draws", "500.5"], ["--draws", "whole"]),
        (["--cloud", "shard:a10"], ["--cloud", "shard", "shared"]),
        (["--network", "wifi,ble"], ["--network", "ble"]),
        (["--stance", "marginal"], ["--stance", "consequential"]),
        (["--grid", "KR,"], ["--grid"]),
        (["--grid", "Atlantis"], ["--grid: there is no zone", "Atlantis", "ISO 3166"]),
        (["--catalog", "absent.csv"], ["absent.csv"]),
        (["--sweep", "events_per_day=0:10:log:5"], ["--sweep", "events_per_day"]),
        (["--sweep", "report_share=0:2:lin:5"], ["--sweep", "2"]),
        (["--sweep", "grid=KR,KR"], ["--sweep", "twice"]),
        (["--sweep", "payload_bytes=1,2", "--sweep", "service.payload_bytes=3,4"], ["--sweep", "twice"]),
        (["--edge", "nowhere"], ["--edge", "nowhere"]),
        (["--edge", "5 kg"], ["--edge", "kg"]),
        (["--edge", "mlperf:v1.3/NUCLEO_L4R5ZI-P/kwz"], ["kwz", "kws"]),
        (["absent.toml"], ["absent.toml"]),
    ],
)  # fmt: skip
def test_bad_input_names_its_place_and_exits_3(tinykit, words, said):
    edge = [] if "--edge" in words else ["--edge", "1.3 mJ"]
    ran = tinykit("compare", *edge, *FEW, *words)
    assert ran.code == 3, (ran.out, ran.err)
    assert all(word in ran.err for word in said), ran.err
    assert "hint:" in ran.err


def test_without_joules_of_the_edge_there_is_no_comparison(tinykit):
    ran = tinykit("compare", *FEW)
    assert ran.code == 3 and "EDGE" in ran.err and "--edge" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cloud\n", "is not TOML"),
        ("[cloud]\npeu = 1", "cloud.peu"),
        ("[service]\npayload_bytes = [3]", "service.payload_bytes"),
        ("[service]\nreport_share = {value = 0.1, low = 0.01, high = 0.2}", "sweep"),
        ("[cloud]\npue = true", "cloud.pue"),
        ("[cloud]\npue = {value = 1.2, hgih = 2}", "hgih"),
        ("[cloud]\npue = {value = 1.2, given = 'x', estimate = 'y'}", "cloud.pue"),
        ("[radio]\nkind = 'wify'", "wifi"),
        ("schema_version = 2", "version"),
        ("a = " + "[" * 5000, "is not TOML"),
    ],
)
def test_a_bad_scenario_names_the_file(tinykit, tmp_path, text, said):
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    ran = tinykit("compare", path, "--edge", "1.3 mJ", *FEW)
    assert ran.code == 3, (ran.out, ran.err)
    assert str(path) in ran.err and said in ran.err


def test_an_unreadable_catalogue_names_its_line(tinykit, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("key,value,unit,source\nmine.a,1,J,me\nmine.b,nan,J,me\n")
    ran = tinykit("compare", "--edge", "1.3 mJ", "--catalog", path, *FEW)
    assert ran.code == 3 and f"{path}, line 3" in ran.err


def test_a_folder_that_cannot_be_is_refused_before_the_work(tinykit, tmp_path):
    (tmp_path / "file").write_text("")
    ran = tinykit("compare", "--edge", "1.3 mJ", *FEW, "-o", tmp_path / "file")
    assert ran.code == 3 and "OUTPUT" in ran.err
