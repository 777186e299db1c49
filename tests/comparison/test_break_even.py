"""Where the sign turns, and only where both sides can play."""

from __future__ import annotations

import numpy as np
import pytest

from tinykit.comparison.break_even import BreakEven
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.flow import DAY_S
from tinykit.comparison.ledger import Column
from tinykit.comparison.scenario import Given, Scenario

CATALOG = Catalog.load()
BASE: dict[str, Given] = {"edge.inference_j": 1e-3}


def run(objective: Column = "energy_j", **changes: Given) -> Comparison:
    return compare(Scenario({**BASE, **changes}), CATALOG, draws=100, objective=objective)


def turn(found: Comparison, key: str) -> BreakEven:
    (one,) = (one for one in found.break_evens if one.key == key)
    return one


def test_a_payload_that_no_message_holds_is_neither_won_nor_lost() -> None:
    found = run(**{
        "radio.kind": "lorawan", "service.payload_bytes": 50, "service.events_per_day": 24,
        "service.latency_s": 60,
    })  # fmt: skip
    assert turn(found, "service.payload_bytes").searched == (1.0, pytest.approx(115.0, rel=1e-3))


def test_events_end_where_the_day_does() -> None:
    found = run(**{"edge.inference_s": 1.0})
    assert turn(found, "service.events_per_day").searched[1] == pytest.approx(DAY_S, rel=1e-3)


def test_a_side_that_is_not_accurate_enough_wins_nowhere() -> None:
    accuracy: dict[str, Given] = {"service.recall_least": 0.9, "cloud.recall": 0.95, "edge.recall": 0.5}
    assert run(**accuracy).break_evens == ()


def test_a_load_is_searched_up_to_the_servers_rate_whether_given_or_not() -> None:
    busy: dict[str, Given] = {"cloud.busy_s": 0.01}
    given = turn(run(**busy, **{"cloud.requests_per_s": 10.0}), "cloud.requests_per_s")
    assert given.now == 10.0 and given.searched[1] == pytest.approx(100.0)
    follows = turn(run(**busy, **{"cloud.utilisation": 0.5}), "cloud.requests_per_s")
    assert follows.now == pytest.approx(50.0) and follows.searched == given.searched


def test_grids_are_solved_for_in_grams_whatever_the_hands_make_least_of() -> None:
    columns = {one.key: one.column for one in run().break_evens}
    assert columns["grid.device_g_per_j"] == columns["grid.cloud_g_per_j"] == "carbon_g"
    assert columns["service.payload_bytes"] == "energy_j"


def test_the_edges_hardware_is_repaid_after_so_long() -> None:
    """170 g more, against what the lines beside it save a day: solved, and by hand."""
    made: dict[str, Given] = {
        "stance": "consequential", "edge.increment_g": 170.0, "grid.device_g_per_j": 1e-4,
        "grid.network_g_per_j": 1e-4, "grid.cloud_g_per_j": 1e-4,
    }  # fmt: skip
    found = run("carbon_g", **made)
    life, increment = (turn(found, key) for key in ("device.life_years", "edge.increment_g"))
    free = run("carbon_g", **{**made, "edge.increment_g": 0.0}).difference("edge", "carbon_g").saving
    assert free is not None and free.nominal > 0
    assert not life.edge_wins_at_low_end and increment.edge_wins_at_low_end
    (years,), (grams,) = life.points, increment.points
    assert years == pytest.approx(170.0 / free.nominal / 365.25, rel=1e-3)
    assert grams == pytest.approx(free.nominal * 3.0 * 365.25, rel=1e-3)
    assert np.isfinite(years)
