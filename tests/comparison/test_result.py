"""What is told of a comparison: kinds, gaps, batteries, and the sentence at its top."""

from __future__ import annotations

import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.result_document import document
from tinykit.comparison.result_headline import answer, headline
from tinykit.comparison.scenario import Given, Scenario

CATALOG = Catalog.load()
MEASURED: Given = {"value": 1.3e-3, "low": 1.2e-3, "high": 1.4e-3, "kind": "measured", "source": "a session"}


def result(**more: Given) -> Result:
    given: dict[str, Given] = {"edge.inference_j": MEASURED, **more}
    return make_result(compare(Scenario(given), CATALOG, draws=600), CATALOG)


def kind(found: Result, policy: str, line: str, column: str = "energy_j") -> str:
    one = found.policies[policy].line(line)  # type: ignore[index]
    assert one is not None
    return one.cells[column].kind  # type: ignore[index]


def test_a_cell_is_as_soft_as_its_softest_figure_and_choices_do_not_count() -> None:
    found = result(
        **{"supply.kind": "mains", "radio.byte_j": {"value": 1e-6, "kind": "modelled", "source": "x"}}
    )
    assert kind(found, "edge", "device.inference") == "measured"
    assert (
        kind(found, "edge", "device.inference", "carbon_g") == "published"
    )  # measured joules, published grid
    assert kind(found, "cloud", "radio.bytes") == "modelled"
    assert kind(found, "cloud", "cloud.decode") == "missing"
    text = headline(found)
    assert "inference measured" in text and "network published" in text


def test_a_measured_joule_beside_a_softer_one_says_so_in_the_same_line() -> None:
    assert "data centre assumed" in headline(result(**{"cloud.request_j": 0.001}))


def test_a_column_that_nobody_can_fill_is_missing_and_not_zero() -> None:
    found = result(**{"device.sense_j": 0.01})
    total = found.policies["edge"].totals["money_usd"]
    assert (total.outcome, total.kind) == (None, "missing")
    (money,) = (
        one
        for one in document(found)["differences"]
        if (one["policy"], one["column"]) == ("edge", "money_usd")
    )
    assert money["saving"] is None and money["ratio"] is None
    assert "nobody has a figure of grid.device_usd_per_j, network.usd_per_byte" in answer(
        found, "edge", "money_usd"
    )


def test_a_pack_lasts_as_long_as_its_joules() -> None:
    """The pack's usable joules against the device's own lines."""
    found = result(**{"supply.kind": "primary", "supply.pack": "li", "device.sense_j": 0.0,
                      "edge.preprocess_j": 0.0, "device.sleep_w": 1e-5})  # fmt: skip
    edge, cloud = (found.policies[policy] for policy in ("edge", "cloud"))
    values = found.comparison.values[edge.hand.tier]
    device = [line.cells["energy_j"].outcome for line in edge.lines if line.site == "device"]
    day_j = sum(one.nominal for one in device if one is not None)
    assert edge.battery is not None and cloud.battery is not None
    assert edge.battery.days.nominal == pytest.approx(float(values["supply.usable_j"].flat[0]) / day_j)
    assert edge.battery.days.nominal > 5 * cloud.battery.days.nominal
    assert not edge.battery.is_upper_bound
    assert result(**{"supply.kind": "primary"}).policies["edge"].battery.is_upper_bound  # type: ignore[union-attr]
    assert result().policies["edge"].battery is None


def test_where_it_is_not_sure_the_sentence_says_so() -> None:
    """An edge that costs what the cloud costs, give or take."""
    at = next(
        turn.points[0]
        for turn in result(**{"supply.kind": "harvested"}).comparison.break_evens
        if turn.key == "edge.inference_j"
    )
    found = result(**{
        "supply.kind": "harvested", "edge.inference_j": {"value": at, "low": at * 0.5, "high": at * 2.0},
    })  # fmt: skip
    text = answer(found, "edge")
    assert "not sure at 95 %" in text
    (energy,) = (
        one
        for one in document(found)["differences"]
        if (one["policy"], one["column"]) == ("edge", "energy_j")
    )
    assert 0.0 < energy["probability"] < 1.0


def test_what_no_hand_can_do_is_not_told_in_joules() -> None:
    found = result(**{"service.latency_s": 1e-6})
    assert not found.policies["edge"].feasible
    assert "cannot" in answer(found, "edge") or "not feasible" in answer(found, "edge")


def test_devices_that_never_met_are_named_in_the_first_line() -> None:
    found = result(**{"edge.name": "board-a", "radio.name": "board-b", "device.name": "board-a"})
    assert "radio of board-b" in headline(found)
    one = result(**{"edge.name": "board-a", "radio.name": "board-a", "device.name": "board-a"})
    assert " of board" not in headline(one)
