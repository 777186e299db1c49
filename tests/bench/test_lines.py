"""Several pins of the emulated board at the meter's lines, and the true energy between their changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tinykit.bench.peripherals import Gpio
from tinykit.bench.power import PowerModel, PowerTimeline, TrueStretch
from tinykit.bench.rig import Rig
from tinykit.bench.rig_job import RigJob
from tinykit.boards import load_board
from tinykit.errors import BuildError, UsageError

HZ = 1e6
MODEL = PowerModel(0.04, 0.01, 0.001, 0.002)


def test_a_port_tells_of_all_its_pins_and_of_the_marker_apart() -> None:
    pins: list[int] = []
    edges: list[bool] = []
    gpio = Gpio(1, edges.append, pins.append)
    gpio.write(0x04, 0b111)  # driven, and enabled below
    gpio.write(0x10, 0b011)
    gpio.write(0x04, 0b110)
    gpio.write(0x04, 0b100)  # pin 2 is no output
    assert pins == [0b011, 0b010, 0]
    assert edges == [True, False]


def test_stretches_between_changes_add_up_to_what_was_drawn() -> None:
    found: list[TrueStretch] = []
    timeline = PowerTimeline(MODEL, HZ, lambda window: None, found.append)
    for cycle, code in ((1000, 1), (2000, 2), (5000, 3), (6000, 0)):
        timeline.lines(cycle, code)
    timeline.state(6500, "sleep")
    timeline.lines(7000, 2)
    # What a single marker does is no stretch: it is told as a window.
    assert [(one.start, one.end, one.lines) for one in found] == [
        (2000, 5000, 2),
        (5000, 6000, 3),
        (6000, 7000, 0),
    ]
    assert [one.energy_j for one in found] == pytest.approx([0.04 * 3e-3, 0.04 * 1e-3, 0.0205e-3])
    assert timeline.take_lines() == [(1000, 1), (2000, 2), (5000, 3), (6000, 0), (7000, 2)]
    timeline.supply(8000, on=False)
    assert timeline.take_lines() == [(8000, 0)]


def test_pins_behind_the_markers_are_the_meters_next_lines(tmp_path: Path) -> None:
    board = load_board("virtual-m4")
    job = RigJob("ppk2", f"pty:{tmp_path}/meter", 1, truth=str(tmp_path / "truth"), errors=())
    with Rig(job, board) as rig:
        rig.timeline.supply(0, on=True)
        step = board.clock_hz // 1000
        for at, levels in ((1, 0b010), (2, 0b110), (3, 0b101), (4, 0)):
            rig.pins(at * step, levels << board.marker.pin)
            rig.timeline.marker(at * step, bool(levels & 1))
        rig._edges += rig.timeline.take_edges()
        rig._codes += rig.timeline.take_lines()
        at = np.arange(0, 5 * step, step // 100)
        levels = rig._marker(at).levels
    assert [int(levels[k * 100 + 50]) for k in range(5)] == [0, 0b010, 0b110, 0b101, 0]
    told = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
    assert [one["lines"] for one in told if "stretch" in one] == [0b010, 0b110, 0b101]


@pytest.mark.slow
def test_an_example_is_built_for_the_boards_it_is_written_for(tmp_path: Path) -> None:
    from tinykit.toolchain.example import build_example, examples

    for name in examples():
        for board in ("virtual-m4", "virtual-m0"):
            assert build_example(name, load_board(board), tmp_path / name / board).stat().st_size > 1000


def test_another_example_or_board_is_refused(tmp_path: Path) -> None:
    from tinykit.toolchain.example import build_example

    with pytest.raises(UsageError) as caught:
        build_example("phase", load_board("virtual-m4"), tmp_path)
    assert caught.value.code == "EXAMPLE_UNKNOWN"
    assert "Did you mean phases?" in caught.value.hint
    with pytest.raises(BuildError) as refused:
        build_example("phases", load_board("nucleo-l4r5zi"), tmp_path)
    assert refused.value.code == "EXAMPLE_BOARD"
