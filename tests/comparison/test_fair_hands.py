"""Nothing is the best, and nothing is saved, for want of a figure; the edge may go where the cloud may."""

from __future__ import annotations

import numpy as np
import pytest

from tinykit.comparison.break_even_map import break_even_map
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.ledger import Column
from tinykit.comparison.result import make_result
from tinykit.comparison.result_document import document
from tinykit.comparison.result_headline import answer
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.sweep import sweep
from tinykit.comparison.sweep_axis import parse_axis
from tinykit.comparison.sweep_table import saving

CATALOG = Catalog.load()
BASE: dict[str, Given] = {"edge.inference_j": 1e-3}
MADE: dict[str, Given] = {"node.embodied_g": 4000.0, "cloud.embodied_g": 1e6}
"""The node that sends was counted, the device that infers was not."""


def run(objective: Column = "energy_j", **changes: Given) -> Comparison:
    return compare(Scenario({**BASE, **changes}), CATALOG, draws=100, objective=objective)


def test_no_saving_where_one_side_lacks_what_the_other_pays_for() -> None:
    found = run(**MADE)
    one = found.difference("edge", "carbon_g")
    assert (one.saving, one.ratio, one.uneven) == (None, None, ("embodied.device",))
    result = make_result(found, CATALOG)
    assert "one side alone has embodied.device" in answer(result, "edge", "carbon_g")
    (told,) = (
        one
        for one in document(result)["differences"]
        if (one["policy"], one["column"]) == ("edge", "carbon_g")
    )
    assert told["saving"] is None and told["ratio"] is None and told["probability"] is None
    assert np.isnan(break_even_map(found, "carbon_g", points=4).ratio).all()
    assert found.difference("edge").saving is not None, "joules are there on both sides"


def test_with_both_sides_counted_the_saving_is_told() -> None:
    assert run(**MADE, **{"edge.embodied_g": 5000.0}).difference("edge", "carbon_g").saving is not None


def test_a_sweep_tells_no_such_saving_either() -> None:
    axis = parse_axis("service.events_per_day=10,1000")
    uneven = sweep(Scenario({**BASE, **MADE}), CATALOG, [axis], "carbon_g")
    assert np.isnan(saving(uneven, uneven.cases[0], "edge")).all()
    assert np.isfinite(saving(uneven, uneven.cases[0], "edge", "energy_j")).all()


def test_a_tier_is_not_the_best_for_want_of_a_price() -> None:
    """The gateway's joules are known and cost nothing much; who made it is not known."""
    given: dict[str, Given] = {"gateway.floor_w": 0.0, "gateway.power_w": 1e-3, "cloud.case": "best"}
    assert "gateway" in run(**given).parameters
    assert "gateway" not in run("carbon_g", **given).parameters
    assert "gateway" in run("carbon_g", **given, **{"gateway.embodied_g": 1.0}).parameters


def test_a_hand_is_not_the_cheapest_for_want_of_a_figure() -> None:
    """Reconnecting by states, nobody knows the radio asleep; staying associated, everything is known."""
    given: dict[str, Given] = {"radio.model": "states", "service.latency_s": 60, "radio.tail_j": 0.0}
    found = run(**given)
    assert {one.hand.mode for one in found.played.values()} == {"associated"}
    found = run(**given, **{"radio.floor_w": 0.0})
    assert found.played["edge"].hand.mode == "reconnect"
    only = run(**given, **{"radio.associated_w": "gap: not here"})
    assert only.played["cloud"].hand.mode == "reconnect" and bool(only.played["cloud"].feasible)


@pytest.mark.parametrize("case", ["best", "gateway"])
def test_the_edge_may_report_to_the_gateway_too(case: str) -> None:
    given: dict[str, Given] = {"gateway.floor_w": 0.0, "gateway.power_w": 1e-3, "cloud.case": case}
    found = run(**given)
    hand = found.played["edge"].hand
    assert hand.tier == "gateway"
    assert found.ledgers["edge"].line("network.traffic") is None
    (one,) = sweep(Scenario({**BASE, **given}), CATALOG, [parse_axis("payload_bytes=3000")]).cases
    assert one.policies["edge"].hands[one.policies["edge"].hand[0]] == hand
