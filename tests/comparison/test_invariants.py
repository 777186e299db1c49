"""What must hold of every comparison, whatever the figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.ledger import COLUMNS
from tinykit.comparison.scenario import Scenario
from tinykit.errors import InputError

CATALOG = Catalog.load()
BASE = {
    "edge.inference_j": 1e-3,
    "edge.preprocess_j": 1e-4,
    "device.sense_j": 1e-3,
    "device.sleep_w": 1e-5,
    "cloud.inference_j": 0.05,
    "cloud.floor_w": 184.0,
    "cloud.requests_per_s": 100.0,
    "cloud.request_j": 1e-3,
    "cloud.decode_j": 1e-4,
    "cloud.storage_j_per_byte": 1e-7,
    "grid.device": "KR",
    "grid.network": "KR",
    "grid.cloud": "US",
}
RATES = st.floats(1.0, 1e5)
SHARES = st.floats(0.0, 1.0)
JOULES = st.floats(1e-6, 10.0)


def run(draws: int = 64, seed: int = 0, **changes: object) -> Comparison:
    renamed = {key.replace("__", "."): value for key, value in changes.items()}
    return compare(Scenario({**BASE, **renamed}), CATALOG, draws=draws, seed=seed)  # type: ignore[dict-item]


@settings(deadline=None, max_examples=20)
@given(RATES, SHARES, JOULES)
def test_a_total_is_the_sum_of_its_lines(rate: float, share: float, joules: float) -> None:
    found = run(service__events_per_day=rate, hybrid__share=share, edge__inference_j=joules)
    for ledger in found.ledgers.values():
        for column in COLUMNS:
            parts = [line.columns[column] for line in ledger.lines]
            added = sum(p[0] if p.ndim else float(p) for p in parts if p is not None)
            total = ledger.total(column)
            assert float(total.flat[0]) == pytest.approx(added, rel=1e-12, abs=1e-15)


@settings(deadline=None, max_examples=10)
@given(RATES, JOULES)
def test_an_edge_that_reports_nothing_needs_no_network(rate: float, joules: float) -> None:
    found = run(service__events_per_day=rate, edge__inference_j=joules, service__report_share=0.0)
    lines = {line.key: line for line in found.ledgers["edge"].lines}
    for key in ("network.traffic", "radio.connection", "radio.bytes", "cloud.requests", "cloud.storage"):
        assert key not in lines or np.all(lines[key].energy_j == 0.0), key
    assert found.ledgers["edge"].flow.messages == 0.0


@settings(deadline=None, max_examples=10)
@given(st.floats(0.01, 900.0))
def test_idle_joules_an_inference_halve_when_the_load_doubles(load: float) -> None:
    one, two = (
        run(cloud__requests_per_s=rate).ledgers["cloud"].line("cloud.idle") for rate in (load, 2 * load)
    )
    assert one is not None and two is not None
    assert np.allclose(one.energy_j, 2 * two.energy_j)  # type: ignore[operator, arg-type]


def test_where_the_connection_dominates_only_the_inference_is_left_at_full_reporting() -> None:
    """With a cloud that costs nothing, and reports as long as inputs, the sides differ by inferring."""
    free = dict.fromkeys(
        ("cloud__inference_j", "cloud__floor_w", "cloud__request_j", "cloud__decode_j", "network__byte_j"),
        0.0,
    )
    found = run(
        **free,
        supply__kind="harvested",
        service__report_share=1.0,
        service__report_bytes=3000,
        service__answer_bytes=0,
        cloud__storage_j_per_byte=0.0,
        radio__connection_j=5.0,
        edge__inference_s=0.0,
        service__latency_s=30.0,
        radio__associated_w="gap: not here",
    )
    gap = -found.difference("edge").saving.nominal / 1440
    assert gap == pytest.approx(1e-3 + 1e-4, rel=1e-9)


def test_what_both_sides_share_cancels() -> None:
    """A sensor known within a factor of ten moves both sides alike: the difference stays as narrow."""
    wide = {"value": 1e-3, "low": 1e-4, "high": 1e-2}
    without, with_it = run(draws=4000), run(draws=4000, device__sense_j=wide)
    for one, other in ((without, with_it),):
        a, b = one.difference("edge").saving, other.difference("edge").saving
        # The loss of the adapter multiplies both alike, too.
        assert b.high - b.low == pytest.approx(a.high - a.low, rel=1e-9)
    assert "device.sense_j" not in {bar.key for bar in with_it.tornado}


def test_a_certificate_moves_the_market_column_alone() -> None:
    plain, green = run(), run(grid__cloud_market_g_per_j=0.0)
    assert plain.difference("edge", "carbon_g") == green.difference("edge", "carbon_g")
    assert plain.difference("edge", "carbon_market_g") != green.difference("edge", "carbon_market_g")
    assert plain.difference("edge", "energy_j") == green.difference("edge", "energy_j")


@pytest.mark.parametrize(("stance", "mode"), [("consequential", "average"), ("attributional", "marginal")])
def test_a_stance_never_mixes(stance: str, mode: str) -> None:
    with pytest.raises(InputError) as caught:
        run(stance=stance, network__mode=mode)
    assert caught.value.code == "STANCE" and "network.byte_j" in caught.value.message


@pytest.mark.parametrize("stance", ["consequential", "attributional"])
def test_every_figure_of_a_comparison_belongs_to_its_stance(stance: str) -> None:
    found = run(stance=stance)
    seen = {p.stance for tier in found.parameters.values() for p in tier.values()}
    assert seen == {None, stance}


def test_the_same_seed_gives_the_same_digits_and_another_key_leaves_them() -> None:
    assert run(seed=1).differences == run(seed=1).differences
    assert run(seed=1).differences != run(seed=2).differences
    # Draws are seeded by influence: an uncertain figure more leaves the draws of all others as they were.
    plain = run(draws=100).values["shared"]["radio.byte_j"]
    more = run(draws=100, device__sense_j={"value": 1.0, "low": 0.1, "high": 10.0}).values["shared"][
        "radio.byte_j"
    ]
    assert np.array_equal(plain, more)


def test_a_coin_cell_and_a_wifi_burst_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        run(supply__kind="primary", supply__pack="cr2032")
    assert caught.value.code == "SUPPLY_PULSE"
    assert run(supply__kind="primary", supply__pack="cr2032", radio__kind="ble").ledgers


def test_a_boot_is_charged_to_whoever_wakes() -> None:
    """An advertisement holds no boot: node and edge both wake a thousand and more times a day."""
    for kind, holds in (("ble", False), ("wifi", True)):
        found = run(radio__kind=kind, radio__associated_w="gap: not here", device__boot_j=0.0166)
        boots = {
            policy: float(found.ledgers[policy].line("device.boot").energy_j) / 0.0166  # type: ignore[union-attr, index, arg-type]
            for policy in ("edge", "cloud")
        }
        assert boots["edge"] == pytest.approx(1440 * (0.99 if holds else 1.0))
        assert boots["cloud"] == pytest.approx(0.0 if holds else 1440)


def test_a_hybrid_that_sends_nothing_up_still_reports() -> None:
    found = run(hybrid__share=0.0, service__report_share=0.1)
    edge, hybrid = (found.ledgers[policy].flow for policy in ("edge", "hybrid"))
    assert float(hybrid.reports) == float(edge.reports) == 144.0
    assert float(hybrid.uploads) == 0.0


def test_a_false_alarm_is_one_of_the_inputs_not_one_more() -> None:
    found = run(hybrid__share=1.0, edge__false_alarms_per_day=500.0, service__events_per_day=1440.0)
    flow = found.ledgers["hybrid"].flow
    assert float(flow.uploads) == 1440.0
    assert float(flow.reports) == 0.0


def test_sleep_and_inference_share_the_day() -> None:
    """A stream that infers half of each second sleeps the other half."""
    found = run(
        service__rhythm="always-on",
        service__report_share=0.0,
        service__events_per_day=86_400.0,
        edge__inference_s=0.5,
        device__sleep_w=0.03,
    )
    line = found.ledgers["edge"].line("device.sleep")
    assert line is not None and float(line.energy_j) == pytest.approx(43_200 * 0.03)  # type: ignore[arg-type]


def test_staying_connected_and_sleep_are_not_counted_twice() -> None:
    found = run(device__sleep_w=0.01, radio__associated_w=0.005)
    assert found.played["cloud"].hand.mode == "associated"
    lines = [found.ledgers["cloud"].line(key) for key in ("device.sleep", "radio.associated")]
    # 10 mW asleep hold the 5 mW of a chip that stays connected.
    assert [float(line.energy_j) for line in lines if line is not None] == [864.0, 0.0]  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "access"), [("nbiot", "mobile"), ("ltem", "mobile"), ("wifi", "fixed")])
def test_a_cellular_radio_is_carried_by_a_mobile_network(kind: str, access: str) -> None:
    assert run(radio__kind=kind).words["network.access"] == access


def test_allocations_are_no_part_of_a_margin() -> None:
    found = run(stance="consequential", gateway__share_w=5.0, network__mode="power", network__base_share=1.0)
    for ledger in found.ledgers.values():
        assert ledger.line("gateway.share") is None and ledger.line("network.base") is None
        assert float(np.asarray(ledger.total("water_l")).flat[0]) == 0.0 or "network.traffic" in ledger.gaps(
            "water_l"
        )
    # And the power model is no margin in disguise: attributional needs its share of the line.
    assert "network.base" in run(network__mode="power").ledgers["edge"].gaps("energy_j")


def test_what_the_literature_spreads_is_drawn_that_wide() -> None:
    one = run().parameters["shared"]["radio.connection_j"].estimate
    assert one is not None
    low, high = one.interval()
    # 0.10 to 1.7 J by chip, address and protocol: a factor of 17 between the ends.
    assert high / low == pytest.approx(17, rel=0.02) and low < 0.54 < high
