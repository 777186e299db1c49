"""A manifest for the Green Software Foundation's Impact Framework (``if-run``): its own tool recomputes SCI.

A child a policy, below it a child a site with that site's energy and carbon intensity; hardware is a child of
its own. What has no figure is left out and named in the description, since the format has no gaps; so is a
policy whose joules have no grams, which would dilute its intensity and its SCI. Every site has the same
decisions, so that they are no sum: grams are added up, and grams a decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tinykit.comparison.exports import ResultExport
from tinykit.comparison.exports.parts import (
    DAY_S,
    J_PER_KWH,
    has_bare_joules,
    is_hardware,
    known_sum,
    not_comparable,
)
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.ledger import Line
from tinykit.comparison.result import Result

_START = "2026-01-01T00:00:00.000Z"
"""The format wants a time stamp; a device-day of a scenario has none of its own."""
_ROOT = "The policies are alternatives: the tool's sum over all of them is of nothing."
_SITES = ("device", "premises", "network", "datacentre")


def manifest(result: Result) -> dict[str, Any]:
    """The manifest as a tree; JSON is YAML, so that it is written without a YAML library."""
    there = [policy for policy in POLICIES if not has_bare_joules(result, policy)]
    trees = {policy: {"children": _children(result, policy)} for policy in there}
    lacks = "; ".join(filter(None, (_lacks(result, policy, policy in there) for policy in POLICIES)))
    untold = " ".join(why for policy in there if (why := not_comparable(result, policy)))
    stamp = "SIMULATED. " if result.simulated else ""
    about = f"{stamp}One device-day, {result.words['stance']}, location-based. {_ROOT}"
    return {
        "name": "tinykit comparison",
        "description": " ".join(filter(None, (about, untold, lacks))),
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


def _lacks(result: Result, policy: Policy, is_there: bool) -> str:
    """What the sums of ``policy`` lack, for the description; nothing where they are whole."""
    one = result.policies[policy]
    lacking = tuple(dict.fromkeys((*one.gaps["energy_j"], *one.gaps["carbon_g"])))
    if not lacking:
        return ""
    fate = f"is a {one.bound(lacking)}" if is_there else "is left out, since its joules have no grams"
    return f"{policy} {fate}: it lacks {', '.join(lacking)}"


def _children(result: Result, policy: Policy) -> dict[str, Any]:
    made = is_hardware(result)
    decisions = float(result.comparison.ledgers[policy].flow.decisions)
    children: dict[str, Any] = {}
    for site in _SITES:
        energy, _ = known_sum(result, policy, "energy_j", partial(_is_at, site))
        if energy is None or not energy.nominal:
            continue
        kwh = energy.nominal / J_PER_KWH
        carbon, _ = known_sum(result, policy, "carbon_g", partial(_is_at, site, but=made))
        # None: of a cell, whose grams are the hardware's, or at 0 g a joule; none here lacks its grams.
        operational = 0.0 if carbon is None else carbon.nominal
        children[site] = _child(kwh, operational / kwh, 0.0, decisions)
    hardware, _ = known_sum(result, policy, "carbon_g", made)
    if hardware is not None and hardware.nominal:
        children["hardware"] = _child(0.0, 0.0, hardware.nominal, decisions)
    return children


def _is_at(site: str, line: Line, but: Callable[[Line], bool] = lambda _: False) -> bool:
    return line.site == site and not but(line)


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
    tree = manifest(result)
    path.write_text(json.dumps(tree, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    out = [policy for policy in POLICIES if policy not in tree["tree"]["children"]]
    without = f" Left out, since joules have no grams: {', '.join(out)}." if out else ""
    stamp = "SIMULATED. " if result.simulated else ""
    if not tree["tree"]["children"]:
        return f"{stamp}Nothing is in it for if-run to compute.{without}"
    about = "if-run --manifest computes it: nominal, location-based; its description says what it lacks."
    return f"{stamp}{about}{without}"


EXPORT = ResultExport("impact-framework", "manifest.yml", "a manifest for Impact Framework's if-run", write)
