"""A sweep's points are the comparisons that they stand for, whoever computes them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.flow import POLICIES
from tinykit.comparison.ledger import COLUMNS
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.sweep import Sweep, sweep
from tinykit.comparison.sweep_axis import parse_axis
from tinykit.comparison.sweep_parquet import write_parquet
from tinykit.comparison.sweep_pool import Cluster, Processes, workers_for
from tinykit.comparison.sweep_table import saving, sweep_csv
from tinykit.errors import InputError

CATALOG = Catalog.load()
BASE = Scenario({"edge.inference_j": {"value": 1.3e-3, "low": 1e-3, "high": 2e-3}, "edge.recall": 0.9})


def swept(*texts: str, **options: object) -> Sweep:
    return sweep(BASE, CATALOG, [parse_axis(text) for text in texts], **options)  # type: ignore[arg-type]


def test_every_point_is_its_own_comparison() -> None:
    found = swept(
        "events_per_day=1:1e6:log:4", "report_share=0.001,0.5", "grid.cloud=KR,SE", "stance=attributional"
    )
    assert found.points == 16
    rates, shares = found.at()
    for case in found.cases:
        for k in range(len(rates)):
            at: dict[str, Given] = {
                "grid.cloud": case.words[0],
                "service.events_per_day": float(rates[k]),
                "service.report_share": float(shares[k]),
                "hybrid.share": float(shares[k]),
            }
            alone = compare(BASE.but(at), CATALOG, draws=100)
            for policy in POLICIES:
                mine, played = case.policies[policy], alone.played[policy]
                assert mine.hands[mine.hand[k]] == played.hand
                assert mine.feasible[k] == bool(played.feasible)
                assert mine.latency_s[k] == pytest.approx(float(played.latency_s), rel=1e-12)
                for column in COLUMNS:
                    total = alone.ledgers[policy].total(column).flat[0]
                    if alone.ledgers[policy].has_figure(column):
                        assert mine.totals[column][k] == pytest.approx(total, rel=1e-12)
                    else:
                        assert np.isnan(mine.totals[column][k])


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = swept("events_per_day=1:1e6:log:50")
    monkeypatch.setattr("tinykit.comparison.sweep.BLOCK", 7)
    parts = swept("events_per_day=1:1e6:log:50")
    for policy in POLICIES:
        one, other = whole.cases[0].policies[policy], parts.cases[0].policies[policy]
        assert [one.hands[k] for k in one.hand] == [other.hands[k] for k in other.hand]
        for column in COLUMNS:
            np.testing.assert_array_equal(one.totals[column], other.totals[column])


def test_draws_at_a_point_are_the_comparisons_own() -> None:
    found = swept("payload_bytes=300,30000", draws=800, seed=3)
    (case,) = found.cases
    for k, payload in enumerate((300.0, 30000.0)):
        alone = compare(BASE.but({"service.payload_bytes": payload}), CATALOG, draws=800, seed=3)
        for policy in ("edge", "hybrid"):
            drawn, told = case.savings[policy][k], alone.difference(policy)  # type: ignore[index]
            assert (drawn.low, drawn.high, drawn.wins) == (told.saving.low, told.saving.high, told.wins)


def test_draws_are_of_the_tier_that_is_played() -> None:
    best = BASE.but({"cloud.case": "best"})
    found = sweep(best, CATALOG, [parse_axis("events_per_day=10,100000")], draws=300, seed=1)
    alone = compare(best.but({"service.events_per_day": 10.0}), CATALOG, draws=300, seed=1)
    assert found.cases[0].policies["cloud"].hands[found.cases[0].policies["cloud"].hand[0]] == (
        alone.played["cloud"].hand
    )
    drawn, told = found.cases[0].savings["edge"][0], alone.difference("edge").saving
    assert (drawn.low, drawn.high) == (told.low, told.high)


def test_a_swept_figure_is_no_longer_drawn() -> None:
    """Its own spread is not laid over the points."""
    (case,) = swept("radio.connection_j=0.2,0.6", "service.report_share=1", draws=500).cases
    alone = compare(
        BASE.but({"radio.connection_j": 0.2, "service.report_share": 1.0}), CATALOG, draws=500
    ).difference("edge")
    assert (case.savings["edge"][0].low, case.savings["edge"][0].high) == (
        alone.saving.low,
        alone.saving.high,
    )


def test_the_number_of_workers_moves_no_digit() -> None:
    texts = ("events_per_day=1:1e6:log:20", "grid=KR,SE")
    one, two = (swept(*texts, draws=300, scheduler=Processes(workers)) for workers in (1, 2))
    assert [case.savings for case in one.cases] == [case.savings for case in two.cases]
    assert sweep_csv(one) == sweep_csv(two)


@pytest.mark.slow
def test_a_cluster_gives_the_same_digits(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    texts = ("events_per_day=1:1e6:log:20", "grid=KR,SE")
    here = swept(*texts, draws=300, scheduler=Processes(1))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        there = swept(*texts, draws=300, scheduler=Cluster(cluster.scheduler_address))
    assert sweep_csv(here) == sweep_csv(there)


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("tinykit.comparison.sweep_pool.CONNECT_S", 0.5)
    with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:9: no Dask scheduler") as refused:
        swept("events_per_day=1,2", draws=200, scheduler=Cluster("tcp://127.0.0.1:9"))
    assert refused.value.code == "SCHEDULER"


def test_parquet_holds_what_the_csv_holds(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = swept("events_per_day=1,1000", "grid=KR,SE")
    table = parquet.read_table(write_parquet(found, tmp_path)).to_pylist()
    rows = list(csv.DictReader(io.StringIO(sweep_csv(found))))
    assert [one["grid"] for one in table] == [one["grid"] for one in rows]
    assert [one["edge_money_usd"] for one in table] == [None] * 4
    assert [one["cloud_energy_j"] for one in table] == [float(one["cloud_energy_j"]) for one in rows]


def test_small_work_starts_no_processes() -> None:
    assert workers_for(100, 1000) == 1
    assert workers_for(100_000, 100_000) >= 1


def test_where_no_hand_is_feasible_nothing_is_told() -> None:
    found = swept("latency_s=1e-6,100")
    (case,) = found.cases
    assert not case.policies["cloud"].feasible[0] and case.policies["cloud"].feasible[1]
    values = saving(found, case, "edge")
    assert np.isnan(values[0]) and np.isfinite(values[1])
    rows = list(csv.DictReader(io.StringIO(sweep_csv(found))))
    assert rows[0]["edge_saving_energy_j"] == "" and float(rows[1]["edge_saving_energy_j"]) == values[1]


def test_a_range_ends_where_it_was_told_to() -> None:
    axis = parse_axis("events_per_day=1:1e6:log:25")
    assert (axis.values[0], axis.values[-1], len(axis.values)) == (1.0, 1e6, 25)
    assert parse_axis("network.byte_j=0.0065 kWh/GB,1 uJ/B").values == (pytest.approx(23.4e-6), 1e-6)
    assert parse_axis("grid=KR,US").keys == ("grid.device", "grid.network", "grid.cloud")


@pytest.mark.parametrize(
    "text", ["events_per_day", "events_per_day=", "events_per_day=1:2:lin:1", "events_per_day=1:2:cubic:3",
             "events_per_day=nan,1", "cloud.pue=0.5,1.5", "payload_bytes=1 J", "grid=KR,,SE"]
)  # fmt: skip
def test_an_axis_that_says_nothing_sound_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_axis(text)
    assert text in refused.value.message


def test_too_many_points_are_refused_before_any_work() -> None:
    with pytest.raises(InputError, match="more than"):
        swept("events_per_day=1:2:lin:1000000", "payload_bytes=1:2:lin:3")
