"""Codes on several lines: any cut into blocks gives the same runs, and what a change shows is no phase."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import RecordingError
from tinykit.lab.codes import CodeReader, CodeRun, Glitches, read_codes, settle
from tinykit.lab.phase_map import PhaseMap
from tinykit.meters.trace import Block, Instrument, Supply, Trace, array_trace

RATE_HZ = 100_000.0
CODING = PhaseMap(((1, "a"), (2, "b"), (3, "c")), ("D0", "D1"), "a")


def block(codes: list[int], first: int = 0) -> Block:
    return Block(first, current_a=np.zeros(len(codes)), digital=np.array(codes, np.uint8))


def trace(*blocks: Block) -> Trace:
    instrument = Instrument("t", "t", "", "", "none")
    lines = tuple(f"D{i}" for i in range(8))
    return array_trace(RATE_HZ, instrument, Supply(3.0, "set", "t"), *blocks, digital_lines=lines)


def runs(*pairs: tuple[int, int]) -> list[CodeRun]:
    """(code, length) one after the other."""
    found, at = [], 0
    for code, length in pairs:
        found.append(CodeRun(code, at, at + length))
        at += length
    return found


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.lists(st.integers(1, 59), max_size=6, unique=True),
)
def test_any_cut_into_blocks_gives_the_same_runs(codes: list[int], cuts: list[int]) -> None:
    whole = CodeReader((0, 1))
    expected = whole.feed(block(codes)) + whole.finish()
    ends = [0, *sorted(cut for cut in cuts if cut < len(codes)), len(codes)]
    reader = CodeReader((0, 1))
    found = [run for a, b in itertools.pairwise(ends) for run in reader.feed(block(codes[a:b], a))]
    assert found + reader.finish() == expected
    assert [run.code for run in expected for _ in range(len(run))] == codes


def test_lines_become_bits_in_the_maps_order_and_may_be_inverted() -> None:
    reader = CodeReader((7, 2))
    assert [run.code for run in reader.feed(block([0x80, 0x04, 0x84, 0])) + reader.finish()] == [1, 2, 3, 0]
    reader = CodeReader((0, 1), is_active_high=False)
    assert [run.code for run in reader.feed(block([0, 3])) + reader.finish()] == [3, 0]


def test_lost_samples_widen_the_edge_that_may_lie_in_them() -> None:
    reader = CodeReader((0, 1))
    found = reader.feed(block([1] * 10)) + reader.feed(block([2] * 10, 14)) + reader.finish()
    assert found == [CodeRun(1, 0, 10), CodeRun(2, 10, 24, 4)]
    same = CodeReader((0, 1))
    assert same.feed(block([1] * 10)) + same.feed(block([1] * 10, 14)) + same.finish() == [CodeRun(1, 0, 24)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12)), min_size=1, max_size=30))
def test_settling_loses_no_sample_and_leaves_no_short_run_inside(pairs: list[tuple[int, int]]) -> None:
    given_runs = runs(*pairs)
    kept, glitches = settle(given_runs, 5)
    if not kept:
        assert all(length < 5 for _, length in pairs)
        return
    assert kept[-1].stop == given_runs[-1].stop
    assert all(a.stop == b.start and a.code != b.code for a, b in itertools.pairwise(kept))
    assert all(len(run) >= 5 for run in kept)
    assert glitches.samples == sum(length for _, length in pairs if length < 5)


@pytest.mark.parametrize(
    ("pairs", "codes", "kind"),
    [
        (((1, 50), (3, 2), (2, 50)), [(1, 0), (2, 50)], "skew"),  # D1 rises before D0 falls
        (((1, 50), (0, 3), (2, 50)), [(1, 0), (2, 50)], "skew"),
        (((0, 50), (1, 1), (3, 2), (3, 50)), [(0, 0), (3, 50)], "skew"),
        (((1, 50), (0, 2), (1, 50)), [(1, 0)], "spike"),
        (((1, 50), (2, 3), (0, 50)), [(1, 0), (0, 50)], "short"),  # D1 has nothing to do with 1 -> 0
    ],
)
def test_what_a_change_shows_belongs_to_what_follows(pairs, codes, kind) -> None:
    kept, glitches = settle(runs(*pairs), 5)
    assert [(run.code, run.start) for run in kept] == codes
    assert glitches.count(kind) == 1
    assert len(glitches.counts) == 1


def test_a_line_that_the_meter_has_not_is_refused() -> None:
    with pytest.raises(RecordingError) as caught:
        read_codes(trace(block([0, 1])), PhaseMap(((1, "a"),), ("D9",), "a"))
    assert caught.value.code == "MARKER_LINE"
    assert "D0, D1" in caught.value.hint


def test_the_whole_way_from_a_trace() -> None:
    found, glitches = read_codes(trace(block([1] * 20 + [0] * 3 + [2] * 20)), CODING)
    assert found == (CodeRun(1, 0, 20), CodeRun(2, 20, 43))
    assert glitches == Glitches((("skew", 1),), 3)
