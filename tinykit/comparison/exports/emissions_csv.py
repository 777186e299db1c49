"""codecarbon's ``emissions.csv``: a row a policy, one device-day each; kg and kWh; unknown cells blank."""

from __future__ import annotations

import csv
import time
import uuid
from pathlib import Path

from tinykit.comparison.exports import ResultExport
from tinykit.comparison.exports.parts import DAY_S, J_PER_KWH, known_sum
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.mixes import zone_code
from tinykit.comparison.result import Result

COLUMNS = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate",
    "cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed",
    "water_consumed", "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os",
    "python_version", "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude",
    "latitude", "ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent",
    "ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue",
)  # fmt: skip
"""As codecarbon 3.3 writes them. `Emissions` are location-based."""


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
    return f"{stamp}One device-day a policy, nominal figures, location-based, no intervals.{without}"


def _row(result: Result, policy: Policy) -> tuple[dict[str, object], tuple[str, ...]]:
    energy, no_energy = known_sum(result, policy, "energy_j")
    carbon, no_carbon = known_sum(result, policy, "carbon_g")
    water, no_water = known_sum(result, policy, "water_l")
    zones = {zone_code(result.words[f"grid.{place}"]) for place in ("device", "network", "cloud")}
    zone = zones.pop() if len(zones) == 1 else ""
    name = result.words["service.task"]
    stamp = "SIMULATED " if result.simulated else ""
    row: dict[str, object] = {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
        # A cell that begins like a formula is one in a spreadsheet.
        "project_name": f"tinykit {stamp}{name}",
        "run_id": uuid.uuid5(uuid.NAMESPACE_URL, f"{result.provenance.catalog_sha256}/{name}/{policy}"),
        "experiment_id": policy,
        "duration": DAY_S,
        "country_iso_code": "" if zone == "WOR" else zone,
        "on_cloud": "Y" if policy == "cloud" else "N",
        "tracking_mode": "modelled",
        "python_version": result.provenance.libraries.get("python", ""),
    }
    if energy is not None:
        row["energy_consumed"] = energy.nominal / J_PER_KWH
    if carbon is not None:
        row["emissions"] = carbon.nominal / 1e3
        row["emissions_rate"] = carbon.nominal / 1e3 / DAY_S
    if water is not None:
        row["water_consumed"] = water.nominal
    pue = result.parameters["cloud.pue"].nominal
    if policy != "edge" and pue is not None:
        row["pue"] = pue
    return row, tuple(dict.fromkeys((*no_energy, *no_carbon, *no_water)))


EXPORT = ResultExport("codecarbon", "emissions.csv", "codecarbon's emissions.csv, a row a policy", write)
