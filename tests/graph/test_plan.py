"""The planner against an exhaustive search that knows nothing of it, and against the lower bound."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import lines_run

from tinykit.errors import ModelError, TinykitError
from tinykit.graph.plan import DEFAULT_ALIGN, EXACT_REQUESTS, Plan, Request, make_plan, verify


def smallest(requests: list[Request]) -> int:
    """The optimum: every order, each request at the lowest place that the earlier ones leave.

    One of the orders is that of an optimal plan's offsets, and this pushes no request above its place there.
    """
    best = sum(r.size_bytes + r.align for r in requests)
    for order in permutations(requests):
        placed: list[tuple[Request, int]] = []
        for r in order:
            others = [(o, at) for o, at in placed if o.first <= r.last and r.first <= o.last]
            at = 0
            while any(at < o_at + o.size_bytes and o_at < at + r.size_bytes for o, o_at in others):
                at += r.align
            placed.append((r, at))
        best = min(best, max((at + o.size_bytes for o, at in placed), default=0))
    return best


@st.composite
def requests(draw: st.DrawFn, most: int, aligns: tuple[int, ...] = (16,), steps: int = 8) -> list[Request]:
    result = []
    for i in range(draw(st.integers(0, most))):
        first = draw(st.integers(0, steps))
        last = draw(st.integers(first, steps))
        size = draw(st.integers(0, 12)) * 8
        result.append(Request(f"r{i}", size, first, last, draw(st.sampled_from(aligns))))
    return result


@settings(max_examples=150, deadline=None)
@given(requests(5))
def test_small_plans_are_optimal(wanted: list[Request]) -> None:
    plan = make_plan(wanted)
    verify(plan)
    # The arena is a whole number of alignments; the search above counts to the last byte.
    assert plan.size_bytes == -(-smallest(wanted) // 16) * 16
    assert plan.is_optimal


@settings(max_examples=100, deadline=None)
@given(requests(5, aligns=(4, 8, 16)))
def test_small_plans_with_mixed_alignments_are_optimal(wanted: list[Request]) -> None:
    plan = make_plan(wanted)
    verify(plan)
    unit = min((r.align for r in wanted if r.size_bytes), default=1)
    assert plan.size_bytes == -(-smallest(wanted) // unit) * unit


@pytest.mark.parametrize(
    "shapes",
    [
        # The optimum is above the lower bound: only an exhausted search can know that it is one.
        [(4, 6, 6), (6, 4, 6), (3, 2, 5), (2, 2, 3), (3, 3, 5), (6, 1, 1), (6, 1, 2)],
        # One of 757,000 random cases in which the greedy searches miss the optimum.
        [(3, 1, 3), (5, 2, 4), (6, 0, 2), (2, 3, 4), (5, 4, 6), (3, 1, 1), (4, 0, 0)],
    ],
)
def test_seven_requests_are_searched_completely(shapes: list[tuple[int, int, int]]) -> None:
    wanted = [Request(f"r{i}", size * 16, first, last) for i, (size, first, last) in enumerate(shapes)]
    assert len(wanted) == EXACT_REQUESTS
    plan = make_plan(wanted)
    verify(plan)
    assert plan.size_bytes == smallest(wanted)
    assert plan.is_optimal


@settings(max_examples=20, deadline=None)
@given(requests(40, aligns=(1, 4, 16, 64), steps=20))
def test_every_plan_is_sound_and_repeatable(wanted: list[Request]) -> None:
    plan = make_plan(wanted)
    verify(plan)
    assert plan.lower_bound_bytes <= plan.size_bytes
    live = [sum(r.size_bytes for r in wanted if r.first <= t <= r.last) for t in range(21)]
    assert plan.lower_bound_bytes >= max(live)
    assert make_plan(wanted) == plan


def test_hundreds_of_requests_are_planned_with_little_work_and_close_to_the_bound() -> None:
    state = 12345
    wanted = []
    for i in range(300):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        first, life, size = state % 300, (state >> 9) % 25, (state >> 14) % 40 + 1
        wanted.append(Request(f"r{i}", size * 16, first, min(299, first + life)))
    assert lines_run(lambda: make_plan(wanted)) < 1_000_000
    plan = make_plan(wanted)
    verify(plan)
    assert plan.size_bytes <= 1.05 * plan.lower_bound_bytes


def test_thousands_alive_together_are_refused_before_any_pair_is_looked_at() -> None:
    wanted = [Request(f"r{i}", 1, 0, 1) for i in range(20_000)]

    def refused() -> None:
        with pytest.raises(ModelError) as caught:
            make_plan(wanted)
        assert caught.value.code == "PLAN_TOO_LARGE"

    assert lines_run(refused) < 50 * len(wanted)


def test_a_chain_of_layers_needs_its_two_largest_neighbours() -> None:
    sizes = [490, 8000, 8000, 4096, 512, 64]
    wanted = [Request(f"t{i}", size, max(0, i - 1), i) for i, size in enumerate(sizes)]
    plan = make_plan(wanted)
    assert plan.size_bytes == plan.lower_bound_bytes == 16_000
    assert plan.is_optimal


def test_equal_lives_stack_and_disjoint_ones_share() -> None:
    together = make_plan([Request("a", 16, 3, 5), Request("b", 16, 3, 5), Request("c", 16, 3, 5)])
    assert sorted(together.offsets) == [0, 16, 32]
    apart = make_plan([Request("a", 16, 0, 0), Request("b", 16, 1, 1), Request("c", 16, 2, 2)])
    assert apart.offsets == (0, 0, 0)


def test_empty_requests_take_no_room() -> None:
    plan = make_plan([Request("nothing", 0, 0, 9), Request("a", 5, 0, 9), Request("b", 5, 0, 9, align=1)])
    assert plan.offsets[0] == 0
    assert plan.size_bytes == 10
    assert make_plan([]).size_bytes == 0
    assert make_plan([Request("nothing", 0, 0, 9)]).is_optimal


def test_sizes_are_rounded_up_to_the_alignment() -> None:
    plan = make_plan([Request("a", 1, 0, 1), Request("b", 17, 0, 1)])
    assert DEFAULT_ALIGN == 16
    assert plan.size_bytes == plan.lower_bound_bytes == 48
    assert all(offset % 16 == 0 for offset in plan.offsets)


@pytest.mark.parametrize(
    ("size_bytes", "first", "last", "align"), [(-1, 0, 0, 16), (1, 2, 1, 16), (1, 0, 0, 0), (1, 0, 0, 12)]
)
def test_a_senseless_request_is_refused(size_bytes: int, first: int, last: int, align: int) -> None:
    with pytest.raises(ValueError, match=r"request of|alignment"):
        Request("r", size_bytes, first, last, align)


def sound() -> Plan:
    return make_plan([Request("a", 32, 0, 1), Request("b", 32, 1, 2)])


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (replace(sound(), offsets=(0, 16)), "b overlaps a"),
        (replace(sound(), offsets=(0, 40)), "not aligned"),
        (replace(sound(), offsets=(0, 48)), "ends at 80 of 64"),
        (replace(sound(), offsets=(-32, 0)), "starts at -32"),
        (replace(sound(), size_bytes=64, lower_bound_bytes=80), "below the lower bound"),
    ],
)
def test_the_verifier_finds_each_fault(spoilt: Plan, says: str) -> None:
    verify(sound())
    with pytest.raises(TinykitError, match=says) as refused:
        verify(spoilt)
    assert refused.value.code == "PLAN_UNSOUND"
