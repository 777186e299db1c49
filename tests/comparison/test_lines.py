"""What stands in a line: only what the decision causes, no typed 0, and the radio's stated mode."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import tinykit
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.files import ledger_csv
from tinykit.comparison.fleet import Fleet, roll_up
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.result_document import document
from tinykit.comparison.result_headline import basis
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.writeback import complete, refreshed

CATALOG = Catalog.load()
BASE: dict[str, Given] = {"edge.inference_j": 1e-3}
CONSEQUENTIAL: dict[str, Given] = {"stance": "consequential"}
TRAINED: dict[str, Given] = {"edge.training_j": 3.6e6, "cloud.training_j": 3.6e12}
MADE: dict[str, Given] = {"edge.embodied_g": 5000.0, "node.embodied_g": 4000.0, "cloud.case": "dedicated"}
LIFE_D = 3 * 365.25


def run(**changes: Given) -> Comparison:
    return compare(Scenario({**BASE, **changes}), CATALOG, draws=100)


def joules(found: Comparison, policy: str, key: str) -> float:
    line = found.ledgers[policy].line(key)  # type: ignore[index]
    assert line is not None and line.energy_j is not None
    return float(np.ravel(line.energy_j)[0])


def test_training_that_is_done_is_sunk_and_no_consequence() -> None:
    done = run(**CONSEQUENTIAL, **TRAINED)
    assert joules(done, "edge", "training.edge") == joules(done, "cloud", "training.cloud") == 0.0
    assert joules(run(**TRAINED), "edge", "training.edge") == pytest.approx(3.6e6 / 1000 / LIFE_D)


def test_training_that_the_decision_still_causes_counts() -> None:
    ahead = run(**CONSEQUENTIAL, **TRAINED, **{"edge.training_ahead_j": 7.2e5})
    assert joules(ahead, "edge", "training.edge") == pytest.approx(7.2e5 / 1000 / LIFE_D)


@pytest.fixture(scope="module")
def made() -> Result:
    return make_result(run(**MADE), CATALOG)


def test_hardware_has_no_joules_in_any_table(made: Result) -> None:
    """What a factory burnt is in the grams: a typed 0 J would say that nothing was burnt."""
    line = made.policies["edge"].line("embodied.device")
    assert line is not None and line.cells["carbon_g"].outcome is not None
    assert (line.cells["energy_j"].outcome, line.cells["energy_j"].kind) == (None, "outside")
    rows = {(row["policy"], row["line"]): row for row in csv.DictReader(io.StringIO(ledger_csv(made)))}
    for key in ("embodied.device", "cloud.hardware", "cloud.rent", "cloud.water", "network.tariff"):
        row = rows["cloud", key]
        assert (row["energy_j"], row["energy_j_low95"], row["energy_j_kind"]) == ("", "", "outside"), key
    assert rows["cloud", "cloud.rent"]["carbon_g"] == "" != rows["cloud", "cloud.rent"]["money_usd"]
    assert float(rows["cloud", "cloud.accelerator"]["energy_j"]) > 0.0


def test_what_a_column_does_not_count_is_no_gap_of_it(made: Result) -> None:
    assert "embodied.device" not in made.policies["edge"].gaps["energy_j"]
    told = json.loads(json.dumps(document(made)))
    schema = Path(tinykit.__file__).parent / "data" / "schemas" / "comparison.v1.schema.json"
    jsonschema.validate(told, json.loads(schema.read_text()))
    (gap,) = (gap for gap in told["gaps"] if gap["line"] == "cloud.hardware")
    assert gap["columns"] == ["water_l"]


def test_capital_goods_of_a_fleet_have_no_joules(made: Result) -> None:
    rows = [row for row in roll_up(made, Fleet(10, 1, "operator")) if row.category == "2 capital goods"]
    assert rows and all(row.energy_j is None and row.location_g is not None for row in rows)
    assert all("embodied.device" not in row.lacks for row in rows if row.market_g is not None)


def associated_w(**changes: Given) -> float:
    return float(np.ravel(run(**changes).values["shared"]["radio.associated_w"])[0])


def test_how_a_wifi_chip_saves_power_is_a_stated_word() -> None:
    assert associated_w() == pytest.approx(7.689e-3)
    assert associated_w(**{"radio.power_save": "light-sleep-dtim10"}) == pytest.approx(7.227e-3)
    assert associated_w(**{"radio.power_save": "modem-sleep-dtim1"}) == pytest.approx(102.7e-3)


def test_of_a_scenario_written_back_power_save_is_looked_up_again() -> None:
    found = run()
    written = Scenario(complete(found.parameters, found.words), "out/scenario.toml")
    changed = refreshed(written, {"radio.power_save": "light-sleep-dtim1"}, "--set")
    again = compare(changed, CATALOG, draws=100)
    assert float(np.ravel(again.values["shared"]["radio.associated_w"])[0]) == pytest.approx(11.02e-3)
    assert again.parameters["shared"]["radio.listen_s"].nominal == pytest.approx(0.1024)


def test_a_chip_that_listens_seldom_hears_its_answer_late() -> None:
    busy: dict[str, Given] = {"service.events_per_day": 14_400}
    often, seldom = (run(**busy, **{"radio.power_save": f"light-sleep-dtim{n}"}) for n in (1, 10))
    assert often.played["cloud"].hand.mode == seldom.played["cloud"].hand.mode == "associated"
    later = seldom.played["cloud"].latency_s - often.played["cloud"].latency_s
    assert later == pytest.approx(9 * 0.1024)
    # Who must know within 1.2 s cannot wait for every tenth beacon, nor connect anew: nothing is left.
    strict = run(**busy, **{"radio.power_save": "light-sleep-dtim10", "service.latency_s": 1.2})
    assert strict.obstacles["cloud"]


def test_a_link_without_connections_names_the_radio_that_transmits() -> None:
    given: dict[str, Given] = {"edge.name": "ours", "radio.kind": "lorawan", "service.payload_bytes": 50}
    said = basis(make_result(run(**given), CATALOG))
    assert "radio of lorawan.tx_state" in said and "transmission of its own" not in said


@pytest.mark.parametrize(("task", "rhythm", "noted"), [
    ("kws", "events", True), ("kws", "always-on", False), ("vww", "events", False),
])  # fmt: skip
def test_a_keyword_spotter_that_is_woken_by_events_is_noted(task: str, rhythm: str, noted: bool) -> None:
    found = make_result(run(**{"edge.task": task, "service.rhythm": rhythm}), CATALOG)
    assert any("service.rhythm" in note for note in found.notes) == noted


def test_figures_without_a_stated_spread_are_named_and_so_are_spreads_of_ours() -> None:
    found = make_result(run(), CATALOG)
    (exact,) = (note for note in found.notes if note.startswith("No spread stated"))
    assert "device.boot_j" in exact and "network.byte_j" in exact
    assert "radio.associated_w" not in exact and "cloud.floor_w" not in exact
    assert "service.payload_bytes" not in exact, "a choice is no figure"
    (ours,) = (note for note in found.notes if note.startswith("Spread assumed"))
    assert "radio.associated_w" in ours and "radio.connection_j" in ours
    told = found.parameters["radio.connection_j"]
    assert "0.184" in told.note and "3.15" in told.note and "assumed" in told.note
