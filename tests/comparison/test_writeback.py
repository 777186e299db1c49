"""A comparison reruns from its own scenario to the same digits, and its defaults still follow a new word."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare, resolve_tiers
from tinykit.comparison.edge import find_edge, without_edge
from tinykit.comparison.files import scenario_text
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.result_document import document
from tinykit.comparison.run import run_options
from tinykit.comparison.scenario import Given, Scenario, parse_scenario
from tinykit.comparison.writeback import complete, refreshed, scenario_toml, toml

CATALOG = Catalog.load()
BOARD = find_edge("mlperf:v1.3/NUCLEO_L4R5ZI-P/kws").keys
FEW: dict[str, Given] = {"run.draws": 400, "run.seed": 7}


def run(scenario: Scenario, catalog: Catalog = CATALOG) -> Result:
    options = run_options(scenario, catalog)
    made = compare(scenario, catalog, draws=options.draws, seed=options.seed, objective=options.column)
    return make_result(made, catalog, options.column)


def text(result: Result) -> str:
    return json.dumps(document(result), allow_nan=False, indent=1)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"cloud.case": "best", "grid.cloud": "SE"},
        {"stance": "consequential", "radio.kind": "nbiot", "network.access": "mobile"},
        {"supply.kind": "primary", "run.objective": "carbon"},
        {"supply.kind": "rechargeable", "supply.pack": "li-ion", "service.rhythm": "always-on"},
        {"cloud.pue": {"value": 1.2, "low": 1.1, "high": 1.5, "note": 'a "quoted"\nnote \\ µ'}},
        {"device.sense_j": "gap: not yet", "edge.name": "=it's \x1b[31m"},
    ],
)
def test_the_written_scenario_gives_the_same_bytes(more: dict[str, Given]) -> None:
    first = run(Scenario(BOARD).but({**FEW, **more}))
    again = run(parse_scenario(scenario_text(first), "written"))
    assert text(again) == text(first)
    assert scenario_text(again) == scenario_text(first)


def test_it_needs_no_catalogue_any_more() -> None:
    """Every figure is in it, so another tinykit's catalogue does not move a digit."""
    words, tiers = resolve_tiers(Scenario(BOARD), CATALOG)
    written = parse_scenario(scenario_toml(complete(tiers, words), {}), "written")
    again_words, again = resolve_tiers(written, Catalog(()))
    assert again_words == words
    assert {key: (one.nominal, one.estimate) for key, one in again["shared"].items()} == {
        key: (one.nominal, one.estimate) for key, one in tiers["shared"].items()
    }


def test_a_new_word_looks_its_defaults_up_again_and_leaves_the_rest() -> None:
    first = run(Scenario(BOARD).but({**FEW, "cloud.pue": 1.07}))
    written = parse_scenario(scenario_text(first), "written")
    changed = run(refreshed(written, {"grid.cloud": "SE"}, "--set"))
    fresh = run(Scenario(BOARD).but({**FEW, "cloud.pue": 1.07, "grid.cloud": "SE"}))
    assert text(changed) == text(fresh)
    assert changed.parameters["cloud.pue"].nominal == 1.07
    assert changed.parameters["grid.cloud_g_per_j"] != first.parameters["grid.cloud_g_per_j"]


def test_the_stance_may_change_in_a_written_scenario() -> None:
    written = parse_scenario(scenario_text(run(Scenario(BOARD).but(FEW))), "written")
    found = run(refreshed(written, {"stance": "consequential"}, "--stance"))
    assert found.words["network.mode"] == "marginal"


def test_what_the_user_chose_is_never_looked_up_again() -> None:
    mine = Scenario({**BOARD, **FEW, "network.mode": "average"})
    assert refreshed(mine, {"stance": "consequential"}, "--stance").given["network.mode"] == "average"


PLAIN = (
    st.text(max_size=12) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1)
)


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        PLAIN | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=6,
    )
)
def test_toml_reads_back_what_was_written(value: object) -> None:
    found = tomllib.loads(f"v = {toml(value)}")["v"]
    assert found == value


def test_a_file_name_that_is_no_text_is_written_all_the_same() -> None:
    name = "a\udcffb"
    assert tomllib.loads(f"v = {toml(name)}")["v"] == "a\ufffdb"


def test_floats_keep_every_digit() -> None:
    for value in (0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 1e-7):
        found = tomllib.loads(f"v = {toml(value)}")["v"]
        assert found == value and math.copysign(1, found) == math.copysign(1, value)


def test_the_file_says_what_wrote_it(tmp_path: Path) -> None:
    lines = scenario_text(run(Scenario(BOARD).but(FEW))).splitlines()
    assert lines[0].startswith("# written by: tinykit ") and "numpy" in lines[0]
    assert CATALOG.provenance_hash in lines[1]


def test_another_edge_leaves_nothing_of_the_one_before() -> None:
    """Recall, latency and name of a board that is replaced are not the next one's."""
    board = find_edge("mlperf:v1.3/NUCLEO_L4R5ZI-P/vww").keys
    old = Scenario({**board, "service.recall_least": 0.8})
    assert "edge.recall" in old.given and "edge.name" in old.given
    new = without_edge(old)
    assert not [key for key in new.given if key.startswith("edge.")]
    assert new.given["service.recall_least"] == 0.8
    # What was given by hand stays.
    own = Scenario({"edge.inference_j": 2.0, "edge.recall": 0.9})
    assert without_edge(own).given == own.given
