"""What is said of a hosted language model: what its joules cover, its batch, its median, and its time."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from tinykit.cli.compare import command
from tinykit.cli.report import command as report
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.cloud_side import find_cloud
from tinykit.comparison.compare import Comparison, compare
from tinykit.comparison.llm import ECOLOGITS, find_endpoint
from tinykit.comparison.result import Result, make_result
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.sweep import sweep
from tinykit.comparison.sweep_axis import parse_axis
from tinykit.comparison.sweep_table import sweep_rows
from tinykit.errors import InputError

CATALOG = Catalog.load()
SMALL = f"{ECOLOGITS}mistralai/ministral-8b-2512"
LARGE = "llm:llama-3.1-405b"


def scenario(cloud: str, **changes: Given) -> Scenario:
    given = {key.replace("__", "."): value for key, value in changes.items()}
    base: dict[str, Given] = {"edge.inference_j": 1e-3, "cloud.travel": 1}
    return Scenario({**base, **find_cloud(cloud, CATALOG), **given})


def run(cloud: str, **changes: Given) -> Comparison:
    return compare(scenario(cloud, **changes), CATALOG, draws=100)


def result(cloud: str, **changes: Given) -> Result:
    return make_result(run(cloud, **changes), CATALOG)


def said(cloud: str, **changes: Given) -> str:
    return " ".join(result(cloud, **changes).notes)


def test_where_a_claim_states_no_boundary_nothing_is_put_on_and_nothing_is_asserted() -> None:
    found = result("llm:chatgpt")
    assert found.words["cloud.boundary"] == "unknown"
    for key in ("cloud.host", "cloud.facility"):
        assert found.policies["cloud"].line(key) is None
    for key in ("cloud.host", "cloud.idle_reserve", "cloud.pue"):
        assert found.parameters[key].nominal == 1.0
        assert "does not say" in found.parameters[key].note
    notes = " ".join(found.notes)
    assert "does not say what its joules cover" in notes and "whole facility" not in notes
    assert "The catalogue on claim.chatgpt-avg-query: " in notes and "no boundary published." in notes
    assert run("llm:chatgpt", cloud__boundary="wall").parameters["shared"]["cloud.pue"].nominal == 1.3


@pytest.mark.parametrize(("name", "covers"), [("gemini", "facility"), ("distilgpt2", "gpu"), ("405b", "gpu")])
def test_a_row_that_says_what_it_covers_is_taken_at_its_word(name: str, covers: str) -> None:
    assert run(f"llm:{name}").words["cloud.boundary"] == covers


def test_a_row_of_the_users_own_covers_nobody_knows_what(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("own") / "own.csv"
    path.write_text("key,value,unit,source\nmine.chat,100,J/request,our own server\n")
    found = compare(
        Scenario({"edge.inference_j": 1e-3, "cloud.endpoint": "mine.chat"}), Catalog.load(path), draws=10
    )
    assert found.words["cloud.boundary"] == "unknown"


def test_a_median_is_told_for_what_it_is() -> None:
    assert "is a median, and is multiplied by the requests of a day as if it were their mean" in said(
        "llm:gemini"
    )
    assert "median" not in said("llm:chatgpt")


def test_ecologits_is_no_meter_by_the_wall() -> None:
    pytest.importorskip("ecologits")
    notes = said(SMALL)
    assert "modelled, and no meter's" in notes and "by the wall" not in notes


@pytest.mark.parametrize(
    ("name", "why"), [("whisper", "whisper.energy is in J/audio-s"), ("mistral", "in gCO2e/reply")]
)
def test_joules_of_something_else_are_no_requests(name: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as refused:
        find_endpoint(name, CATALOG)
    assert refused.value.code == "LLM" and "cloud.inference_j" in refused.value.hint


def test_joules_a_second_of_audio_are_no_joules_however_they_are_named() -> None:
    """A key goes past ``find_endpoint``: 1,440 x 30 J stood there for a day."""
    with pytest.raises(InputError, match=r"cloud\.inference_j: J/audio-s is not J") as refused:
        compare(Scenario({"edge.inference_j": 1e-3, "cloud.endpoint": "whisper.energy"}), CATALOG, draws=10)
    assert refused.value.code == "CATALOG_UNIT"


def test_an_endpoint_whose_time_nobody_published_is_not_said_to_be_in_time() -> None:
    found = result(LARGE)
    assert found.parameters["cloud.inference_s"].nominal is None
    assert "Whether cloud and hybrid decide in time (service.latency_s) was not checked" in " ".join(
        found.notes
    )
    assert found.policies["cloud"].latency_is_lower_bound and found.policies["hybrid"].latency_is_lower_bound
    assert found.policies["cloud"].feasible and not found.policies["edge"].latency_is_lower_bound


def test_terminal_json_and_page_say_at_least(tmp_path: Path) -> None:
    edge = ("--edge", "1.3 mJ", "--cloud", LARGE, "--draws", "100", "--no-plots")
    shown = CliRunner().invoke(command, [*edge, "-o", str(tmp_path)], env={"COLUMNS": "300"})
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.count("decides in at least ") == 2
    written = json.loads((tmp_path / "comparison.json").read_text())
    schema = json.loads((files("tinykit") / "data/schemas/comparison.v1.schema.json").read_text())
    jsonschema.validate(written, schema)
    bounds = {policy: one["latency_is_lower_bound"] for policy, one in written["policies"].items()}
    assert bounds == {"edge": False, "cloud": True, "hybrid": True}
    page = tmp_path / "report.md"
    made = CliRunner().invoke(report, [str(tmp_path), "--format", "md", "-o", str(page)])
    assert made.exit_code == 0, made.output
    assert page.read_text().count("at least ") >= 2


def test_what_is_known_of_a_latency_may_be_too_long_already() -> None:
    (why,) = run(LARGE, service__latency_s=0.3).obstacles["cloud"]
    assert why.startswith("it decides in at least ")


def test_a_time_that_is_given_is_checked() -> None:
    found = result(LARGE, cloud__inference_s=30)
    (why,) = found.policies["cloud"].obstacles
    assert "30." in why and "10 s are allowed" in why
    assert "was not checked" not in " ".join(found.notes)
    assert not found.policies["cloud"].latency_is_lower_bound


def test_a_server_of_images_still_has_its_time() -> None:
    found = result("shared:a10")
    assert found.parameters["cloud.inference_s"].nominal == 0.05
    assert not found.policies["cloud"].latency_is_lower_bound
    assert "was not checked" not in " ".join(found.notes)


@pytest.mark.parametrize(("tokens", "in_time"), [(400, True), (4000, False)])
def test_ecologits_takes_its_own_time_token_by_token(tokens: float, in_time: bool) -> None:
    """8 billion parameters at 81.5 tokens a second: 400 take 4.9 s, 4,000 take 49 s."""
    pytest.importorskip("ecologits")
    found = result(SMALL, cloud__output_tokens=tokens)
    token, first = (found.parameters[f"cloud.{key}"].nominal for key in ("token_s", "first_token_s"))
    assert token is not None and first is not None and 0.005 < token < 0.05
    assert found.policies["cloud"].latency_s > first + tokens * token
    assert found.policies["cloud"].feasible is in_time
    assert not found.policies["cloud"].latency_is_lower_bound
    assert f"Its {tokens} output tokens take " in " ".join(found.notes)


def test_without_a_routers_average_it_is_the_regression_with_its_range() -> None:
    """latency a token = 6.785e-4 P + 3.119e-4 B + 1.9474e-2 s, P in billions."""
    pytest.importorskip("ecologits")
    slow = run(f"{ECOLOGITS}cohere/c4ai-aya-expanse-32b").parameters["shared"]["cloud.token_s"]
    assert slow.nominal == pytest.approx(6.785e-4 * 32.3 + 3.119e-4 * 64 + 1.9474e-2, rel=0.01)
    wide = run(f"{ECOLOGITS}mistralai/mistral-medium").parameters["shared"]["cloud.token_s"]
    assert wide.varies
    assert " to " in next(
        note for note in result(f"{ECOLOGITS}mistralai/mistral-medium").notes if "take" in note
    )


def test_along_a_sweep_a_latency_that_is_not_known_is_blank() -> None:
    pytest.importorskip("ecologits")
    for cloud, blank in ((LARGE, True), (SMALL, False)):
        names, rows = sweep_rows(sweep(scenario(cloud), CATALOG, [parse_axis("payload_bytes=10,20")]))
        row = dict(zip(names, next(iter(rows)), strict=True))
        assert (row["cloud_latency_s"] is None) is blank and row["edge_latency_s"] is not None
    axis = parse_axis("cloud.output_tokens=400,4000")
    (case,) = sweep(scenario(SMALL), CATALOG, [axis]).cases
    assert case.policies["cloud"].feasible.tolist() == [True, False]


def test_the_largest_batch_is_a_floor_as_offline_is() -> None:
    floor = "is the largest that is published, and its joules are a floor"
    assert f"Batch 256 {floor}" in said(LARGE) and "6.7 times as many" in said(LARGE)
    assert floor not in said(LARGE, cloud__batch=8)
    assert floor not in said("llm:chatgpt")


def test_joules_of_ones_own_bear_no_note_of_a_row() -> None:
    notes = said(LARGE, cloud__inference_j=100)
    assert "The catalogue on" not in notes and "is the largest" not in notes


@pytest.mark.parametrize(("batch", "beyond"), [(512, False), (513, True)])
def test_beyond_the_batches_of_its_fit_ecologits_is_extrapolated(batch: int, beyond: bool) -> None:
    pytest.importorskip("ecologits")
    assert ("saw batches up to 512" in said(SMALL, cloud__batch=str(batch))) is beyond
