"""``tinykit catalog``: every document follows its schema, every refusal names the place and the way out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import tinykit as package

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"


def follows(document: dict[str, Any]) -> dict[str, Any]:
    """``document``, whose own schema it keeps."""
    name = document["schema"].removeprefix("tinykit.")
    schema = json.loads((SCHEMAS / f"{name}.v{document['schema_version']}.schema.json").read_text())
    jsonschema.validate(document, schema)
    return document


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(
        "key,value,unit,source,kind,low,high,distribution\n"
        "wifi.esp32.static_mqtt,0.31,J/message,our PPK2,measured,0.29,0.33,lognormal\n"
    )
    return path


def test_list_shows_every_figure_or_a_category(tinykit):
    whole = follows(json.loads(tinykit("catalog", "list", "--json").out))
    part = follows(json.loads(tinykit("catalog", "list", "--category", "network", "--json").out))
    assert whole["provenance_hash"] == part["provenance_hash"]
    assert part["rows"] == [row for row in whole["rows"] if row["category"] == "network"]
    text = tinykit("catalog", "list", "--category", "network").out
    assert all(row["key"] in text for row in part["rows"])
    assert "gap" in text


def test_a_category_that_is_not_there_offers_the_nearest(tinykit):
    ran = tinykit("catalog", "list", "--category", "networks")
    assert ran.code == 3
    assert "CATALOG_CATEGORY" in ran.err
    assert "did you mean network?" in ran.err


def test_show_says_everything_about_a_figure(tinykit):
    document = follows(json.loads(tinykit("catalog", "show", "act.battery.li", "--json").out))
    assert document["row"]["licence"] == "MIT"
    assert document["estimate"]["unit"] == "g/J"
    text = tinykit("catalog", "show", "act.battery.li").out
    for word in ("74 kgCO2e/kWh", "61.5 to 87", "mg/J", "verified", "facebookresearch/ACT", "MIT"):
        assert word in text


def test_show_says_that_a_gap_is_one(tinykit):
    document = follows(json.loads(tinykit("catalog", "show", "visit.carbon", "--json").out))
    assert document["estimate"] is None
    assert document["row"]["value"] is None
    assert "declared gap" in tinykit("catalog", "show", "visit.carbon").out


def test_show_tells_alternatives_from_doubt(tinykit):
    assert "never drawn" in tinykit("catalog", "show", "avg.fixed.malmodin2020").out


def test_an_unknown_key_offers_the_nearest(tinykit):
    ran = tinykit("catalog", "show", "battery.li", "--json")
    assert ran.code == 3
    error = follows(json.loads(ran.out))["error"]
    assert error["code"] == "CATALOG_KEY"
    assert "act.battery.li" in error["hint"]


def test_a_row_of_your_own_takes_the_place_of_ours(tinykit, own):
    ran = tinykit("catalog", "show", "wifi.esp32.static_mqtt", "--catalog", own, "--json")
    document = follows(json.loads(ran.out))
    assert document["row"]["value"] == 0.31
    assert document["row"]["origin"] == "own.csv:2"
    assert document["estimate"]["kind"] == "measured"
    ours = json.loads(tinykit("catalog", "list", "--json").out)
    theirs = json.loads(tinykit("catalog", "list", "--catalog", own, "--json").out)
    assert len(ours["rows"]) == len(theirs["rows"])
    assert ours["provenance_hash"] != theirs["provenance_hash"]


def test_check_counts_by_category_and_mark(tinykit):
    document = follows(json.loads(tinykit("catalog", "check", "--json").out))
    assert document["faults"] == []
    assert sum(sum(marks.values()) for marks in document["counts"].values()) == document["rows"]
    assert document["counts"]["radio"]["recalled"] > 0
    ran = tinykit("catalog", "check")
    assert ran.code == 0
    assert f"{document['rows']} figures, nothing wrong" in ran.out


def test_check_of_a_good_file(tinykit, own):
    ran = tinykit("catalog", "check", own, "--json")
    assert ran.code == 0
    assert follows(json.loads(ran.out))["rows"] == 1


def test_check_lists_what_is_wrong_and_fails(tinykit, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("key,value,unit,source\na.b,nan,J,x\na.c,1,kJ,x\n\x1b[31m,1,J,x\n")
    ran = tinykit("catalog", "check", path, tmp_path / "absent.csv", "--json")
    assert ran.code == 3
    document = follows(json.loads(ran.out))
    assert document["error"]["code"] == "CATALOG_FAULTS"
    places = [fault["where"] for fault in document["faults"]]
    assert places == ["bad.csv:2", "bad.csv:3", "bad.csv:4", "absent.csv"]
    ran = tinykit("catalog", "check", path)
    assert ran.code == 3
    assert "bad.csv:3" in ran.out
    assert "kJ" in ran.out
    assert "\x1b[31m" not in ran.out


def test_a_catalogue_that_cannot_be_read_is_refused(tinykit, tmp_path):
    ran = tinykit("catalog", "list", "--catalog", tmp_path / "absent.csv", "--json")
    assert ran.code == 3
    error = follows(json.loads(ran.out))["error"]
    assert error["code"] == "CATALOG_FILE"
    assert "absent.csv" in error["message"]


def test_zones_are_what_compare_calculates_with(tinykit, tmp_path):
    document = follows(json.loads(tinykit("catalog", "zones", "--json").out))
    zones = {zone["code"]: zone for zone in document["zones"]}
    assert len(zones) > 200
    assert zones["KOR"]["also"] == "KR"
    assert zones["KOR"]["margin"]["value"] * 3.6e6 == pytest.approx(445)
    assert zones["DEU"]["margin"] is None
    arguments = ("--no-plots", "--edge", "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww", "--draws", "1000")
    ran = tinykit("compare", *arguments, "--grid", "SG", "-o", tmp_path / "out", "--json")
    used = json.loads(ran.out)["parameters"]
    assert used["grid.device_g_per_j"]["interval95"] == zones["SGP"]["average"]["interval95"]
    assert used["grid.device_l_per_j"]["kind"] == "missing"
    assert zones["SGP"]["water"] is None
    text = tinykit("catalog", "zones").out
    assert re.search(r"KOR +KR +417 \[313, 484\] +445 \[", text)


def test_a_zone_of_your_own_is_listed_and_taken(tinykit, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("key,value,unit,source\ngrid.XKX.average,900,gCO2e/kWh,our utility\n")
    zones = json.loads(tinykit("catalog", "zones", "--catalog", path, "--json").out)["zones"]
    own = next(zone for zone in zones if zone["code"] == "XKX")
    assert own["average"]["sources"] == ["grid.XKX.average: our utility [user]"]
    arguments = (
        "--no-plots",
        "--edge",
        "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww",
        "--draws",
        "1000",
        "--grid",
        "XKX",
    )
    ran = tinykit("compare", *arguments, "-o", tmp_path / "without", "--json")
    assert json.loads(ran.out)["error"]["code"] == "GRID_ZONE"
    ran = tinykit("compare", *arguments, "--catalog", path, "-o", tmp_path / "with", "--json")
    assert json.loads(ran.out)["parameters"]["grid.cloud_g_per_j"]["nominal"] * 3.6e6 == pytest.approx(900)
