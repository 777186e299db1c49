"""codecarbon's ``emissions.csv``: a row a policy, one device-day each; kg and kWh; unknown cells blank.

codecarbon's own ``emissions`` are operational; ours are of making the hardware and the cells, too. The
project's name says that, the stance, and which cells lack lines: a row has no other place for words. Where
joules have no grams (litres), the cell is blank.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from tinykit.comparison.exports import ResultExport
from tinykit.comparison.exports.parts import DAY_S, J_PER_KWH, has_bare_joules, known_sum, not_comparable
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.ledger import Column
from tinykit.comparison.mixes import zone_code
from tinykit.comparison.result import Result
from tinykit.comparison.writeback import complete

COLUMNS = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate",
    "cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed",
    "water_consumed", "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os",
    "python_version", "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude",
    "latitude", "ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent",
    "ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue",
)  # fmt: skip
"""As codecarbon 3.3 writes them. `Emissions` are location-based."""
_CELLS: Mapping[str, Column] = {
    "emissions": "carbon_g",
    "energy_consumed": "energy_j",
    "water_consumed": "water_l",
}
"""Cells that are sums, which may lack lines."""


def write(result: Result, path: Path) -> str:
    """Three rows. What the sums lack is in the note: a format without intervals has no place for it."""
    lacking: dict[str, None] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for policy in POLICIES:
            row, lacks = _row(result, policy)
            writer.writerow(row)
            lacking.update(dict.fromkeys(lacks))
    stamp = "SIMULATED. " if result.simulated else ""
    without = f" The sums lack {', '.join(lacking)}." if lacking else ""
    about = f"One device-day a policy, {result.words['stance']}, nominal, location-based, no intervals."
    return f"{stamp}{about} Emissions are of making the hardware, too.{without}"


def _project(result: Result, policy: Policy, row: Mapping[str, object]) -> str:
    """What the cells of ``row`` are, in words."""
    said = [result.words["stance"]]
    if "emissions" in row:
        said.append("emissions with making the hardware")
    one = result.policies[policy]
    bounds = {cell: one.bound(one.gaps[column]) for cell, column in _CELLS.items() if cell in row}
    for bound in ("lower bound", "part"):
        if cells := [cell for cell, of in bounds.items() if of == bound]:
            said.append(f"{bound}: {', '.join(cells)}")
    if "emissions" in row and not_comparable(result, policy):
        said.append("emissions not comparable with the cloud's")
    stamp = "SIMULATED " if result.simulated else ""
    # A cell that begins like a formula is one in a spreadsheet.
    return f"tinykit {stamp}{result.words['service.task']} ({'; '.join(said)})"


def _run_id(result: Result, policy: Policy) -> uuid.UUID:
    """Of the scenario, complete, and of the catalogue: the same again where both are, and no other run's."""
    scenario = json.dumps(complete(result.comparison.parameters, result.words), sort_keys=True)
    digest = hashlib.sha256(scenario.encode()).hexdigest()
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{result.provenance.catalog_sha256}/{digest}/{policy}")


def _row(result: Result, policy: Policy) -> tuple[dict[str, object], tuple[str, ...]]:
    energy, no_energy = known_sum(result, policy, "energy_j")
    carbon, no_carbon = known_sum(result, policy, "carbon_g")
    water, no_water = known_sum(result, policy, "water_l")
    zones = {zone_code(result.words[f"grid.{place}"]) for place in ("device", "network", "cloud")}
    zone = zones.pop() if len(zones) == 1 else ""
    row: dict[str, object] = {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
        "run_id": _run_id(result, policy),
        "experiment_id": policy,
        "duration": DAY_S,
        "country_iso_code": "" if zone == "WOR" else zone,
        "on_cloud": "Y" if policy == "cloud" else "N",
        "tracking_mode": "modelled",
        "python_version": result.provenance.libraries.get("python", ""),
    }
    if energy is not None:
        row["energy_consumed"] = energy.nominal / J_PER_KWH
    if carbon is not None and not has_bare_joules(result, policy):
        row["emissions"] = carbon.nominal / 1e3
        row["emissions_rate"] = carbon.nominal / 1e3 / DAY_S
    if water is not None and not has_bare_joules(result, policy, "water_l"):
        row["water_consumed"] = water.nominal
    pue = result.parameters["cloud.pue"].nominal
    if policy != "edge" and pue is not None:
        row["pue"] = pue
    row["project_name"] = _project(result, policy, row)
    return row, tuple(dict.fromkeys((*no_energy, *no_carbon, *no_water)))


EXPORT = ResultExport("codecarbon", "emissions.csv", "codecarbon's emissions.csv, a row a policy", write)
