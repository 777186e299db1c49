"""How a scenario asks to be run: its draws, its seed, and what a side's hand makes least of."""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.ledger import Column
from tinykit.comparison.resolve import resolve
from tinykit.comparison.result_notes import refuse_different_tasks
from tinykit.comparison.scenario import Scenario
from tinykit.errors import InputError

_COLUMNS: dict[str, Column] = {"energy": "energy_j", "carbon": "carbon_g", "money": "money_usd"}


@dataclass(frozen=True)
class RunOptions:
    """Of a comparison."""

    draws: int
    seed: int
    column: Column


def run_options(scenario: Scenario, catalog: Catalog) -> RunOptions:
    """What the scenario says. Raises InputError: SCENARIO, TASKS."""
    words = scenario.words()
    parameters = resolve(scenario, catalog, words)
    refuse_different_tasks(words, scenario.place)
    draws, seed = (_whole(scenario, key, parameters[key].nominal) for key in ("run.draws", "run.seed"))
    return RunOptions(draws, seed, _COLUMNS[words["run.objective"]])


def _whole(scenario: Scenario, key: str, value: float | None) -> int:
    if value is None or value != int(value):
        raise InputError(
            f"{scenario.where(key)}: {key} must be a whole number, not {value}.",
            hint="write --draws 100000 --seed 0.",
            code="SCENARIO",
        )
    return int(value)
