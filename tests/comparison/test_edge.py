"""Where the edge's joules come from, what comes along with them, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sessions import SCRIPT, Script, record, session

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.edge import find_edge
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Scenario
from tinykit.errors import InputError, RecordingError
from tinykit.lab.analysis import analyse
from tinykit.lab.finish import finish
from tinykit.lab.recorder import FILES
from tinykit.lab.start import START, read_start


class WithSleep(Script):
    """The same, and a stretch asleep at its end."""

    def parts(self) -> Iterator[tuple[str, float, float, int]]:
        yield from super().parts()
        yield "sleep", self.idle_s, 3e-6, 1
        yield "", 2 * self.guard_s, self.idle_a, 0


def parameters(keys: Any) -> dict[str, Parameter]:
    scenario = Scenario(keys)
    return resolve(scenario, Catalog.load(), scenario.words())


def failed(folder: Path) -> Path:
    """A session whose outputs were not the reference's."""
    known = replace(record(folder), complete=True, outputs_equal=False)
    finish(folder, read_start(folder).facts, known, analyse(folder, known), [*FILES, START])
    return folder


def test_a_session_brings_its_budget_its_time_and_its_sleep(tmp_path: Path) -> None:
    session(tmp_path / "s", WithSleep())
    keys = find_edge(str(tmp_path / "s")).keys
    found = parameters(keys)
    joules, seconds, asleep = (
        found[key].estimate for key in ("edge.inference_j", "edge.inference_s", "device.sleep_w")
    )
    assert joules is not None and seconds is not None and asleep is not None
    assert joules.value == pytest.approx(SCRIPT.gross_j, rel=0.01)
    assert seconds.value == pytest.approx(SCRIPT.active_s / SCRIPT.inferences, rel=0.01)
    assert asleep.value == pytest.approx(3.0 * 3e-6, rel=0.05)
    # One meter's voltage is one draw: the same name in both.
    assert "ppk2#7.voltage" in joules.influences and "ppk2#7.voltage" in asleep.influences
    assert keys["edge.stamp"] == "SIMULATED"
    assert keys["edge.name"] == "virtual-m4"


def test_the_models_error_is_an_influence_of_its_own(tmp_path: Path) -> None:
    """+-20 % of power to either side, and what the cycle model of the core may be off."""
    session(tmp_path / "s")
    one = parameters(find_edge(str(tmp_path / "s")).keys)["edge.inference_j"].estimate
    assert one is not None
    power = one.influences["emulator.virtual-m4.active.power"]
    cycles = one.influences["emulator.virtual-m4.cycles"]
    assert power.distribution == cycles.distribution == "rectangular"
    assert power.u == pytest.approx(0.2 * one.value / math.sqrt(3.0))
    assert cycles.u == pytest.approx(0.1 * one.value / math.sqrt(3.0))
    assert one.kind == "modelled"


def test_a_failed_verdict_is_refused_and_its_code_opens_it(tmp_path: Path) -> None:
    folder = failed(tmp_path / "s")
    with pytest.raises(InputError, match="OUTPUTS") as refused:
        find_edge(str(folder))
    assert refused.value.code == "EDGE_VERDICT" and "--accept-verdict OUTPUTS" in refused.value.hint
    with pytest.raises(InputError, match="OUTPUTS"):
        find_edge(str(folder), ["LOSS"])
    keys = find_edge(str(folder), ["OUTPUTS"]).keys
    assert keys["edge.accepted"] == "OUTPUTS"
    assert parameters(keys)["edge.inference_j"].nominal == pytest.approx(SCRIPT.gross_j, rel=0.01)


def test_a_session_that_was_changed_is_refused(tmp_path: Path) -> None:
    session(tmp_path / "s")
    path = tmp_path / "s" / "energy.json"
    path.write_text(path.read_text().replace("0.000288", "0.000188"))
    with pytest.raises(RecordingError, match=r"energy\.json was changed"):
        find_edge(str(tmp_path / "s"))


def test_a_published_board_brings_its_accuracy_and_its_task() -> None:
    keys = find_edge("mlperf:v1.3/NUCLEO_L4R5ZI-P/kws").keys
    found = parameters(keys)
    assert found["edge.inference_j"].estimate is not None
    assert found["edge.inference_j"].estimate.kind == "published"
    assert found["edge.recall"].nominal == pytest.approx(0.902)
    assert (keys["edge.task"], keys.get("edge.stamp", "none")) == ("kws", "none")
    assert "not an official MLPerf result" in str(keys["edge.source"])


def test_a_figure_is_a_figure() -> None:
    assert parameters(find_edge("1.3 mJ").keys)["edge.inference_j"].nominal == pytest.approx(1.3e-3)
    assert parameters(find_edge("0.002").keys)["edge.inference_j"].nominal == pytest.approx(2e-3)


@pytest.mark.parametrize("text", ["nowhere", "", "mlperf:v1.3/NUCLEO_L4R5ZI-P", "-"])
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parameters(find_edge(text).keys)
