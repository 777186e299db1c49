"""A damaged line gives the right result or a named error: never a wrong one, never a hang."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running.line_faults import KINDS, Case, Fault, lengths, play, random_case

BASES = [Case(True, False, 12, 64, ()), Case(True, True, 12, 5, ()), Case(False, False, 12, 64, ())]


@pytest.mark.parametrize("base", BASES, ids=["ours", "ours, a stream", "strict"])
def test_a_sound_line_gives_the_result(base: Case) -> None:
    outcome = play(base)
    assert (outcome.code, outcome.damaged) == ("", False)
    assert outcome.virtual_s < 3


@st.composite
def cases(draw: st.DrawFn) -> Case:
    base = draw(st.sampled_from(BASES))
    to_board, back = lengths(base)
    faults = []
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.booleans())
        at = draw(st.integers(0, (to_board if way else back) - 1))
        faults.append(Fault(draw(st.sampled_from(KINDS)), way, at, draw(st.integers(1, 30))))
    return Case(base.extension, base.stateful, base.size, draw(st.sampled_from((1, 5, 64))), tuple(faults))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_damage_anywhere_gives_the_result_or_a_named_error(case: Case) -> None:
    play(case)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", BASES[::2], ids=["ours", "strict"])
def test_one_fault_at_points_all_along_an_exchange(base: Case, kind: str) -> None:
    to_board, back = lengths(base)
    recovered = 0
    for way, total in ((True, to_board), (False, back)):
        for at in range(3, total, max(1, total // 8)):
            outcome = play(Case(base.extension, base.stateful, base.size, 64, (Fault(kind, way, at, 3),)))
            recovered += outcome.code == ""
    assert recovered >= 12  # of 16 to 18: one fault is mostly retried, and the rest has a name


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_random_sessions(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(250):
        play(random_case(rng))
