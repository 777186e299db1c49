"""Where the sign turns, and only where both sides can play."""

from __future__ import annotations

import numpy as np
import pytest

from tinykit.comparison.break_even import BreakEven
from tinykit.comparison.break_even_map import break_even_map
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


def test_a_batch_that_makes_the_cloud_as_cheap_is_found() -> None:
    """A connection dominates: the node that sends all is as cheap once it sends so many together."""
    found = run(**{
        "edge.inference_j": 0.05, "service.report_share": 0.0, "service.latency_s": 86_400.0,
        "radio.associated_w": "gap: not here", "device.boot_j": 0.0, "cloud.case": "autoscaled",
        "service.payload_bytes": 1.0, "radio.batch_most": 4, "cloud.inference_j": 0.0, "cloud.floor_w": 0.0,
    })  # fmt: skip
    batch = turn(found, "radio.batch_most")
    assert (batch.now, batch.searched) == (4.0, (1.0, pytest.approx(256.0)))
    assert batch.edge_wins_at_low_end
    # 0.543 J a connection against the edge's 0.05 J: eleven would do, and hands try powers of two.
    assert batch.points == (pytest.approx(16.0, rel=1e-3),)


def test_how_far_behind_the_edges_accuracy_may_be_where_a_miss_has_a_price() -> None:
    priced: dict[str, Given] = {
        "service.miss_usd": 0.5, "service.true_events_per_day": 10.0, "cloud.recall": 0.95,
        "edge.recall": 0.9, "hybrid.recall": 0.95, "edge.price_usd": 12.0, "node.price_usd": 10.0,
        "network.usd_per_byte": 1e-8, "grid.device_usd_per_j": 0.0, "supply.kind": "mains",
    }  # fmt: skip
    found = run("money_usd", **priced)
    (recall,) = turn(found, "edge.recall").points
    equal = run("money_usd", **{**priced, "edge.recall": recall}).difference("edge", "money_usd").saving
    assert equal is not None and equal.nominal == pytest.approx(0.0, abs=1e-6)
    saved = found.difference("edge", "money_usd").saving
    assert saved is not None
    assert recall == pytest.approx(0.9 - saved.nominal / (10.0 * 0.5), rel=1e-3), "a dollar a day by hand"
    unpriced = run("money_usd", **{**priced, "service.miss_usd": "gap: nobody prices it"})
    assert "edge.recall" not in {one.key for one in unpriced.break_evens}


def test_a_map_tells_what_is_not_feasible_from_what_nobody_knows() -> None:
    lame = break_even_map(run(**{"node.embodied_g": 4000.0, "cloud.embodied_g": 1e6}), "carbon_g", points=4)
    assert lame.feasible.all() and np.isnan(lame.ratio).all()
    weak: dict[str, Given] = {"service.recall_least": 0.9, "cloud.recall": 0.95, "edge.recall": 0.5}
    assert not break_even_map(run(**weak), points=4).feasible.any()
    slow = break_even_map(run(**{"edge.inference_s": 5.0}), points=6)
    assert not slow.feasible[:, -1].any() and slow.feasible[:, 0].all(), "a day holds so many inferences"
