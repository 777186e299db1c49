"""A figure and its range: what is drawn is what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.edge import find_edge
from tinykit.comparison.resolve import resolve
from tinykit.comparison.result import make_result
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.spread import spread
from tinykit.estimate import Estimate, draw

CATALOG = Catalog.load()
LAW = {"name": "x", "kind": "published", "source": "a test"}


@given(st.floats(1e-9, 1e9), st.floats(0.01, 0.99), st.floats(1.01, 100.0))
def test_95_percent_lie_between_the_ends_and_half_below(value: float, down: float, up: float) -> None:
    one = spread(value, "J", value * down, value * up, "lognormal", **LAW)  # type: ignore[arg-type]
    assert one.interval() == pytest.approx((value * down, value * up), rel=1e-6)
    assert one.interval(1e-9)[0] == pytest.approx(value, rel=1e-6)
    assert Estimate.from_dict(one.to_dict()) == one
    (drawn,) = draw([one], draws=20_000)
    assert (drawn < value).mean() == pytest.approx(0.5, abs=0.02)


def test_a_figure_that_is_the_least_of_its_kind_has_nothing_below() -> None:
    (drawn,) = draw([spread(2.0, "J", 2.0, 7.0, "lognormal", **LAW)], draws=20_000)  # type: ignore[arg-type]
    assert drawn.min() == pytest.approx(2.0)
    assert (drawn > 7.0).mean() == pytest.approx(0.025, abs=0.005)


@pytest.mark.parametrize("kind", ["wifi", "nbiot", "ltem"])
def test_a_spread_of_ours_is_drawn_as_its_note_says(kind: str) -> None:
    scenario = Scenario({"radio.kind": kind})
    one = resolve(scenario, CATALOG, scenario.words())["radio.connection_j"]
    assert one.estimate is not None and one.nominal is not None
    factors = [float(word) for word in one.note.partition("x ")[2].partition(";")[0].split(" to ")]
    ends = tuple(one.nominal * factor for factor in factors)
    assert one.estimate.interval() == pytest.approx(ends, rel=5e-3)


def test_every_spread_of_ours_is_told() -> None:
    edge = find_edge("mlperf:v1.3/NUCLEO_L4R5ZI-P/vww").keys
    zones = {f"grid.{place}": "KR" for place in ("device", "network", "cloud")}
    for stance, mode in (("attributional", "average"), ("consequential", "marginal")):
        scenario = Scenario({**edge, **zones, "stance": stance, "network.mode": mode})
        notes = make_result(compare(scenario, CATALOG, draws=200), CATALOG).notes
        (told,) = (note for note in notes if note.startswith("Spread assumed by tinykit"))
        assert {"grid.cloud_g_per_j", "edge.inference_j"} <= set(told.rstrip(".").split(": ")[1].split(", "))
