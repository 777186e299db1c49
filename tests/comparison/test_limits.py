"""What nobody can do is not told in joules: a day has 86,400 s, a server a rate, a cell a current."""

from __future__ import annotations

import numpy as np
import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.flow import DAY_S, Hand, make_flow
from tinykit.comparison.hand import latency_s
from tinykit.comparison.parameters import nominal_values
from tinykit.comparison.result import make_result
from tinykit.comparison.result_headline import answer
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.sweep import sweep
from tinykit.comparison.sweep_axis import parse_axis
from tinykit.errors import InputError

CATALOG = Catalog.load()
BASE: dict[str, Given] = {"edge.inference_j": 1e-3, "edge.inference_s": 0.01}


def run(**changes: Given) -> Comparison:
    return compare(Scenario({**BASE, **changes}), CATALOG, draws=100)


def test_a_link_carries_no_more_than_a_day_of_it() -> None:
    """A million images by NB-IoT are 3 GB: at 2.5 kB/s they take two weeks."""
    found = run(**{"radio.kind": "nbiot", "service.events_per_day": 1e6})
    (why,) = found.obstacles["cloud"]
    assert "nbiot would be busy" in why and "86,400" in why
    assert found.obstacles["edge"] == ()
    assert "cannot be told" in answer(make_result(found, CATALOG), "edge")


@pytest.mark.parametrize(("rate", "fits"), [(40_000, True), (90_000, False)])
def test_joining_takes_its_part_of_the_day(rate: float, fits: bool) -> None:
    """At a second each, without a batch within the latency bound."""
    found = run(**{
        "radio.kind": "cat1", "service.events_per_day": rate, "service.latency_s": 1.5,
        "service.payload_bytes": 10, "radio.connection_s": 1.0,
    })  # fmt: skip
    assert (found.obstacles["cloud"] == ()) is fits


def test_an_edge_infers_no_longer_than_a_day() -> None:
    events: dict[str, Given] = {"service.events_per_day": 80_000}
    assert run(**events, **{"edge.inference_s": 1.0}).obstacles["edge"] == ()
    (why,) = run(**{"service.events_per_day": 1e6, "edge.inference_s": 1.0}).obstacles["edge"]
    assert "the device would infer 1,000,000 s of a day" in why


def test_a_batch_goes_up_whole_before_its_first_message_is_decided() -> None:
    found = run(**{"radio.kind": "nbiot", "service.payload_bytes": 2500, "radio.rate_bytes_per_s": 2500})
    values = nominal_values(found.parameters["shared"], found.words)
    one, eight = (latency_s(values, make_flow(values, "cloud", Hand(batch=k, tier="shared"))) for k in (1, 8))
    waiting = 7 * DAY_S / 1440
    assert float(eight - one) == pytest.approx(waiting + 7 * 1.0)


@pytest.mark.parametrize("policy", ["edge", "cloud", "hybrid"])
def test_an_accuracy_that_is_asked_for_and_not_known_is_not_reached(policy: str) -> None:
    found = run(**{"service.recall_least": 0.9})
    (why,) = found.obstacles[policy]  # type: ignore[index]
    assert why == f"0.9 is asked for at least, and {policy}.recall is not known"
    known = run(**{"service.recall_least": 0.9, f"{policy}.recall": 0.95})
    assert known.obstacles[policy] == ()  # type: ignore[index]


def test_false_alarms_that_nobody_counted_are_not_few() -> None:
    found = run(**{"service.false_alarms_per_day_most": 2.0})
    assert found.obstacles["edge"] == ("edge.false_alarms_per_day is not known, and 2 are allowed",)
    assert found.obstacles["cloud"] == ("cloud.false_alarms_per_day is not known, and 2 are allowed",)
    (case,) = sweep(
        Scenario({**BASE, "service.false_alarms_per_day_most": 2.0, "cloud.false_alarms_per_day": 1.0}),
        CATALOG,
        [parse_axis("payload_bytes=1,9")],
    ).cases
    assert not case.policies["edge"].feasible.any() and case.policies["cloud"].feasible.all()


@pytest.mark.parametrize("kind", ["nbiot", "ltem", "cat1"])
def test_a_cellular_radio_reaches_no_gateway_on_the_premises(kind: str) -> None:
    with pytest.raises(InputError, match="no gateway on the premises") as refused:
        run(**{"radio.kind": kind, "cloud.case": "gateway"})
    assert refused.value.code == "TIER"
    cheap: dict[str, Given] = {"gateway.floor_w": 0.0, "gateway.power_w": 1e-3, "cloud.case": "best"}
    slow: dict[str, Given] = {"service.latency_s": 60}
    assert run(**cheap, **slow).played["cloud"].hand.tier == "gateway"
    found = run(**cheap, **slow, **{"radio.kind": kind})
    assert "gateway" not in {one.hand.tier for one in found.played.values()}
    said = make_result(found, CATALOG).notes
    assert any("does not reach it: gateway" in one for one in said)


def test_a_server_serves_no_more_than_its_rate() -> None:
    busy: dict[str, Given] = {"cloud.busy_s": 0.01}
    assert run(**busy, **{"cloud.requests_per_s": 100.0}).obstacles["cloud"] == ()
    with pytest.raises(InputError, match=r"cloud\.requests_per_s is 101") as refused:
        run(**busy, **{"cloud.requests_per_s": 101.0})
    assert refused.value.code == "SERVER"


@pytest.mark.parametrize("side", ["cloud", "gateway"])
def test_a_server_does_not_wait_dearer_than_it_works(side: str) -> None:
    given: dict[str, Given] = {f"{side}.power_w": 50.0, f"{side}.floor_w": 60.0}
    with pytest.raises(InputError, match=rf"{side}\.floor_w is 60 W") as refused:
        run(**given, **{"cloud.case": "gateway" if side == "gateway" else "shared"})
    assert refused.value.code == "SERVER"


def test_along_a_load_the_server_is_not_pushed_beyond_its_rate() -> None:
    scenario = Scenario({**BASE, "cloud.busy_s": 0.01})
    (case,) = sweep(scenario, CATALOG, [parse_axis("cloud.requests_per_s=1,100,101")]).cases
    assert case.policies["cloud"].feasible.tolist() == [True, True, False]
    assert case.policies["edge"].feasible.all(), "no inference of its runs there"


def test_along_a_radios_burst_a_cell_stands_what_it_stands() -> None:
    scenario = Scenario({**BASE, "supply.kind": "primary", "supply.pack": "cr2032", "radio.kind": "ble"})
    compared = compare(scenario, CATALOG, draws=100)
    values = compared.values["shared"]
    most_w = float(np.min(values["supply.pulse_a"])) * float(np.min(values["supply.voltage_v"]))
    axis = parse_axis(f"radio.peak_w={most_w * 0.9},{most_w * 1.1}")
    (case,) = sweep(scenario, CATALOG, [axis]).cases
    for policy in case.policies.values():
        assert policy.feasible.tolist() == [True, False]


def test_each_side_answers_for_its_own_false_alarms() -> None:
    alarms: dict[str, Given] = {
        "service.false_alarms_per_day_most": 2.0, "edge.false_alarms_per_day": 1.0,
        "cloud.false_alarms_per_day": 3.0, "hybrid.false_alarms_per_day": 2.0,
    }  # fmt: skip
    found = run(**alarms)
    assert found.obstacles["edge"] == found.obstacles["hybrid"] == ()
    assert found.obstacles["cloud"] == ("cloud.false_alarms_per_day is 3, and 2 are allowed",)
    edge, quiet = found, run(**{**alarms, "edge.false_alarms_per_day": 0.0})
    more = edge.ledgers["edge"].flow.messages - quiet.ledgers["edge"].flow.messages
    assert float(more) == pytest.approx(1.0), "a false alarm of the edge is a message of its own"
    loud = run(**{**alarms, "cloud.false_alarms_per_day": 1.0})
    assert loud.ledgers["cloud"].flow == found.ledgers["cloud"].flow, "the cloud tells its in its answers"


def test_a_device_that_holds_few_messages_sends_them_so() -> None:
    patient: dict[str, Given] = {"service.latency_s": 7200.0, "radio.associated_w": "gap: not here"}
    assert run(**patient).played["cloud"].hand.batch == 64
    assert run(**patient, **{"radio.batch_most": 10}).played["cloud"].hand.batch == 8


def test_a_tail_comes_after_the_decision_and_is_not_waited_for() -> None:
    """LTE-M's published 12 s hold the tail until the network lets go: no answer waits for that."""
    found = run(**{"radio.kind": "ltem"})
    assert not found.obstacles["edge"] and not found.obstacles["cloud"]
