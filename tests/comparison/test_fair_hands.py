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


@pytest.mark.parametrize("supply", ["mains", "primary"])
def test_hands_are_not_the_cheapest_where_nobody_has_a_price(supply: str) -> None:
    """In money joules cost nothing that is known: every hand costs the same, and the first is none's best."""
    found = run("money_usd", **{"supply.kind": supply})
    assert {policy: one.hand for policy, one in found.played.items()} == {
        policy: one.hand for policy, one in run(**{"supply.kind": supply}).played.items()
    }
    notes = make_result(found, CATALOG, "money_usd").notes
    assert any("by the least joules" in note and "edge, cloud, hybrid" in note for note in notes)


def test_of_hands_that_cost_the_same_it_is_the_one_of_the_least_joules() -> None:
    free: dict[str, Given] = {"supply.kind": "harvested", "service.latency_s": 3600}
    found = run("carbon_g", **free)
    assert found.played["edge"].hand == run(**free).played["edge"].hand
    assert found.played["edge"].searched == "carbon_g"
    swept = sweep(Scenario({**BASE, **free}), CATALOG, [parse_axis("events_per_day=1440")], "carbon_g")
    one = swept.cases[0].policies["edge"]
    assert one.hands[one.hand[0]] == found.played["edge"].hand


def test_nothing_is_saved_where_joules_have_no_figure_in_the_column() -> None:
    """Consequentially nobody has a margin of the world: neither grams nor litres of any joule."""
    found = run(stance="consequential")
    result = make_result(found, CATALOG)
    for one in found.differences:
        assert (one.saving is None) == (one.column != "energy_j"), one.column
    hybrid = found.difference("hybrid", "water_l")
    assert hybrid.ratio is None and "device.inference" in hybrid.unpriced
    assert "nobody has" in answer(result, "hybrid", "water_l")
    axis = parse_axis("service.events_per_day=10,1000")
    swept = sweep(Scenario({**BASE, "stance": "consequential"}), CATALOG, [axis], "water_l")
    assert np.isnan(saving(swept, swept.cases[0], "hybrid")).all()


def test_a_bill_that_lacks_prices_saves_nothing_wherever_it_is_told() -> None:
    found = run(**{"hybrid.share": 0.1})
    result = make_result(found, CATALOG)
    for policy in ("edge", "hybrid"):
        one = found.difference(policy, "money_usd")  # type: ignore[arg-type]
        assert (one.saving, one.ratio, one.wins) == (None, None, None)
        assert {"network.tariff", "embodied.device"} <= set(one.unpriced)
    told = [one for one in document(result)["differences"] if one["column"] == "money_usd"]
    assert [(one["saving"], one["ratio"]) for one in told] == [(None, None)] * 2
    assert all(one["why"] for one in told)
    assert all(one["why"] is None for one in document(result)["differences"] if one["saving"])
    axis = parse_axis("service.events_per_day=10,1000")
    swept = sweep(Scenario({**BASE}), CATALOG, [axis])
    assert np.isnan(saving(swept, swept.cases[0], "hybrid", "money_usd")).all()


def test_no_ratio_of_sums_that_lack_what_would_decide_them() -> None:
    """A harvested joule is free, and nobody has the grams of making a device: what is left says nothing."""
    harvested: dict[str, Given] = {"supply.kind": "harvested"}
    one = run(**harvested).difference("edge", "carbon_g")
    assert one.saving is not None and one.ratio is None
    known = dict.fromkeys(("edge.embodied_g", "node.embodied_g", "supply.harvester_g"), 4000.0)
    assert run(**harvested, **known).difference("edge", "carbon_g").ratio is not None


def test_a_side_on_which_nothing_happens_has_no_gap_there() -> None:
    """An edge that reports nothing sends nothing that could be asked for, attached or stored."""
    quiet = run(**{"service.report_share": 0.0, "radio.kind": "ltem"})
    for key in ("network.attach", "cloud.requests", "cloud.storage"):
        assert quiet.ledgers["edge"].line(key) is None
        assert key in quiet.ledgers["cloud"].gaps("energy_j")
