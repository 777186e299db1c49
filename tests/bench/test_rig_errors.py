"""What an emulated rig declares, and what it draws: the one is told, the other never leaves its process."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest

from tinykit.bench.mishaps import Mishaps
from tinykit.bench.rig_errors import declare, draw_ppk2, draw_rig, draw_shield
from tinykit.bench.rig_job import ERRORS, METERS, USUAL_ERRORS, RigJob
from tinykit.bench.serve_job import ServeJob
from tinykit.boards import load_board
from tinykit.cli.emulated_rig import description
from tinykit.lab.calibration import parse_calibration

SEEDS = range(40)


@pytest.mark.parametrize("meter", METERS)
def test_what_is_drawn_lies_inside_of_what_is_declared(meter: str) -> None:
    known = parse_calibration(declare(meter, ERRORS))
    assert known.is_bound
    for seed in SEEDS:
        rig = draw_rig(ERRORS, seed)
        drawn = draw_ppk2(ERRORS, seed) if meter == "ppk2" else draw_shield(ERRORS, seed)
        gains = drawn.gain if isinstance(drawn.gain, tuple) else (drawn.gain,)
        found = {
            **{("gain", r): gain - 1 for r, gain in enumerate(gains)},
            ("voltage", None): drawn.voltage_gain - 1,
            ("timebase", None): drawn.clock_ppm * 1e-6,
            ("skew", None): rig.skew_s,
            ("temperature", None): rig.drift,
        }
        for (quantity, range_), value in found.items():
            term = known.find(quantity, range_)
            assert term is not None
            assert 0 < abs(value) <= term.width, (quantity, range_)


@pytest.mark.parametrize("meter", METERS)
def test_an_error_that_is_off_is_declared_as_none(meter: str) -> None:
    known = parse_calibration(declare(meter, ()))
    assert {term.width for term in known.terms} == {0.0}
    assert draw_rig((), 7) == draw_rig((), 8)
    assert draw_rig(USUAL_ERRORS, 7) != draw_rig(USUAL_ERRORS, 8)


@pytest.mark.parametrize("meter", METERS)
def test_the_file_beside_the_ports_tells_distributions_only(meter: str, checkout, tmp_path) -> None:
    schema = json.loads((checkout / "tinykit/data/schemas/emulator.v1.schema.json").read_text())
    board = load_board("virtual-m4")
    foreign = tmp_path / "firmware.elf"
    foreign.write_bytes(b"not an image of ours")
    told = [description(RigJob(meter, "", seed), board, "fast", foreign) for seed in (1, 2)]
    jsonschema.validate(told[0], schema)
    units = [one["calibration"].pop("instrument") for one in told]
    assert units[0] != units[1], "two units with other errors must not pass for one"
    assert told[0] == told[1], "the seed shows"
    assert told[0]["baud"] == board.uart.energy_baud
    assert told[0]["hashes"] == [], "an image of others announces none"


def test_a_job_crosses_the_border() -> None:
    rig = RigJob("lpm01a", "pty:x", 3, powers_w=(("active", 0.1),), errors=("gain",), faults=("lost-64",))
    job = ServeJob("a", "b", "c", "fast", rig=rig)
    assert ServeJob.from_json(job.to_json()) == job
    assert ServeJob.from_json(ServeJob("a", "b", "c").to_json()).rig is None


def test_markers_that_come_late_or_twice() -> None:
    edges = [(0, True), (1_000_000, False)]
    assert Mishaps((), 1e6).edges(edges) == edges
    assert Mishaps(("late-marker",), 1e6).edges(edges) == [(20_000, True), (1_000_000, False)]
    twice = Mishaps(("double-marker",), 1e6).edges(edges)
    assert [high for _, high in twice] == [True, False, True, False]
    assert math.isclose(twice[2][0], 1_002_000)
    short = [(0, True), (100_000, False)]
    assert Mishaps(("double-marker",), 1e6).edges(short) == short, "a rig check's pulse is left alone"
