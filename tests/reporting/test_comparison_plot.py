"""The pictures of a comparison say what the comparison says, and are stamped where an emulator was in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.comparison.accuracy import paired_curve, priced_curve
from tinykit.comparison.break_even_map import break_even_map
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.ledger import Column
from tinykit.comparison.lines import entries
from tinykit.comparison.parameters import nominal_values
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.scenario import Scenario
from tinykit.reporting.comparison_plot import draw_comparison

pytest.importorskip("matplotlib")
CATALOG = Catalog.load()


def result(column: Column = "energy_j", **changes: object) -> Result:
    given = {"edge.inference_j": 1e-3, "device.sleep_w": 1e-5}
    given |= {key.replace("__", "."): value for key, value in changes.items()}  # type: ignore[misc]
    return make_result(compare(Scenario(given), CATALOG, draws=500, objective=column), CATALOG, column)


def texts(paths: tuple[Path, ...]) -> dict[str, str]:
    """SVG by name. Matplotlib keeps the words of a text beside its outlines, in a comment."""
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def test_every_picture_is_drawn_and_stamped_where_it_must_be(tmp_path: Path) -> None:
    plain = texts(draw_comparison(result(), tmp_path / "a"))
    stamped = texts(draw_comparison(result(edge__stamp="SIMULATED"), tmp_path / "b"))
    assert set(plain) == {"ledger", "difference", "tornado", "break-even"}
    assert all("SIMULATED" in one for one in stamped.values())
    assert not any("SIMULATED" in one for one in plain.values())
    assert "The edge saves" in plain["difference"]


def test_the_ledger_shows_what_was_searched_for_first(tmp_path: Path) -> None:
    for column, titles in (
        ("energy_j", ("Energy, J", "Carbon, location-based, gCO2e")),
        ("carbon_g", ("Carbon, location-based, gCO2e", "Energy, J")),
        ("money_usd", ("Money, USD", "Energy, J")),
    ):
        drawn = texts(draw_comparison(result(column), tmp_path / column))["ledger"]  # type: ignore[arg-type]
        first, second = (drawn.index(f"<!-- {title} per device-day -->") for title in titles)
        assert first < second


def test_an_edge_that_loses_is_said_to_lose_and_its_region_is_drawn(tmp_path: Path) -> None:
    """Ten joules an inference on the edge: nobody would, and the picture says so."""
    found = result(edge__inference_j=10.0)
    assert break_even_map(found.comparison).edge_loses > 0.3
    drawn = texts(draw_comparison(found, tmp_path))
    assert "The edge LOSES" in drawn["difference"]
    assert "edge loses here" in drawn["break-even"]


@pytest.mark.parametrize(
    "words",
    [
        {"edge__inference_j": 100.0},
        {
            "column": "money_usd",
            "supply__kind": "primary",
            "supply__pack": "li",
            "supply__pack_usd_per_j": 1e-4,
        },
        {"radio__kind": "lorawan", "service__payload_bytes": 3000},
        {"service__payload_bytes": 3e6, "service__events_per_day": 80_000},
    ],
    ids=["loses", "money", "not feasible", "large"],
)
def test_no_text_is_cut(words: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Titles, labels and names lie inside the picture."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    draw_comparison(result(**words), tmp_path)
    assert len(figures) == 4
    for figure in figures:
        figure.draw_without_rendering()
        ticks = {one for axis in figure.axes for one in (*axis.get_xticklabels(), *axis.get_yticklabels())}
        minor = {one for axis in figure.axes for one in axis.get_xticklabels(which="minor")}
        for text in set(figure.findobj(Text)) - ticks - minor:
            if text.get_visible() and text.get_text():
                box = text.get_window_extent()
                assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, text.get_text()


def test_the_map_agrees_with_a_comparison_at_its_point() -> None:
    found = result()
    drawn = break_even_map(found.comparison, points=9)
    at = result(
        service__events_per_day=float(drawn.events_per_day[4]), service__report_share=float(drawn.share[2])
    )
    edge, cloud = (float(at.comparison.ledgers[p].total("energy_j").flat[0]) for p in ("edge", "cloud"))
    assert drawn.ratio[2, 4] == pytest.approx(cloud / edge)


def test_the_front_is_drawn_where_there_are_paired_predictions(tmp_path: Path) -> None:
    found = result()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    scores = [np.eye(3)[labels] + rng.normal(0, spread, (200, 3)) for spread in (0.7, 0.2)]
    tiers = {
        tier: nominal_values(one, found.comparison.words) for tier, one in found.comparison.parameters.items()
    }
    curve = priced_curve(paired_curve(*scores, labels), entries(), tiers, "energy_j")
    drawn = texts(draw_comparison(found, tmp_path, curve))
    assert "What sending more up buys" in drawn["accuracy"]
