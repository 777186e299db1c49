"""A comparison in other people's formats, judged by what reads them."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import tinykit
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.exports import find_export, find_exports
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


def test_joules_without_any_figure_leave_the_cell_blank(tmp_path: Path) -> None:
    find_export("codecarbon").write(result(grid__device="BR", stance="consequential"), tmp_path / "e.csv")
    with (tmp_path / "e.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["country_iso_code"] == ""


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
    totals = [float(one.split(":")[1]) for one in _after(computed, "aggregated:") if "carbon:" in one]
    assert totals[:-1] == pytest.approx([grams(found, policy) for policy in POLICIES], rel=1e-9)


def _after(text: str, word: str) -> list[str]:
    """The line after each line that is ``word``, policies before the whole."""
    lines = text.splitlines()
    return [lines[k + 1] for k, line in enumerate(lines) if line.strip() == word]


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
