"""``import tinykit``: the names people build on, what importing costs, and the whole way in calls."""

from __future__ import annotations

import dataclasses
import inspect as introspection
import json
import math
import os
import subprocess
import sys
import typing
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import tinykit
from tinykit.cli.compare_job import Job
from tinykit.cli.group import cli
from tinykit.errors import InputError, ModelError, UsageError

PUBLIC = {
    "Compared",
    "Emulated",
    "Session",
    "build",
    "compare",
    "connect",
    "convert",
    "emulate",
    "fit",
    "inspect",
    "load_graph",
    "measure",
    "report",
    "run",
}
HEAVY = {"numpy", "tensorflow", "rich", "click", "jinja2", "serial", "matplotlib", "ai_edge_litert"}


def _modules(code: str) -> set[str]:
    """What a process has loaded after ``code``."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _valid(document: dict[str, typing.Any], name: str, checkout: Path) -> None:
    schema = json.loads((checkout / f"tinykit/data/schemas/{name}.v1.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(document)), schema)


def test_the_public_names() -> None:
    assert set(tinykit.__all__) == PUBLIC
    assert set(dir(tinykit)) >= PUBLIC
    for name in PUBLIC:
        assert getattr(tinykit, name).__doc__, name


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        tinykit.mesure  # noqa: B018


def test_importing_brings_in_tinykit_alone() -> None:
    loaded = _modules("import tinykit")
    assert not loaded & HEAVY
    assert {name for name in loaded if name.startswith("tinykit.")} == set()


def test_a_function_brings_in_no_other_ones_parts() -> None:
    loaded = _modules("import tinykit; tinykit.inspect, tinykit.run, tinykit.compare, tinykit.emulate")
    assert not loaded & {"tensorflow", "rich", "click", "matplotlib", "ai_edge_litert", "serial"}
    assert "tinykit.lab" not in loaded


def test_each_parameter_and_result_is_typed() -> None:
    for name in PUBLIC - {"Compared", "Emulated", "Session"}:
        signature = introspection.signature(getattr(tinykit, name))
        assert signature.return_annotation is not signature.empty, name
        for parameter in signature.parameters.values():
            assert parameter.annotation is not parameter.empty, (name, parameter.name)


# What a command calls otherwise; what stays out of a call is what only a terminal has.
WORDS = {
    "convert": {"out", "image_scale", "image_mean", "label_column"},
    "build": set(),
    "run": {"config_path"},
    "emulate": {"powers"},
    "measure": {"short_asked", "dry_run", "config_path"},
    "compare": {"sweeps"},
}


@pytest.mark.parametrize("name", sorted(WORDS))
def test_what_the_command_takes_the_call_takes(name: str) -> None:
    command = cli.get_command(typing.cast(typing.Any, None), name)
    assert command is not None
    flags = {"json", "quiet", "debug", "help"}
    options = {str(one.name) for one in command.params} - flags - WORDS[name]
    assert options <= set(introspection.signature(getattr(tinykit, name)).parameters)


def test_compare_knows_every_part_of_its_job() -> None:
    parts = {field.name for field in dataclasses.fields(Job)} - {"sweeps"}
    assert parts <= set(introspection.signature(tinykit.compare).parameters)


def test_a_model_is_read_inspected_and_fitted(digits, checkout: Path) -> None:
    graph = tinykit.load_graph(str(digits.tflite))
    assert graph.main.operators[0].name == "CONV_2D"
    summary = tinykit.inspect(digits.tflite)
    assert summary.macs == 42_752
    _valid(summary.to_dict(), "inspect", checkout)
    assert tinykit.fit(digits.tflite, "virtual-m4").problem == ""
    with pytest.raises(InputError) as refused:
        tinykit.fit(digits.tflite, "virtual-m5")
    assert refused.value.code == "BOARD_UNKNOWN"
    with pytest.raises(ModelError):
        tinykit.load_graph(digits.keras)


def test_outputs_are_arrays_and_checked(digits, checkout: Path) -> None:
    report = tinykit.run(digits.tflite, "virtual-m4", inputs=digits.eval, limit=3, check=True)
    assert report.check.state == "equal"
    assert report.result.outputs[0].shape == (3, 10)
    assert report.result.outputs[0].dtype == np.int8


def test_a_connected_session_takes_arrays(digits) -> None:
    rows = np.zeros((2, 8, 8, 1), np.int8)
    with tinykit.connect(digits.tflite, "host") as session:
        assert session.device.inputs[0].shape == (1, 8, 8, 1)
        assert session.infer([rows]).outputs[0].shape == (2, 10)


def test_nothing_to_run_on_is_said(digits, tmp_path: Path) -> None:
    config = tmp_path / "tinykit.toml"
    config.write_text("")
    with pytest.raises(UsageError) as refused:
        tinykit.run(digits.tflite, config=config)
    assert refused.value.code == "NO_TARGET"


def test_a_bench_needs_one_thing_to_run(digits) -> None:
    with pytest.raises(UsageError, match="What shall the board run"), tinykit.emulate():
        pass
    with pytest.raises(UsageError, match="emulated meter"), tinykit.emulate(digits.tflite, seed=1):
        pass


def test_what_belongs_to_a_driven_board_is_refused_for_another(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--warmups"):
        tinykit.measure(None, "external", "ppk2", inferences=5, warmups=9, out=tmp_path / "s")
    with pytest.raises(UsageError, match="Which model"):
        tinykit.measure(None, "virtual-m4", "ppk2", out=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_comparison_gives_arrays_and_a_document(checkout: Path) -> None:
    one = tinykit.compare(edge="1.3 mJ", grid="FR", network="wifi,average", report_share=0.01, draws=1000)
    _valid(one.to_dict(), "comparison", checkout)
    assert one.draws("cloud").shape == one.draws("edge", "carbon_g").shape == (1000,)
    saving = one.difference().saving
    assert saving.low <= saving.nominal <= saving.high
    assert one.headline.startswith("Edge ")
    assert not one.files and not one.simulated
    with pytest.raises(UsageError) as refused:
        one.sweep_frame()
    assert refused.value.code == "NO_SWEEP"


def test_a_sweep_of_values_and_of_a_range(tmp_path: Path) -> None:
    sweep = {"grid.cloud": ["KR", "FR"], "report_share": "0.001:1:log:5"}
    one = tinykit.compare(edge="1.3 mJ", sweep=sweep, draws=100, plots=False, out=tmp_path)
    assert one.sweep is not None and one.sweep.points == 10
    assert {path.name for path in one.files} >= {
        "scenario.toml",
        "comparison.json",
        "ledger.csv",
        "sweep.csv",
    }
    again = tinykit.compare(tmp_path / "scenario.toml")
    assert again.difference().saving == one.difference().saving


def test_tables_are_pandas_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    one = tinykit.compare(edge="1.3 mJ", sweep={"grid.cloud": ["KR", "FR"]}, draws=100)
    ledger, sweep = one.ledger_frame(), one.sweep_frame()
    total = ledger[(ledger.policy == "edge") & (ledger.line == "total")].energy_j.item()
    assert math.isclose(total, one.result.policies["edge"].totals["energy_j"].outcome.nominal)
    assert list(sweep["grid.cloud"]) == ["KR", "FR"]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError) as refused:
        one.ledger_frame()
    assert refused.value.code == "NO_PANDAS"


def test_pandas_is_no_dependency_of_the_package() -> None:
    assert "pandas" not in _modules("import tinykit; tinykit.compare(edge='1.3 mJ', draws=100)")


@pytest.mark.slow
def test_from_a_float_model_to_a_decision(digits, checkout: Path, tmp_path: Path) -> None:
    model, session = tmp_path / "digits.tflite", tmp_path / "session"
    converted = tinykit.convert(
        digits.keras, model, calibration=digits.calibration, evaluation=digits.eval, max_drop=0.005
    )
    assert converted.passed
    built = tinykit.build(model, "virtual-m4", tmp_path / "firmware")
    assert built.image is not None and built.image.elf.is_file()
    ran = tinykit.run(built.image.elf, "virtual-m4")
    assert ran.result.simulated

    with tinykit.emulate(model, "virtual-m4", meter="ppk2", seed=7) as bench:
        assert Path(bench.board).is_symlink()
        measured = tinykit.measure(
            model,
            bench.board,
            bench.meter,
            voltage_v=3.0,
            inputs=digits.eval,
            windows=3,
            seconds=0.5,
            state_s=1.0,
            states=("idle", "sleep"),
            out=session,
        )
    assert not os.path.lexists(bench.board), "the bench is gone"
    assert measured.simulated and measured.headline is not None
    assert measured.headline.kind == "modelled"
    _valid(measured.to_dict(), "measure", checkout)

    stored = tinykit.Session.open(session)
    assert stored.headline == measured.headline
    analysis = stored.reanalyse()
    block = next(iter(analysis.trace.blocks(0, 1000)))
    assert block.values.dtype == np.float64 and len(block) == 1000

    compared = tinykit.compare(
        edge=session,
        cloud="shared:a10",
        network="wifi,average",
        grid=["KR", "FR"],
        supply="primary:li",
        report_share=0.01,
        draws=2000,
        out=tmp_path / "compared",
    )
    assert compared.simulated and "SIMULATED" in compared.headline
    assert compared.sweep is not None and compared.sweep.points == 2

    page = tmp_path / "report.html"
    written = tinykit.report([model.with_suffix(".json"), session, tmp_path / "compared"], page)
    assert written.path == page and written.size_bytes == page.stat().st_size
    assert "SIMULATED" in page.read_text(encoding="utf-8")
    assert len(written.to_dict()["answers"]) == 3
