"""A comparison in other people's formats, judged by what reads them."""

from __future__ import annotations

import csv
import json
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import tinykit
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.exports import find_export, find_exports
from tinykit.comparison.exports.impact_framework import manifest
from tinykit.comparison.exports.sci import sci
from tinykit.comparison.fleet import Fleet, parse_fleet, roll_up, write_fleet
from tinykit.comparison.flow import POLICIES
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.scenario import Scenario
from tinykit.errors import UsageError

CATALOG = Catalog.load()
SCHEMAS = Path(tinykit.__file__).parent / "data" / "schemas"
IMPACT_FRAMEWORK = "@grnsft/if@1.1.0"


def result(**changes: object) -> Result:
    given = {"edge.inference_j": 1e-3, "device.sleep_w": 1e-5, "service.task": "kws"}
    given |= {key.replace("__", "."): value for key, value in changes.items()}  # type: ignore[misc]
    return make_result(compare(Scenario(given), CATALOG, draws=500), CATALOG)


def grams(found: Result, policy: str) -> float:
    return float(found.comparison.ledgers[policy].total("carbon_g").flat[0])  # type: ignore[index]


def test_a_row_a_policy_of_codecarbons_columns_unknowns_blank(tmp_path: Path) -> None:
    found = result(grid__device="KR", grid__network="KR", grid__cloud="KR")
    note = find_export("codecarbon").write(found, tmp_path / "emissions.csv")
    with (tmp_path / "emissions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["experiment_id"] for row in rows] == list(POLICIES)
    for row in rows:
        assert float(row["emissions"]) == pytest.approx(grams(found, row["experiment_id"]) / 1e3)
        assert float(row["emissions_rate"]) == pytest.approx(float(row["emissions"]) / 86_400)
        assert row["country_iso_code"] == "KOR"
        # Nobody measured a processor's or a memory's share: blank, where 0 would be a claim.
        assert row["cpu_energy"] == row["gpu_energy"] == row["ram_energy"] == row["wue"] == ""
    assert "device.sense" in note


def emissions(found: Result, folder: Path) -> list[dict[str, str]]:
    find_export("codecarbon").write(found, folder / "emissions.csv")
    with (folder / "emissions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def sci_of(found: Result, folder: Path) -> dict[str, Any]:
    find_export("sci").write(found, folder / "sci.json")
    document = json.loads((folder / "sci.json").read_text())
    jsonschema.validate(document, json.loads((SCHEMAS / "sci.v1.schema.json").read_text()))
    return {one["policy"]: one for one in document["policies"]}


def test_several_zones_are_no_country(tmp_path: Path) -> None:
    assert emissions(result(grid__device="BR"), tmp_path)[0]["country_iso_code"] == ""


@pytest.mark.parametrize(
    "changes",
    [
        # A grid without a margin in the catalogue.
        {**dict.fromkeys(("grid__device", "grid__network", "grid__cloud"), "DE"), "stance": "consequential"},
        # Cells of which nobody has the grams; a network and a data centre that have theirs.
        {"supply__kind": "primary", "supply__pack": "alkaline"},
    ],
)
def test_joules_without_grams_are_never_0_g(tmp_path: Path, changes: dict[str, object]) -> None:
    found = result(**changes)
    rows = {row["experiment_id"]: row for row in emissions(found, tmp_path)}
    rates = sci_of(found, tmp_path)
    tree = manifest(found)
    note = find_export("impact-framework").write(found, tmp_path / "manifest.yml")
    assert "--manifest" not in note  # if-run breaks on an empty tree
    for policy in POLICIES:
        assert float(rows[policy]["energy_consumed"]) > 0
        assert rows[policy]["emissions"] == rows[policy]["emissions_rate"] == ""
        assert rates[policy]["sci_g_per_decision"] is None
        assert policy not in tree["tree"]["children"] and policy in note
        assert f"{policy} is left out" in tree["description"]
    assert "cannot be told" in rates["edge"]["not_comparable"] and rates["cloud"]["not_comparable"] is None
    if changes.get("stance") == "consequential":
        assert rates["cloud"]["operational_g_per_day"] is None
        assert rows["edge"]["water_consumed"] == ""


def test_a_side_that_is_known_alone_is_not_set_against_the_other(tmp_path: Path) -> None:
    found = result(grid__device="KR", grid__network="KR", grid__cloud="DE", stance="consequential")
    edge, cloud = emissions(found, tmp_path)[:2]
    assert float(edge["emissions"]) > 0 and cloud["emissions"] == ""
    assert "emissions not comparable with the cloud's" in edge["project_name"]
    rates = sci_of(found, tmp_path)
    assert rates["edge"]["sci_g_per_decision"]["nominal"] > 0 and rates["edge"]["not_comparable"]
    assert rates["cloud"]["sci_g_per_decision"] is None
    tree = manifest(found)
    assert list(tree["tree"]["children"]) == ["edge"] and "cannot be told" in tree["description"]


def test_a_category_whose_joules_have_no_grams_is_blank() -> None:
    rows = roll_up(result(supply__kind="primary", supply__pack="alkaline"), Fleet(1, 1, "operator"))
    cells = [row for row in rows if row.category == "1 purchased goods"]
    assert len(cells) == len(POLICIES)
    for row in cells:
        assert row.energy_j is not None and row.energy_j.nominal > 0
        assert row.location_g is None and row.market_g is None


def test_sums_that_lack_lines_say_so_themselves(tmp_path: Path) -> None:
    """As the terminal does, which marks them ≥."""
    found = result()
    assert found.policies["cloud"].mark("carbon_g") == "≥ "
    (edge, cloud, _) = emissions(found, tmp_path)
    assert "attributional" in edge["project_name"] and "with making the hardware" in edge["project_name"]
    assert "lower bound: emissions, energy_consumed" in cloud["project_name"]
    one = sci_of(found, tmp_path)["cloud"]
    assert one["sci_g_per_decision"]["bound"] == one["operational_g_per_day"]["bound"] == "lower bound"
    assert "cloud is a lower bound: it lacks device.sense" in manifest(found)["description"]


def test_an_intensity_is_that_of_the_grid() -> None:
    found = result(grid__cloud="FR")
    child = manifest(found)["tree"]["children"]["cloud"]["children"]["datacentre"]["inputs"][0]
    g_per_j = found.comparison.values["shared"]["datacentre.g_per_j"].flat[0]
    assert child["grid/carbon-intensity"] == pytest.approx(g_per_j * 3.6e6)


def test_a_run_is_its_scenario(tmp_path: Path) -> None:
    places = ("grid__device", "grid__network", "grid__cloud")
    runs = [
        {uuid.UUID(row["run_id"]) for row in emissions(result(**dict.fromkeys(places, zone)), tmp_path)}
        for zone in ("KR", "FR", "KR")
    ]
    assert runs[0] == runs[2] and len(runs[0] | runs[1]) == 2 * len(POLICIES)


def test_sci_is_a_rate_that_no_certificate_moves(tmp_path: Path) -> None:
    documents = []
    for name, changes in (("a", {}), ("b", {"grid__cloud_market_g_per_j": 0.0})):
        find_export("sci").write(result(**changes), tmp_path / name)
        documents.append(json.loads((tmp_path / name).read_text()))
    jsonschema.validate(documents[0], json.loads((SCHEMAS / "sci.v1.schema.json").read_text()))
    assert documents[0] == documents[1]
    (edge, cloud, _) = documents[0]["policies"]
    assert cloud["sci_g_per_decision"]["nominal"] == pytest.approx(grams(result(), "cloud") / 1440)
    assert "embodied.device" in edge["lacks"]


@pytest.mark.slow
def test_impact_frameworks_own_tool_comes_to_the_same_grams(
    tmp_path: Path, require: Callable[[str], Path]
) -> None:
    npm = require("npm")
    subprocess.run(
        [str(npm), "install", "--no-audit", "--no-fund", "--prefix", str(tmp_path), IMPACT_FRAMEWORK],
        check=True,
        capture_output=True,
        timeout=300,
    )
    found = result(supply__kind="primary", cloud__case="dedicated")
    note = find_export("impact-framework").write(found, tmp_path / "manifest.yml")
    assert "if-run" in note
    tool = tmp_path / "node_modules" / ".bin" / "if-run"
    ran = subprocess.run(
        [str(tool), "--manifest", "manifest.yml", "--output", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    computed = (tmp_path / "out.yaml").read_text()
    assert "decisions" not in "".join(_after(computed, "aggregated:"))
    for metric, of in (("carbon", 1.0), ("sci", 1 / 1440)):
        totals = [float(x.split(":")[1]) for x in _after(computed, "aggregated:") if f" {metric}:" in x]
        assert totals[:-1] == pytest.approx([grams(found, policy) * of for policy in POLICIES], rel=1e-9)


def _after(text: str, word: str) -> list[str]:
    """The two lines after each line that is ``word``, policies before the whole."""
    lines = text.splitlines()
    return [one for k, line in enumerate(lines) if line.strip() == word for one in lines[k + 1 : k + 3]]


def test_a_fleet_is_the_device_day_times_devices_and_days(tmp_path: Path) -> None:
    found = result()
    fleet = parse_fleet("devices=1000,years=2,entity=operator")
    rows = roll_up(found, fleet)
    for policy in POLICIES:
        whole = sum(r.location_g.nominal for r in rows if r.policy == policy and r.location_g is not None)
        assert whole == pytest.approx(grams(found, policy) * 1000 * 2 * 365.25)
    path = tmp_path / "fleet.csv"
    write_fleet(rows, fleet, True, path)
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    hardware = [row for row in read if row["category"] == "2 capital goods"]
    assert hardware and all(
        row["location_tco2e"] == "" and "embodied.device" in row["lacks"] for row in hardware
    )
    assert {row["stamp"] for row in read} == {"SIMULATED"}


def test_who_reports_decides_the_scope() -> None:
    found = result()
    scopes = {
        entity: {row.scope for row in roll_up(found, Fleet(1, 1, entity)) if row.policy == "edge"}  # type: ignore[arg-type]
        for entity in ("operator", "vendor")
    }
    assert scopes == {"operator": {"2", "3"}, "vendor": {"3"}}
    # A primary cell's joules are goods that were bought, whoever reports.
    battery = roll_up(result(supply__kind="primary"), Fleet(1, 1, "operator"))
    assert any(row.category == "1 purchased goods" and row.energy_j is not None for row in battery)


def test_a_rechargeable_packs_wear_is_goods_and_its_charge_electricity() -> None:
    known = dict.fromkeys(("device__sense_j", "device__prepare_j", "gateway__share_w"), 0.0)
    found = result(supply__kind="rechargeable", grid__device_g_per_j=0.0, **known)
    rows = {(row.policy, row.scope, row.category): row for row in roll_up(found, Fleet(1, 1, "operator"))}
    charge, goods = rows["cloud", "2", "purchased electricity"], rows["cloud", "3", "1 purchased goods"]
    assert charge.energy_j is not None and charge.energy_j.nominal > 0
    # On a grid without carbon the electricity has none: all that is left is of making the pack.
    assert charge.location_g is not None and charge.location_g.nominal == 0
    assert goods.location_g is not None and goods.location_g.nominal > 0
    parts = sci(found, "cloud")
    assert parts["hardware_g_per_day"]["nominal"] * 365.25 >= goods.location_g.nominal


def test_harvested_joules_are_nobodys_scope_2() -> None:
    rows = roll_up(result(supply__kind="harvested"), Fleet(1, 1, "operator"))
    (own,) = (row for row in rows if row.policy == "edge" and row.category == "self-generated electricity")
    assert own.scope == "none" and own.energy_j is not None and own.energy_j.nominal > 0
    bought = [row.energy_j for row in rows if row.policy == "edge" and row.scope == "2"]
    assert all(one is None or one.nominal == 0 for one in bought)


def test_an_inventory_is_attributional() -> None:
    with pytest.raises(UsageError) as caught:
        roll_up(result(stance="consequential", network__mode="marginal"), Fleet(1, 1, "operator"))
    assert caught.value.code == "FLEET_STANCE" and "--stance attributional" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "devices=10", "devices=-1,years=1", "devices=1,years=1,entity=me", "a=1"]
)
def test_no_fleet(text: str) -> None:
    with pytest.raises(UsageError):
        parse_fleet(text)


def test_an_unknown_export_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_export("excel")
    assert all(name in caught.value.hint for name in find_exports())
