"""A default that stands in for something, or is a limit, says so in the answer, and its width is no 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.lines.server import _HAS, _MADE, _RENT
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.scenario import Given, Scenario

CATALOG = Catalog.load()
MARGINS: dict[str, Given] = {"stance": "consequential", "network.mode": "marginal"}


def result(catalog: Catalog = CATALOG, **more: Given) -> Result:
    given: dict[str, Given] = {
        "edge.inference_j": 1e-3,
        **{key.replace("__", "."): value for key, value in more.items()},
    }
    return make_result(compare(Scenario(given), catalog, draws=200), catalog)


def note(found: Result, key: str) -> str:
    """What is said of the quantity ``key``; blank where nothing."""
    said = [one.partition(": ") for one in found.notes if one.startswith("Of ")]
    return next((text for keys, _, text in said if key in keys.removeprefix("Of ").split(", ")), "")


def test_the_united_states_water_stands_in_with_a_width_and_says_so() -> None:
    found = result(grid__cloud="FR")
    water = found.parameters["cloud.wue_l_per_j"]
    assert water.estimate is not None and water.varies
    draws = found.comparison.values["shared"]["cloud.wue_l_per_j"][1:] * 3.6e6
    low, high = np.quantile(draws, [0.025, 0.975])
    assert low == pytest.approx(0.15, rel=0.25) and high == pytest.approx(0.99, rel=0.25)
    assert "United States" in note(found, "cloud.wue_l_per_j")


def test_an_average_sites_water_is_no_margin_and_a_side_outside_the_hall_needs_none() -> None:
    found = result(**MARGINS, service__report_share=0.0, cloud__request_j=0.0)
    cloud = found.policies["cloud"].line("cloud.water")
    assert cloud is not None and cloud.cells["water_l"].outcome is None
    assert "cloud.wue_l_per_j" in cloud.missing
    edge = found.comparison.ledgers["edge"].line("cloud.water")
    assert edge is not None and edge.columns["water_l"] is not None and not np.any(edge.columns["water_l"])


def test_charging_from_the_mains_loses_in_the_adapter_and_in_the_cell() -> None:
    found = result(supply__kind="rechargeable", radio__kind="ble")
    ledger = found.comparison.ledgers["edge"]
    device = sum(
        float(np.ravel(x.energy_j)[0]) for x in ledger.lines if x.site == "device" and x.energy_j is not None
    )
    loss = ledger.line("supply.loss")
    assert loss is not None and loss.energy_j is not None
    expected = device * (1 / (0.736 * 0.95) - 1)
    assert float(np.ravel(loss.energy_j)[0]) == pytest.approx(expected)
    assert "cell alone" in note(found, "supply.charge_efficiency")


def test_a_legal_limit_is_told_as_one() -> None:
    found = result(supply__kind="mains")
    for key in ("supply.no_load_w", "supply.efficiency"):
        assert note(found, key).startswith("a legal limit, not a measurement"), key


@pytest.mark.parametrize(
    ("server", "rented", "year"),
    [("h100", "p5.48xlarge", "2023"), ("a100", "p4d.24xlarge", "2023"), ("l4", "g6.xlarge", "2024")],
)
def test_the_rent_and_the_making_of_another_machine_say_whose_they_are(
    server: str, rented: str, year: str
) -> None:
    found = result(cloud__accelerator=server)
    rent = note(found, "cloud.usd_per_s")
    assert rented in rent and year in rent and "refresh" in rent
    assert (rented in note(found, "cloud.embodied_g")) is (server in _MADE)
    assert {one.removeprefix("aws.") for one in _RENT.values()} == set(_HAS)


def test_a_floor_that_is_not_representative_says_so() -> None:
    assert "abnormally high" in note(result(cloud__accelerator="l4"), "cloud.floor_w")
    assert not note(result(cloud__accelerator="a10"), "cloud.floor_w")


def test_utilisation_is_of_training_fleets_though_a_choice_is_never_drawn() -> None:
    assert "training fleets" in note(result(), "cloud.utilisation")
    assert not note(result(cloud__utilisation=0.3), "cloud.utilisation")


def test_a_row_of_the_users_own_is_no_stand_in_but_its_own_warning_is_told(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        "key,value,unit,source,note\n"
        "wue.us.average,0.2,L/kWh,our hall,\n"
        'mains.no_load,0.02,W,our meter,"of ten; beware: at 230 V"\n'
    )
    found = result(Catalog.load(own), supply__kind="mains")
    assert not note(found, "cloud.wue_l_per_j")
    assert note(found, "supply.no_load_w") == "at 230 V."


def test_what_inferring_adds_lies_between_nothing_and_a_processor() -> None:
    draws = result(**MARGINS).comparison.values["shared"]["edge.increment_g"]
    assert draws[0] == 85.0 and np.min(draws) >= 0.0 and np.max(draws) <= 170.0
    assert np.quantile(draws, 0.1) < 40.0 and np.quantile(draws, 0.9) > 130.0


@pytest.mark.parametrize(
    ("pack", "stands_in"), [("cr2032", True), ("li", True), ("thionyl", True), ("alkaline", False)]
)
def test_a_lithium_ion_cells_making_stands_in_for_other_lithium(pack: str, stands_in: bool) -> None:
    found = result(supply__kind="primary", supply__pack=pack, radio__kind="ble")
    assert (f"the {pack} cell" in note(found, "supply.pack_g_per_j")) is stands_in
    charged = result(supply__kind="rechargeable", radio__kind="ble")
    assert "stands in" not in note(charged, "supply.pack_g_per_j")
