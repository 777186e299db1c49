"""Software Carbon Intensity (ISO/IEC 21031:2024): ``((E * I) + M) / R``, R a decision. A rate, no saving.

I is location-based: the standard admits no market instruments, so that a certificate moves nothing here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinykit.comparison.compare import Outcome
from tinykit.comparison.exports import ResultExport
from tinykit.comparison.exports.parts import is_hardware, known_sum
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.result import Result


def sci(result: Result, policy: Policy) -> dict[str, Any]:
    """SCI of a policy in gCO2e a decision, nominal and 95 %, with its parts per device-day."""
    made = is_hardware(result)
    operational, no_operational = known_sum(result, policy, "carbon_g", lambda line: not made(line))
    hardware, no_hardware = known_sum(result, policy, "carbon_g", made)
    whole, _ = known_sum(result, policy, "carbon_g")
    decisions = float(result.comparison.ledgers[policy].flow.decisions)
    return {
        "policy": policy,
        "functional_unit": "decision",
        "decisions_per_day": decisions,
        "operational_g_per_day": _plain(operational),
        "hardware_g_per_day": _plain(hardware),
        "sci_g_per_decision": _plain(whole, 1.0 / decisions) if decisions else None,
        "lacks": [*no_operational, *no_hardware],
    }


def write(result: Result, path: Path) -> str:
    """The three policies as JSON."""
    document = {
        "schema": "tinykit.sci",
        "schema_version": 1,
        "simulated": result.simulated,
        "stance": result.words["stance"],
        "grid": "location-based",
        "policies": [sci(result, policy) for policy in POLICIES],
    }
    path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return "gCO2e a decision, location-based; what it lacks is listed beside each policy."


def _plain(outcome: Outcome | None, factor: float = 1.0) -> dict[str, float] | None:
    if outcome is None:
        return None
    return {name: getattr(outcome, name) * factor for name in ("nominal", "low", "high")}


EXPORT = ResultExport("sci", "sci.json", "Software Carbon Intensity, a rate per decision", write)
