"""A picture is there, shows what it says, and carries the stamp."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sessions import Script, session

from tinykit.bench.meters.ppk2 import Ppk2Faults
from tinykit.errors import OutputError, RecordingError, UsageError
from tinykit.reporting.session_plot import View, plot_session

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "one"
    session(folder, Script(windows=2), faults=Ppk2Faults(losses=((25_900, 20),)))
    return folder


def texts(path: Path) -> str:
    """What an SVG says: matplotlib keeps each text as a comment beside its outlines."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8")))


def test_all_three_sizes_with_names_and_the_stamp(made: Path, tmp_path: Path) -> None:
    drawn = plot_session(made, tmp_path / "x.svg")
    assert len(drawn.panels) == 3
    assert drawn.simulated
    said = texts(drawn.path)
    assert said.count("SIMULATED") == 4
    for word in ("inferences", "idle", "lost samples", "power in mW", "m.tflite", "Window 1: 10 inferences"):
        assert word in said, word


@pytest.mark.parametrize(
    ("view", "panel"),
    [
        (View(window=2), "Window 2"),
        (View(window=2, inference=True), "first inference"),
        (View(from_s=0.1, to_s=0.1004), ""),
    ],
)
def test_one_size_alone(made: Path, tmp_path: Path, view: View, panel: str) -> None:
    drawn = plot_session(made, tmp_path / "x.png", view)
    assert len(drawn.panels) == 1
    assert panel in drawn.panels[0]
    assert drawn.path.read_bytes().startswith(b"\x89PNG")


def test_what_is_not_there_is_not_drawn(made: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as window:
        plot_session(made, tmp_path / "x.png", View(window=3))
    assert window.value.code == "PLOT_WINDOW"
    with pytest.raises(RecordingError) as stretch:
        plot_session(made, tmp_path / "x.png", View(from_s=5.0, to_s=6.0))
    assert stretch.value.code == "PLOT_EMPTY"
    with pytest.raises(UsageError):
        plot_session(made, tmp_path / "x.doc")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        plot_session(made, tmp_path / "file" / "x.png")
