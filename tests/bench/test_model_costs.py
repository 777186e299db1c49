"""The benchmark: its page says what its evidence says, and its figures come from a real run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import model_costs, model_costs_page


@pytest.fixture(scope="module")
def evidence(checkout: Path):
    return json.loads((checkout / "docs" / "evidence" / "model_costs.json").read_text(encoding="utf-8"))


def test_the_page_holds_what_the_evidence_says(checkout: Path, evidence) -> None:
    text = (checkout / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    again = model_costs_page.replaced(text, evidence, model_costs.BASELINES)
    assert text == again, "run python tests/bench/model_costs.py --page"


def test_a_page_without_marks_is_not_overwritten(tmp_path: Path, evidence) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n")
    with pytest.raises(ValueError, match="marks"):
        model_costs_page.write(page, evidence, model_costs.BASELINES)
    assert page.read_text() == "# Benchmarks\n"


def test_the_evidence_claims_only_what_its_rows_show(evidence) -> None:
    results = evidence["results"]
    for place, count in results["ran_on"].items():
        equal = [r for r in results["rows"] if r["place"] == place and r["check"] == "equal"]
        assert len(equal) == count
    for one in results["limits"]:
        assert one["holds"] == (one["measured"] <= one["most"])


def test_a_row_that_differs_or_was_not_checked_says_so(evidence) -> None:
    row = next(r for r in evidence["results"]["rows"] if r["check"] == "equal")
    for check, shown in (("different", "**different**"), ("not_run", "**not checked**")):
        results = {**evidence["results"], "rows": [{**row, "check": check}]}
        table = "\n".join(model_costs_page.summary(results, model_costs.BASELINES))
        assert f"{shown} |" in table


@pytest.mark.slow
def test_a_row_is_measured(digits) -> None:
    row = model_costs.row("digits", digits.tflite, "virtual-m4", 0)
    assert row["check"] == "equal"
    assert row["instructions"] == pytest.approx(sum(one["instructions"] for one in row["layers"]), rel=1e-3)
    parts = ("arena", "state", "wire", "statics", "stack_used")
    assert row["ram_bytes"] == sum(row["ram"][part] for part in parts)
    assert row["flash_beside_weights"] == row["flash"]["total"] - row["source_weights"]


@pytest.mark.slow
def test_a_model_that_does_not_fit_is_a_row_too(checkout: Path) -> None:
    row = model_costs.row("twin", model_costs.models()["twin"][2], "virtual-m0", 0)
    assert row["check"] == "does_not_fit"
    assert "bytes of RAM" in row["note"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(model_costs.BASELINES))
def test_the_limits_hold(name: str, reference_models: Path) -> None:
    rows = [model_costs.row("MLPerf Tiny", reference_models / f"{name}.tflite", "virtual-m4", 0)]
    judged = [one for one in model_costs.limits(rows) if one["strength"] == "must"]
    assert len(judged) == 3
    assert rows[0]["check"] == "equal"
    assert [one for one in judged if not one["holds"]] == []
