"""The worked example's arithmetic comes out, and each of its simplifications has a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.scenario import load_scenario

SCENARIOS = Path(__file__).parent / "scenarios"
CATALOG = Catalog.load()
DECISIONS = 1440


def run(*names: str, **changes: object) -> Comparison:
    scenario = load_scenario(SCENARIOS / "worked-example.toml")
    for name in names:
        scenario = scenario.but(load_scenario(SCENARIOS / f"{name}.toml").given)
    return compare(scenario.but(changes), CATALOG, draws=2_000)  # type: ignore[arg-type]


def joules(found: Comparison, policy: str) -> float:
    """A decision's, nominal."""
    return float(found.ledgers[policy].total("energy_j").flat[0]) / DECISIONS  # type: ignore[index]


def ratio(found: Comparison) -> float:
    return joules(found, "cloud") / joules(found, "edge")


def test_at_one_percent_reported_the_edge_wins_a_hundredfold() -> None:
    found = run()
    assert joules(found, "edge") == pytest.approx(6.8e-3, rel=0.01)
    assert joules(found, "cloud") == pytest.approx(0.677, rel=0.001)
    assert found.difference("edge").saving.nominal == pytest.approx(DECISIONS * (0.6767 - 0.006755), rel=1e-4)


def test_at_a_hundred_percent_reported_little_is_left() -> None:
    found = run(**{"service.report_share": 1.0, "hybrid.share": 1.0})
    assert joules(found, "edge") == pytest.approx(0.541, rel=0.001)
    assert joules(found, "cloud") == pytest.approx(0.677, rel=0.001)
    # (0.54 + 0.0015 + 0.0702 + 0.065 - 0.001355) / 0.54: the edge wins at any share that there can be.
    (share,) = (one for one in found.break_evens if one.key == "service.report_share")
    assert share.points == (pytest.approx(0.675345 / 0.54, rel=1e-3),)


def test_common_sensing_turns_a_hundredfold_into_forty() -> None:
    assert ratio(run()) == pytest.approx(100, rel=0.01)
    assert ratio(run("with-sensing")) == pytest.approx(41, rel=0.01)


def test_waking_for_every_decision_costs_more_than_inferring() -> None:
    found = run("with-boot")
    boot, inference = (found.ledgers["edge"].line(f"device.{name}") for name in ("boot", "inference"))
    assert boot is not None and inference is not None
    assert boot.energy_j > 10 * inference.energy_j  # type: ignore[operator]
    # A connection's figure holds its own boot: the sender, which connects each time, has no other.
    assert ratio(found) == pytest.approx(0.6767 / (0.006755 + 0.99 * 0.0166), rel=1e-3)


def test_on_one_device_for_inference_and_radio_a_few_fold_is_left() -> None:
    assert ratio(run("one-device")) == pytest.approx(0.6767 / (0.23 + 0.0054 + 0.99 * 0.0166), rel=1e-3)


def test_a_primary_cells_joule_carries_orders_of_magnitude_more_carbon_than_the_grids() -> None:
    mains, battery = run(), run("battery-carbon")
    grams = [
        float(one.ledgers["cloud"].line("radio.connection").columns["carbon_g"].flat[0])
        for one in (mains, battery)
    ]  # type: ignore[union-attr]
    # 74 kg a kWh of capacity is 20.6 mg/J, more of it a delivered joule: a connection's 0.54 J cost 11 mg.
    assert grams[1] / DECISIONS == pytest.approx(0.54 * 74e3 / 3.6e6 / 0.85, rel=1e-3)
    assert grams[1] > 100 * grams[0]
    # And nobody says what a visit with fresh cells emits: a gap, not a zero.
    assert "supply.visits" in battery.ledgers["cloud"].gaps("carbon_g")


def test_a_sender_that_may_stay_associated_does_so() -> None:
    found = run("associated")
    assert found.played["cloud"].hand.mode == "associated"
    assert found.played["edge"].hand.mode == "reconnect"
    assert joules(found, "cloud") < 0.75 * joules(run(), "cloud")
