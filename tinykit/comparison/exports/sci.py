"""Software Carbon Intensity (ISO/IEC 21031:2024): ``((E * I) + M) / R``, R a decision. A rate, no saving.

I is location-based: the standard admits no market instruments, so that a certificate moves nothing here.
Where joules have no I there is no rate. Each sum says whether it lacks lines, each policy whether its grams
may be set against the cloud's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinykit.comparison.compare import Outcome
from tinykit.comparison.exports import ResultExport
from tinykit.comparison.exports.parts import has_bare_joules, is_hardware, known_sum, not_comparable
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.result import Bound, Result


def sci(result: Result, policy: Policy) -> dict[str, Any]:
    """SCI of a policy in gCO2e a decision, nominal and 95 %, with its parts per device-day."""
    made = is_hardware(result)
    operational, no_operational = known_sum(result, policy, "carbon_g", lambda line: not made(line))
    hardware, no_hardware = known_sum(result, policy, "carbon_g", made)
    whole, lacks = known_sum(result, policy, "carbon_g")
    bound = result.policies[policy].bound
    decisions = float(result.comparison.ledgers[policy].flow.decisions)
    has_rate = decisions > 0 and not has_bare_joules(result, policy)
    return {
        "policy": policy,
        "functional_unit": "decision",
        "decisions_per_day": decisions,
        "operational_g_per_day": _plain(operational, bound(no_operational)),
        "hardware_g_per_day": _plain(hardware, bound(no_hardware)),
        "sci_g_per_decision": _plain(whole, bound(lacks), 1.0 / decisions) if has_rate else None,
        "not_comparable": not_comparable(result, policy),
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
    stamp = "SIMULATED. " if result.simulated else ""
    about = "gCO2e a decision, location-based; beside each policy stands what it lacks,"
    return f"{stamp}{about} and where it must not be compared with the cloud, why."


def _plain(outcome: Outcome | None, bound: Bound, factor: float = 1.0) -> dict[str, float | str] | None:
    if outcome is None:
        return None
    figures = {name: getattr(outcome, name) * factor for name in ("nominal", "low", "high")}
    return {**figures, "bound": bound}


EXPORT = ResultExport("sci", "sci.json", "Software Carbon Intensity, a rate per decision", write)
