"""Traces: blocks in order, cut where asked, gaps never hidden."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.meters import Block, Gap, Instrument, Supply, array_trace

INSTRUMENT = Instrument("test", "a model", "7", "1.0", "none")
SUPPLY = Supply(3.0, "assumed", "a test")


def block(first, values, **more):
    return Block(first, current_a=np.asarray(values, np.float64), **more)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1),
    st.integers(-5, 60),
    st.integers(-5, 60),
)
def test_any_stretch_of_a_trace_is_that_stretch(parts, start, stop):
    blocks, at = [], 0
    for hole, size in parts:
        at += hole
        blocks.append(block(at, np.arange(at, at + size), digital=np.arange(at, at + size).astype(np.uint8)))
        at += size
    trace = array_trace(1000.0, INSTRUMENT, SUPPLY, *blocks)
    got = list(trace.blocks(start, stop))
    there = [i for b in blocks for i in range(b.first_index, b.end_index) if start <= i < stop]
    assert [int(v) for b in got for v in b.values] == there
    assert [int(v) for b in got for v in b.digital] == there
    assert [i for b in got for i in range(b.first_index, b.end_index)] == there
    assert trace.length == at
    assert trace.lost == sum(hole for hole, _ in parts[1:])


def test_known_gaps_keep_their_reason():
    trace = array_trace(
        10.0, INSTRUMENT, SUPPLY, block(0, [1, 2]), block(5, [3]), gaps=(Gap(2, 3, "unplugged"),)
    )
    assert trace.gaps == (Gap(2, 3, "unplugged"),)
    assert trace.duration_s == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ((block(0, [1, 2]), block(1, [3])), "begins before"),
        ((), "needs a block"),
        ((block(0, [1]), Block(1, power_w=np.ones(1))), "one quantity"),
        ((Block(0, power_w=np.ones(1), energy_j=np.ones(1)),), "one of current"),
        ((Block(0),), "one of current"),
    ],
)
def test_blocks_that_make_no_trace_are_refused(blocks, message):
    with pytest.raises(ValueError, match=message):
        array_trace(10.0, INSTRUMENT, SUPPLY, *blocks)


def test_what_json_gets():
    trace = array_trace(
        10.0, INSTRUMENT, SUPPLY, Block(0, energy_j=np.ones(4)), block_b := Block(7, energy_j=np.ones(1))
    )
    data = json.loads(json.dumps(trace.to_dict()))
    assert data["quantity"] == "energy"
    assert data["supply"] == {"voltage_v": 3.0, "kind": "assumed", "source": "a test", "rail": ""}
    assert data["gaps"] == [{"first_index": 4, "count": 3, "reason": "not in the data"}]
    assert block_b.values.sum() == 1
