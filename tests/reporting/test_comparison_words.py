"""Keys and quantities in words: what a break-even and a tornado's bar say."""

from __future__ import annotations

from typing import Any

import pytest

from tinykit.comparison.break_even import RANGES
from tinykit.comparison.lines import fields
from tinykit.comparison.result_headline import WORDS
from tinykit.reporting.comparison_words import bar_label, factor, label, quantity
from tinykit.reporting.edge_loses import _break_evens, _columns, losing


def sentences(**changes: Any) -> list[str]:
    one = {
        "key": "edge.inference_j",
        "unit": "J",
        "column": "energy_j",
        "now": 30e-6,
        "points": [0.69],
        "edge_wins_at_low_end": True,
        "searched": [1e-7, 100.0],
        **changes,
    }
    return list(_break_evens({"break_evens": [one], "column": "energy_j"}))


def test_a_break_even_says_how_far_away_it_is() -> None:
    assert sentences() == [
        "It would lose if one inference cost more than 690 mJ (23,000 times what it is: 30 µJ)."
    ]


def test_where_the_edge_loses_already_it_says_as_long_as() -> None:
    (told,) = sentences(now=2.0)
    assert told == "It loses as long as one inference costs more than 690 mJ (0.34 times what it is: 2 J)."


def test_ranges_between_two_break_evens_and_below_one() -> None:
    key = {"key": "service.events_per_day", "unit": "1/day", "now": 1440.0, "searched": [0.1, 1e6]}
    (told,) = sentences(**key, points=[5000.0, 20000.0])
    assert told.startswith(
        "It would lose if the number of decisions were between 5,000 a day and 20,000 a day"
    )
    assert told.endswith("(it is 1,440 a day).")
    (told,) = sentences(**key, points=[2.0], edge_wins_at_low_end=False)
    assert told.startswith(
        "It would lose if the number of decisions were less than 2 a day (0.1% of what it is"
    )
    (told,) = sentences(**key, points=[], edge_wins_at_low_end=False)
    assert told == "It loses if the number of decisions is anything from 0.1 a day to 1,000,000 a day."


def test_another_column_is_named_and_a_share_above_one_is_no_loss() -> None:
    carbon = {
        "key": "grid.cloud_g_per_j",
        "unit": "g/J",
        "column": "carbon_g",
        "now": 1e-4,
        "searched": [1e-6, 1e-3],
    }
    (told,) = sentences(**carbon, points=[2e-5], edge_wins_at_low_end=False)
    assert told.startswith(
        "In carbon, it would lose if electricity of the data centre had less than 72 gCO2e/kWh"
    )
    share = {"key": "service.report_share", "unit": "1", "now": 0.01, "searched": [1e-4, 10.0]}
    assert sentences(**share, points=[2.0]) == []
    (told,) = sentences(**share, points=[], edge_wins_at_low_end=False)
    assert told == "It loses if the share of decisions that is reported is anything from 0.0001 to 1."
    (told,) = sentences(**share, points=[0.5])
    assert "more than 0.5 (" in told
    assert list(losing({"edge_wins_at_low_end": True, "key": "x", "points": [2.0], "searched": [1, 9]})) == [
        (2.0, 9.0)
    ]


@pytest.mark.parametrize("key", sorted(RANGES))
def test_every_break_even_is_a_sentence_without_its_key(key: str) -> None:
    unit = fields()[key].unit  # type: ignore[union-attr]
    low, high = RANGES[key]
    (told,) = sentences(key=key, unit=unit, now=low, points=[min(0.9, low * 3)], searched=[low, high])
    assert key not in told and "_" not in told


def test_labels_are_words_that_fit_a_picture() -> None:
    for key in fields():
        assert label(key) and len(label(key)) <= 56
    assert label("radio.associated_w") == "radio: power while it stays connected"
    assert label("<b>no key") == "<b>no key"


def test_a_bar_names_all_that_share_its_influence() -> None:
    shared = {
        "grid.device_g_per_j": ("grid.KOR",),
        "grid.cloud_g_per_j": ("grid.KOR",),
        "cloud.pue": ("cloud.pue",),
    }
    words, keys = bar_label("grid.KOR", shared)
    assert words == "electricity of the device: carbon, and 1 more"
    assert keys == ("grid.device_g_per_j", "grid.cloud_g_per_j")
    assert bar_label("cloud.pue", shared) == (label("cloud.pue"), ("cloud.pue",))
    assert bar_label("nobody's", shared) == ("nobody's", ("nobody's",))


def test_quantities_have_the_units_that_people_use() -> None:
    assert quantity(1e-4, "g/J") == "360 gCO2e/kWh"
    assert quantity(3000.0, "B") == "3,000 bytes"
    assert quantity(0.692, "J") == "692 mJ"
    assert factor(5.0, 0.0, "1") == "it is 0"


def saved(nominal: float, low: float, high: float) -> list[str]:
    saving = {"nominal": nominal, "interval95": [low, high]}
    rows = [{"policy": "edge", "column": one, "saving": saving} for one in WORDS]
    policies = {key: {"feasible": True} for key in ("edge", "cloud")}
    return list(_columns({"differences": rows, "policies": policies}))


def test_a_column_says_how_sure_its_loss_is() -> None:
    assert saved(5.0, 1.0, 9.0) == []
    assert saved(-5.0, -9.0, -1.0)[0] == "In energy: it costs 5.0 [1.0, 9.0] J more per device-day."
    assert saved(-5.0, -9.0, 1.0)[0].endswith("5.0 [-1.0, 9.0] J more per device-day, not sure at 95 %.")
    assert saved(5.0, -1.0, 9.0)[0] == (
        "In energy it may: it saves 5.0 [-1.0, 9.0] J per device-day, not sure at 95 %."
    )
    assert len(saved(5.0, -1.0, 9.0)) == len(WORDS)
