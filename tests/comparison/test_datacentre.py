"""The cloud's side: points, idle reserve by case, the gateway, and multipliers that are put on once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.servers import SERVERS

CATALOG = Catalog.load()
BASE = {"edge.inference_j": 1e-3, "radio.associated_w": "gap: it reconnects", "cloud.travel": 1}


def run(**changes: object) -> Comparison:
    renamed = {key.replace("__", "."): value for key, value in changes.items()}
    return compare(Scenario({**BASE, **renamed}), CATALOG, draws=100)  # type: ignore[dict-item]


def shown(**changes: object) -> Result:
    return make_result(run(**changes), CATALOG)


def joules(found: Comparison, key: str, policy: str = "cloud") -> float | None:
    """Nominal, a cloud inference; None for a gap or where there is no such line."""
    ledger = found.ledgers[policy]  # type: ignore[index]
    one = ledger.line(key)
    if one is None or one.energy_j is None:
        return None
    return float(one.energy_j.flat[0]) / float(ledger.flow.cloud_inferences)


def nominal(key: str) -> float:
    return CATALOG.find(key).nominal


def test_one_always_on_a10_at_one_request_a_second_takes_184_j_through_the_model() -> None:
    found = run(cloud__case="dedicated", cloud__requests_per_s=1.0, cloud__point="offline", cloud__pue=1)
    inside = [joules(found, key) for key in ("cloud.accelerator", "cloud.idle", "cloud.facility")]
    assert sum(filter(None, inside)) == pytest.approx(184, abs=0.5)


def test_saturated_it_takes_what_was_measured() -> None:
    """With as many inferences as the point has, floor and above add up to the point's power by its rate."""
    rate = nominal("server.a10-x1.resnet50.offline.rate")
    found = run(cloud__requests_per_s=rate, cloud__point="offline", cloud__pue=1)
    whole = (joules(found, "cloud.accelerator") or 0) + (joules(found, "cloud.idle") or 0)
    assert whole == pytest.approx(nominal("resnet50.offline.a10-x1"), rel=1e-3)


@settings(deadline=None, max_examples=12)
@given(
    st.sampled_from(["shared", "autoscaled", "dedicated", "cpu"]),
    st.sampled_from(["attributional", "consequential"]),
    st.floats(0.01, 500.0),
)
def test_idle_halves_as_the_load_doubles_in_every_case(case: str, stance: str, load: float) -> None:
    own = {"cloud__power_w": 300.0, "cloud__floor_w": 184.0, "cloud__busy_s": 1e-3, "stance": stance}
    one, two = (
        joules(run(cloud__case=case, cloud__requests_per_s=rate, **own), "cloud.idle")
        for rate in (load, 2 * load)
    )
    assert one is not None and two is not None
    assert one == pytest.approx(2 * two)
    # Of a server that runs for others anyway, waiting is nobody's consequence; an added replica's is.
    assert (one == 0.0) is (stance == "consequential" and case in ("shared", "cpu"))


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_a_shared_replica_waits_for_its_users_in_proportion(share: float) -> None:
    found = run(cloud__utilisation=share)
    busy_s = nominal("server.a10-x1.resnet50.singlestream.latency")
    assert joules(found, "cloud.idle") == pytest.approx(nominal("server.a10-x1.floor") * busy_s / share)


def test_a_dedicated_server_is_paid_for_all_day_whoever_asks() -> None:
    quiet, busy = (
        run(cloud__case="dedicated", service__events_per_day=rate, cloud__devices=10) for rate in (24, 240)
    )
    days = [float(np.ravel(one.ledgers["cloud"].line("cloud.idle").energy_j)[0]) for one in (quiet, busy)]  # type: ignore[union-attr, arg-type]
    assert days[0] == pytest.approx(days[1]) == pytest.approx(86_400 * nominal("server.a10-x1.floor") / 10)


@settings(deadline=None, max_examples=10)
@given(st.floats(1.0, 3.0), st.floats(0.0, 1.0))
def test_the_facility_multiplies_every_it_joule_once(pue: float, redundancy: float) -> None:
    own = {"cloud__request_j": 0.01, "cloud__decode_j": 0.02, "cloud__storage_j_per_byte": 1e-6}
    found = run(cloud__pue=pue, cloud__redundancy=redundancy, **own)
    it = sum(
        joules(found, f"cloud.{name}") or 0
        for name in ("requests", "decode", "accelerator", "idle", "storage")
    )
    facility = joules(found, "cloud.facility")
    assert facility == pytest.approx(it * (1 + redundancy) * (pue - 1), abs=1e-12)
    # What lies outside of the hall is not cooled by it.
    outside = [run(cloud__pue=one) for one in (1.0, pue)]
    for key in ("network.traffic", "radio.connection"):
        assert joules(outside[0], key) == joules(outside[1], key)


def test_a_claim_that_holds_its_facility_is_multiplied_by_nothing() -> None:
    found = run(cloud__endpoint="claim.gemini-median-text-prompt", cloud__pue=1.5)
    assert joules(found, "cloud.accelerator") == pytest.approx(0.24 * 3600)
    assert joules(found, "cloud.host") is None and joules(found, "cloud.facility") is None
    assert joules(found, "cloud.idle") == 0.0


def test_batching_is_the_operating_point() -> None:
    one, many = run(cloud__batch="1"), run(cloud__batch="64")
    assert one.words["cloud.point"] == "singlestream" and many.words["cloud.point"] == "offline"
    ratio = (joules(one, "cloud.accelerator") or 0) / (joules(many, "cloud.accelerator") or 1)
    assert 4 < ratio < 20
    assert run(cloud__accelerator="h100").words["cloud.point"] == "server"


def test_offline_is_called_a_floor_and_the_stand_in_is_named() -> None:
    notes = " ".join(shown(cloud__point="offline", edge__model="a keyword spotter").notes)
    assert "resnet50 on a10 (offline), and stands in for a keyword spotter" in notes
    assert "offline point is a floor" in notes
    assert "offline point is a floor" not in " ".join(shown().notes)


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_has_a_point_and_its_floor_or_a_gap(name: str) -> None:
    found = run(cloud__accelerator=name)
    assert joules(found, "cloud.accelerator")
    floor = f"server.{SERVERS[name]}.floor"
    assert (joules(found, "cloud.idle") is None) is (floor not in CATALOG)


def test_without_a_floor_all_of_the_power_is_the_inferences() -> None:
    found = run(cloud__accelerator="a10x2")
    assert joules(found, "cloud.accelerator") == pytest.approx(nominal("resnet50.server.a10-x2"), rel=1e-3)
    assert "cloud.idle" in found.ledgers["cloud"].gaps("energy_j")


def test_a_gateway_infers_on_the_premises_without_network_or_hall() -> None:
    found = run(cloud__case="gateway", gateway__floor_w=5.0, gateway__devices=20, gateway__travel=1)
    power, busy_s = (
        nominal(f"server.jetson-orin.resnet50.singlestream.{one}") for one in ("power", "latency")
    )
    assert joules(found, "gateway.inference") == pytest.approx((power - 5.0) * busy_s)
    idle = found.ledgers["cloud"].line("gateway.idle")
    assert idle is not None and idle.site == "premises"
    assert float(np.ravel(idle.energy_j)[0]) == pytest.approx(86_400 * 5.0 / 20)  # type: ignore[arg-type]
    network = [line for line in found.ledgers["cloud"].lines if line.key.startswith("network.")]
    assert network == []
    for line in found.ledgers["cloud"].lines:
        if line.site == "datacentre" and line.energy_j is not None:
            assert np.all(line.energy_j == 0.0), line.key


def test_a_gateways_latency_has_no_way_through_the_network() -> None:
    near, far = (run(cloud__case=case, cloud__rtt_s=3.0) for case in ("gateway", "shared"))
    assert float(far.played["cloud"].latency_s) - float(near.played["cloud"].latency_s) > 2.5


def test_nobody_published_a_gateways_floor_and_then_it_is_never_the_best() -> None:
    alone = run(cloud__case="gateway")
    assert joules(alone, "gateway.idle") is None and joules(alone, "gateway.inference")
    best = shown(cloud__case="best")
    assert set(best.comparison.parameters) == {"shared", "autoscaled", "dedicated"}
    assert any("nobody has their figures: gateway, cpu" in note for note in best.notes)
    told = run(cloud__case="best", gateway__floor_w=1e-3, network__byte_j=1e-3)
    assert told.played["cloud"].hand.tier == "gateway", "with a floor of one's own it is searched"


def test_a_cpu_server_is_a_gap_until_somebody_measures_one() -> None:
    assert {"cloud.accelerator", "cloud.idle"} <= set(
        run(cloud__case="cpu").ledgers["cloud"].gaps("energy_j")
    )
    own = {"cloud__power_w": 120.0, "cloud__floor_w": 60.0, "cloud__busy_s": 0.02}
    found = run(cloud__case="cpu", **own)
    assert joules(found, "cloud.accelerator") == pytest.approx(1.2)
    assert joules(found, "cloud.idle") == pytest.approx(1.2), "scaled to the load: its floor while it is busy"


def test_a_package_is_not_the_wall_and_the_multiplier_is_a_line_of_its_own() -> None:
    own = {
        "cloud__endpoint": "session",
        "cloud__inference_j": 0.5,
        "cloud__busy_s": 0.1,
        "cloud__floor_w": 4.0,
    }
    wall, package = (run(cloud__boundary=one, **own) for one in ("wall", "package"))
    assert joules(wall, "cloud.host") is None
    metered = (joules(package, "cloud.accelerator") or 0) + (joules(package, "cloud.idle") or 0)
    assert joules(package, "cloud.host") == pytest.approx(metered * (nominal("multiplier.host") - 1))
    notes = " ".join(shown(cloud__boundary="package", cloud__covers="package-0, dram", **own).notes)
    assert "package-0, dram" in notes and "not the wall's" in notes and "1.43" in notes


def test_rent_and_making_of_an_a10_are_not_those_of_another_machine() -> None:
    own = {"cloud__endpoint": "session", "cloud__inference_j": 0.5, "cloud__busy_s": 0.1}
    found = run(**own)
    assert "cloud.rent" in found.ledgers["cloud"].gaps("money_usd")
    assert "cloud.hardware" in found.ledgers["cloud"].gaps("carbon_g")
