"""A fleet's footprint by GHG Protocol scope and category, for whoever prepares ESRS E1 or an inventory.

A roll-up of the same ledger: devices times days, location- and market-based side by side, nothing netted.
Which scope a line falls under depends on who reports: the one who runs the devices, or the one who sold them.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tinykit.comparison.compare import Outcome
from tinykit.comparison.exports.parts import known_sum
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.ledger import Column, Line
from tinykit.comparison.result import Result
from tinykit.errors import UsageError

Entity = Literal["operator", "vendor"]
DAYS = 365.25
FLEET = "fleet.csv"


@dataclass(frozen=True)
class Fleet:
    """``devices`` over ``years``, reported by ``entity``."""

    devices: float
    years: float
    entity: Entity


@dataclass(frozen=True)
class FleetRow:
    """A scope and category of a policy over the fleet's time; None where nothing in it has a figure.

    ``lacks`` are the lines of this category without a figure: with any, the sum is a lower bound.
    """

    policy: Policy
    scope: str
    category: str
    esrs: str
    energy_j: Outcome | None
    location_g: Outcome | None
    market_g: Outcome | None
    lacks: tuple[str, ...]


def parse_fleet(text: str) -> Fleet:
    """``devices=N,years=Y,entity=operator|vendor``. Raises UsageError."""
    hint = "--fleet devices=10000,years=5,entity=operator"
    said = dict(part.partition("=")[::2] for part in text.split(",") if part)
    if unknown := sorted(set(said) - {"devices", "years", "entity"}):
        raise UsageError(f"A fleet has no '{unknown[0]}'.", hint=hint)
    try:
        fleet = Fleet(float(said["devices"]), float(said["years"]), said.get("entity", "operator"))  # type: ignore[arg-type]
    except (KeyError, ValueError) as error:
        raise UsageError(f"'{text}' is not a fleet.", hint=hint) from error
    if not (0 < fleet.devices < 1e12 and 0 < fleet.years <= 100) or fleet.entity not in get_args(Entity):
        raise UsageError(f"'{text}' is not a fleet.", hint=hint)
    return fleet


def refuse_consequential(stance: str) -> None:
    """Raises UsageError, code FLEET_STANCE, for any stance but the attributional."""
    if stance != "attributional":
        raise UsageError(
            f"An inventory is attributional, and this comparison is {stance}.",
            hint="give --fleet with --stance attributional; a decision's effect has no scope.",
            code="FLEET_STANCE",
        )


def roll_up(result: Result, fleet: Fleet) -> tuple[FleetRow, ...]:
    """Every scope and category that a policy has lines in, in the order of the ledger.

    Raises UsageError, code FLEET_STANCE, for a consequential comparison: an inventory is of what there is.
    """
    refuse_consequential(result.words["stance"])
    days = fleet.devices * fleet.years * DAYS
    rows = []
    for policy in POLICIES:
        lines = result.comparison.ledgers[policy].lines
        for place in dict.fromkeys(_place(line, result.words["supply.kind"], fleet.entity) for line in lines):
            chosen = [
                line.key for line in lines if _place(line, result.words["supply.kind"], fleet.entity) == place
            ]
            rows.append(_row(result, policy, place, chosen, days))
    return tuple(rows)


def write_fleet(rows: Sequence[FleetRow], fleet: Fleet, simulated: bool, path: Path) -> None:
    """``fleet.csv``: MWh and tCO2e, each with its 95 % interval; unknown cells blank, never 0."""
    head = [
        "policy", "entity", "devices", "years", "scope", "category", "esrs", "energy_mwh", "energy_mwh_low",
        "energy_mwh_high", "location_tco2e", "location_tco2e_low", "location_tco2e_high", "market_tco2e",
        "market_tco2e_low", "market_tco2e_high", "lacks", "stamp",
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for row in rows:
            writer.writerow(
                [
                    row.policy,
                    fleet.entity,
                    fleet.devices,
                    fleet.years,
                    row.scope,
                    row.category,
                    row.esrs,
                    *_cells(row.energy_j, 1 / 3.6e9),
                    *_cells(row.location_g, 1e-6),
                    *_cells(row.market_g, 1e-6),
                    " ".join(row.lacks),
                    "SIMULATED" if simulated else "",
                ]
            )


_PARTS = ("supply.visits", "supply.wear", "supply.unused")
"""What a battery costs beside its joules: bought services and goods."""


def _place(line: Line, supply: str, entity: Entity) -> tuple[str, str, str]:
    """Scope, category, and the ESRS E1 datapoint of a line."""
    operates = entity == "operator"
    if line.key.startswith("embodied.") or line.key in ("supply.harvester", "gateway.hardware"):
        return ("3", "2 capital goods" if operates else "1 purchased goods", "E1-6 gross Scope 3")
    if line.key in _PARTS or (line.site == "device" and supply == "primary"):
        bought = "1 purchased services" if line.key == "supply.visits" else "1 purchased goods"
        return ("3", bought if operates else "11 use of sold products", "E1-6 gross Scope 3")
    if operates and line.site == "device" and supply == "harvested":
        return ("none", "self-generated electricity", "E1-5 self-generated renewable energy")
    if line.site in ("device", "premises"):
        if operates:
            return ("2", "purchased electricity", "E1-5, E1-6 gross Scope 2")
        return ("3", "11 use of sold products", "E1-6 gross Scope 3")
    return ("3", "1 purchased services", "E1-6 gross Scope 3")


def _row(
    result: Result, policy: Policy, place: tuple[str, str, str], keys: Sequence[str], days: float
) -> FleetRow:
    found: dict[Column, Outcome | None] = {}
    lacks: dict[str, None] = {}
    for column in ("energy_j", "carbon_g", "carbon_market_g"):
        one, missing = known_sum(result, policy, column, lambda line: line.key in keys)
        found[column] = None if one is None else Outcome(one.nominal * days, one.low * days, one.high * days)
        lacks.update(dict.fromkeys(missing))
    return FleetRow(
        policy, *place, found["energy_j"], found["carbon_g"], found["carbon_market_g"], tuple(lacks)
    )


def _cells(outcome: Outcome | None, factor: float) -> list[float | str]:
    if outcome is None:
        return ["", "", ""]
    return [outcome.nominal * factor, outcome.low * factor, outcome.high * factor]
