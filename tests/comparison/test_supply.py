"""A device has one pack at least, replaces what is old, and lives on what can feed it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.choose import words
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.ledger import Column
from tinykit.comparison.lines.supply import PACKS, capacity_j, usable_j
from tinykit.comparison.result import make_result
from tinykit.comparison.scenario import Scenario
from tinykit.errors import InputError

CATALOG = Catalog.load()
LIFE_D = 3 * 365.25
BASE = {
    "edge.inference_j": 1e-3,
    "device.sense_j": 0.0,
    "device.sleep_w": 1e-6,
    "radio.associated_w": "gap: no",
}


def run(draws: int = 64, objective: Column = "energy_j", **changes: object) -> Comparison:
    renamed = {key.replace("__", "."): value for key, value in changes.items()}
    scenario = Scenario({**BASE, **renamed})  # type: ignore[dict-item]
    return compare(scenario, CATALOG, draws=draws, objective=objective)


def device_j(found: Comparison, policy: str) -> float:
    lines = found.ledgers[policy].lines  # type: ignore[index]
    return float(sum(np.ravel(x.energy_j)[0] for x in lines if x.site == "device" and x.energy_j is not None))


def grams(found: Comparison, policy: str, *keys: str) -> float:
    """Nominal grams of the lines ``keys``, per device-day."""
    lines = [x for x in found.ledgers[policy].lines if x.key in keys]  # type: ignore[index]
    return float(sum(np.ravel(x.columns["carbon_g"])[0] for x in lines))  # type: ignore[arg-type]


def nominal(found: Comparison, what) -> float:
    return float(np.ravel(what(found.values["shared"]))[0])


def money(found: Comparison, policy: str) -> float:
    """Nominal dollars a day of the device itself."""
    line = found.ledgers[policy].line("embodied.device")  # type: ignore[index]
    return float(np.ravel(line.columns["money_usd"])[0])  # type: ignore[union-attr, arg-type]


@settings(deadline=None, max_examples=15)
@given(st.floats(1.0, 3e4), st.sampled_from(["primary", "rechargeable"]), st.floats(0.5, 30.0))
def test_a_devices_packs_are_those_it_uses_up_but_one_at_least_and_none_too_old(
    rate: float, kind: str, years: float
) -> None:
    found = run(service__events_per_day=rate, supply__kind=kind, device__life_years=years)
    values = found.values["shared"]
    life_d = years * 365.25
    pack_g = nominal(found, capacity_j) * nominal(found, lambda v: v["supply.pack_g_per_j"])
    for policy in ("edge", "cloud"):
        used = device_j(found, policy) * life_d / nominal(found, usable_j)
        if kind == "rechargeable":
            used /= float(np.ravel(values["supply.cycles"])[0])
        bought = max(used, 1.0, years / float(np.ravel(values["supply.shelf_years"])[0]))
        if kind == "primary":
            its = [line.key for line in found.ledgers[policy].lines if line.site == "device"]  # type: ignore[index]
            its = [k for k in its if found.ledgers[policy].line(k).energy_j is not None]  # type: ignore[index,union-attr]
        else:
            its = ["supply.wear"]
        made = grams(found, policy, *its, "supply.unused") * life_d
        assert made == pytest.approx(bought * pack_g, rel=1e-9), "those packs, and nothing beside them"


def test_a_pack_that_outlives_the_device_is_bought_once_and_nobody_comes() -> None:
    found = run(service__events_per_day=100, supply__kind="primary", service__report_share=0.0)
    visits = found.ledgers["edge"].line("supply.visits")
    assert visits is not None and not visits.missing, "no visit happens, so that no figure of one is missing"
    assert all(np.all(one == 0.0) for one in visits.columns.values())  # type: ignore[operator]
    assert grams(found, "edge", "supply.unused") > 0.5 * nominal(found, capacity_j) * 0.0205 / LIFE_D


def test_visits_are_one_fewer_than_the_packs_and_nothing_is_left_of_those_used_up() -> None:
    found = run(service__events_per_day=20_000, supply__kind="primary", supply__visit_g=5e3)
    packs = device_j(found, "cloud") * LIFE_D / nominal(found, usable_j)
    assert packs > 2
    assert grams(found, "cloud", "supply.visits") == pytest.approx((packs - 1) * 5e3 / LIFE_D)
    assert grams(found, "cloud", "supply.unused") == pytest.approx(0.0, abs=1e-12)


def test_no_answer_turns_on_the_rounding_of_the_last_pack() -> None:
    """A visit is dear beside a day's joules: counted whole, the sides would take turns all over the range."""
    given = {"service__events_per_day": 20_000, "supply__kind": "primary", "supply__visit_g": 5e3}
    found = run(**given, edge__inference_j=0.01, objective="carbon_g")
    turns = {one.key: one for one in found.break_evens if one.column == "carbon_g"}
    assert len(turns["service.events_per_day"].points) <= 2
    left = np.diff([grams(run(**{**given, "service__events_per_day": n}), "edge", "supply.visits")
                    for n in (20_000, 20_200, 20_400)])  # fmt: skip
    assert left[0] == pytest.approx(left[1], rel=1e-6) and left[0] > 0


def test_packs_that_grow_old_are_replaced() -> None:
    found = run(supply__kind="primary", supply__shelf_years=0.3, supply__visit_g=1.0, device__sense_j=0.0)
    assert grams(found, "edge", "supply.visits") == pytest.approx(9.0 / LIFE_D)


def test_the_age_of_a_pack_bounds_its_life() -> None:
    found = run(service__events_per_day=1, supply__kind="rechargeable", supply__shelf_years=0.01)
    battery = make_result(found, CATALOG).policies["edge"].battery
    assert battery is not None and battery.days.nominal == pytest.approx(3.6525)


@pytest.mark.parametrize(
    ("kind", "pack"), [("rechargeable", "li"), ("primary", "li-ion"), ("rechargeable", "cr2032")]
)
def test_a_pack_of_another_kind_is_refused_with_the_way_out(kind: str, pack: str) -> None:
    with pytest.raises(InputError) as caught:
        run(supply__kind=kind, supply__pack=pack)
    assert f"'{pack}' where supply.kind is {kind}" in caught.value.message
    assert ("li-ion" in caught.value.hint) == (kind == "rechargeable")


def test_what_charges_is_the_default_of_what_is_charged() -> None:
    assert Scenario(words("supply", "rechargeable")).words()["supply.pack"] == "li-ion"
    assert Scenario(words("supply", "primary:li")).words()["supply.pack"] == "li"
    assert all(Scenario({"supply.kind": "mains", "supply.pack": one}).words() for one in PACKS)


def test_a_harvester_feeds_the_device_or_the_policy_is_out() -> None:
    little = run(supply__kind="harvested", supply__harvest_w=1e-3, service__report_share=0.0)
    assert not little.obstacles["edge"]
    (why,) = little.obstacles["cloud"]
    assert "harvester gives 0.001 W" in why
    assert not run(supply__kind="harvested", supply__harvest_w=10.0).obstacles["cloud"]


def test_a_harvester_nobody_knows_is_not_checked_and_that_is_said() -> None:
    unknown = make_result(run(supply__kind="harvested"), CATALOG)
    assert any("supply.harvest_w" in note for note in unknown.notes)
    known = make_result(run(supply__kind="harvested", supply__harvest_w=10.0), CATALOG)
    assert not any("supply.harvest_w" in note for note in known.notes)


@pytest.mark.parametrize("stance", ["attributional", "consequential"])
def test_hardware_without_a_figure_is_a_gap_in_every_column_of_making(stance: str) -> None:
    found = run(stance=stance, network__mode="average" if stance == "attributional" else "marginal")
    line = found.ledgers["edge"].line("embodied.device")
    assert line is not None
    assert line.columns["water_l"] is None and line.columns["money_usd"] is None
    assert {"edge.embodied_l" if stance == "attributional" else "edge.increment_l", "edge.price_usd"} <= set(
        line.missing
    )


def test_a_servers_and_a_gateways_making_is_no_zero_of_water() -> None:
    server = run(cloud__case="dedicated").ledgers["cloud"].line("cloud.hardware")
    gateway = run(cloud__case="gateway").ledgers["cloud"].line("gateway.hardware")
    assert server is not None and gateway is not None
    assert server.columns["water_l"] is None and gateway.columns["water_l"] is None
    assert gateway.columns["money_usd"] is None, "nobody rents it out"


def test_a_devices_price_is_repaid_over_its_life() -> None:
    prices = {"edge__price_usd": 12.0, "node__price_usd": 7.5}
    one = run(**prices)
    assert money(one, "edge") == pytest.approx(12.0 / LIFE_D)
    assert money(one, "cloud") == pytest.approx(7.5 / LIFE_D)
    more = run(**prices, stance="consequential", network__mode="marginal")
    assert money(more, "edge") == pytest.approx(4.5 / LIFE_D)
    assert more.ledgers["cloud"].line("embodied.device") is None
