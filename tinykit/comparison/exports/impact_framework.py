"""A manifest for the Green Software Foundation's Impact Framework (``if-run``): its own tool recomputes SCI.

A child a policy, below it a child a site with that site's energy and carbon intensity; hardware is a child of
its own. What has no figure is left out and named in the description, since the format has no gaps. Every site
has the same decisions, so that they are no sum: grams are added up, and grams a decision.
"""

from __future__ import annotations

import json
from collections.abc import Set
from functools import partial
from pathlib import Path
from typing import Any

from tinykit.comparison.exports import ResultExport
from tinykit.comparison.exports.parts import DAY_S, J_PER_KWH, is_hardware, known_sum
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.ledger import Line
from tinykit.comparison.result import Result

_START = "2026-01-01T00:00:00.000Z"
"""The format wants a time stamp; a device-day of a scenario has none of its own."""
_ROOT = "The policies are alternatives: the tool's sum over all of them is of nothing."
_SITES = ("device", "premises", "network", "datacentre")


def manifest(result: Result) -> dict[str, Any]:
    """The manifest as a tree; JSON is YAML, so that it is written without a YAML library."""
    trees, lacking = {}, {}
    for policy in POLICIES:
        trees[policy], lacking[policy] = _policy(result, policy)
    lacks = "; ".join(f"{policy} lacks {', '.join(keys)}" for policy, keys in lacking.items() if keys)
    stamp = "SIMULATED. " if result.simulated else ""
    about = f"{stamp}One device-day, {result.words['stance']}, location-based. {_ROOT}"
    return {
        "name": "tinykit comparison",
        "description": f"{about} {lacks}".strip(),
        "tags": {"kind": "modelled", "complexity": "moderate", "category": "edge-versus-cloud"},
        "aggregation": {"metrics": ["carbon", "sci"], "type": "vertical"},
        "initialize": {
            "plugins": {
                "operational": {
                    "method": "Multiply",
                    "path": "builtin",
                    "config": {
                        "input-parameters": ["energy", "grid/carbon-intensity"],
                        "output-parameter": "carbon-operational",
                    },
                },
                "sum-carbon": {
                    "method": "Sum",
                    "path": "builtin",
                    "config": {
                        "input-parameters": ["carbon-operational", "carbon-embodied"],
                        "output-parameter": "carbon",
                    },
                },
                "sci": {"method": "Sci", "path": "builtin", "config": {"functional-unit": "decisions"}},
            }
        },
        "tree": {"children": trees},
    }


def _policy(result: Result, policy: Policy) -> tuple[dict[str, Any], tuple[str, ...]]:
    made = is_hardware(result)
    decisions = float(result.comparison.ledgers[policy].flow.decisions)
    children: dict[str, Any] = {}
    lacking: dict[str, None] = {}
    for site in _SITES:
        here = {line.key for line in result.comparison.ledgers[policy].lines if line.site == site}
        used = {
            line.key
            for line in result.comparison.ledgers[policy].lines
            if line.key in here and not made(line)
        }
        energy, no_energy = known_sum(result, policy, "energy_j", partial(_among, here))
        carbon, no_carbon = known_sum(result, policy, "carbon_g", partial(_among, used))
        lacking.update(dict.fromkeys((*no_energy, *no_carbon)))
        if energy is None or not energy.nominal:
            continue
        kwh = energy.nominal / J_PER_KWH
        operational = 0.0 if carbon is None else carbon.nominal
        children[site] = _child(kwh, operational / kwh, 0.0, decisions)
    hardware, no_hardware = known_sum(result, policy, "carbon_g", made)
    lacking.update(dict.fromkeys(no_hardware))
    if hardware is not None and hardware.nominal:
        children["hardware"] = _child(0.0, 0.0, hardware.nominal, decisions)
    return {"children": children}, tuple(lacking)


def _among(keys: Set[str], line: Line) -> bool:
    return line.key in keys


def _child(kwh: float, intensity: float, embodied_g: float, decisions: float) -> dict[str, Any]:
    row = {
        "timestamp": _START,
        "duration": DAY_S,
        "energy": kwh,
        "grid/carbon-intensity": intensity,
        "carbon-embodied": embodied_g,
        "decisions": decisions,
    }
    return {"pipeline": {"compute": ["operational", "sum-carbon", "sci"]}, "inputs": [row]}


def write(result: Result, path: Path) -> str:
    """The manifest; ``if-run --manifest FILE`` computes it."""
    path.write_text(json.dumps(manifest(result), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return "if-run --manifest computes it; it holds nominal figures, location-based."


EXPORT = ResultExport("impact-framework", "manifest.yml", "a manifest for Impact Framework's if-run", write)
