"""Where values lie: in place where a kernel allows it, never over something that is still needed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compiler.writer import Writer

from tinykit.compiler.arrange import Arrangement, arrange
from tinykit.compiler.build import compile_graph
from tinykit.compiler.kernel import Lowered
from tinykit.compiler.lower import lower
from tinykit.compiler.program import Program
from tinykit.compiler.registry import find_kernels
from tinykit.compiler.select import Choice
from tinykit.graph.reader import parse_model, read_model


def chain(n: int = 3, *, keep: int | None = None) -> Program:
    """``n`` average pools of one element, one behind the other; ``keep`` makes that value an output too."""
    w = Writer()
    values = [w.tensor([1, 4, 4, 2], scale=0.5) for _ in range(n + 1)]
    for a, b in itertools.pairwise(values):
        w.op("AVERAGE_POOL_2D", [a], [b], strideH=1, strideW=1, filterHeight=1, filterWidth=1)
    outputs = [values[-1], *([values[keep]] if keep is not None else [])]
    return lower(parse_model(w.finish(values[:1], outputs)))


def arranged(program: Program, lowered: Lowered) -> Arrangement:
    choices = tuple(Choice(layer, find_kernels()[0], lowered, 1) for layer in program.layers)
    return arrange(program, choices)


def test_in_place_all_values_share_one_place():
    made = arranged(chain(), Lowered("", overlap=(True,)))
    assert made.arena_bytes == 32
    assert set(made.offsets.values()) == {0}


def test_without_leave_input_and_output_of_a_layer_are_apart():
    program = chain()
    made = arranged(program, Lowered("", overlap=(False,)))
    assert made.arena_bytes == 64
    for layer in program.layers:
        assert made.offsets[layer.inputs[0]] != made.offsets[layer.outputs[0]]


def test_what_is_needed_later_is_not_overwritten():
    program = chain(keep=1)
    made = arranged(program, Lowered("", overlap=(True,)))
    kept = program.outputs[1]
    assert made.arena_bytes == 64
    assert all(made.offsets[layer.outputs[0]] != made.offsets[kept] for layer in program.layers[1:])


def test_scratch_lives_for_one_layer():
    program = chain()
    plain = arranged(program, Lowered("", overlap=(False,)))
    with_scratch = arranged(program, Lowered("", overlap=(False,), scratch_bytes=100))
    assert with_scratch.activation_bytes == plain.arena_bytes
    # 100 bytes start at a multiple of 16; three layers use the same ones.
    assert with_scratch.arena_bytes == 64 + 112
    assert all(at % 16 == 0 for at in with_scratch.scratch.values())


def test_the_same_value_twice_needs_leave_twice():
    w = Writer()
    x, y = w.tensor([1, 8], scale=0.5), w.tensor([1, 8], scale=0.5)
    w.op("ADD", [x, x], [y])
    program = lower(parse_model(w.finish([x], [y])))
    assert arranged(program, Lowered("", overlap=(True, False))).arena_bytes == 32
    assert arranged(program, Lowered("", overlap=(True, True))).arena_bytes == 16


def test_a_resnet_block_needs_two_tensors_not_three(reference_models: Path):
    made = compile_graph(read_model(reference_models / "pretrainedResnet_quant.tflite"))
    assert made.arrangement.activation_bytes == 32 * 1024


def test_state_and_constants_are_not_in_the_arena():
    w = Writer()
    x, y = w.tensor([1, 4], scale=0.5), w.tensor([1, 4], scale=0.5)
    row = w.tensor([1, 4], scale=0.5, data=np.ones((1, 4)))
    w.op("ADD", [x, row], [y])
    program = lower(parse_model(w.finish([x], [y])))
    made = arranged(program, Lowered("", overlap=(False, False)))
    constant = next(v.id for v in program.values if v.data is not None)
    assert constant not in made.offsets


def test_views_lie_where_their_source_lies():
    w = Writer()
    x, flat, y = (w.tensor(shape, scale=0.5) for shape in ([1, 2, 4], [8], [8]))
    w.op("RESHAPE", [x, w.constant([8])], [flat])
    w.op("RELU", [flat], [y])
    program = lower(parse_model(w.finish([x], [y])))
    made = arranged(program, Lowered("", overlap=(False,)))
    assert made.offsets[program.layers[0].inputs[0]] == made.offsets[program.inputs[0]]


@pytest.mark.parametrize("overlap", [(), (False,)])
def test_a_kernel_that_says_nothing_gets_no_overlap(overlap):
    made = arranged(chain(1), replace(Lowered(""), overlap=overlap))
    assert made.arena_bytes == 64


def test_the_layer_that_hurts_is_the_one_with_most_alive():
    w = Writer()
    sizes = [(1, 2, 2, 1), (1, 8, 8, 4), (1, 2, 2, 1)]
    a, b, c = (w.tensor(shape, scale=0.5) for shape in sizes)
    paddings = w.constant([[0, 0], [3, 3], [3, 3], [0, 3]])
    w.op("PAD", [a, paddings], [b])
    bounds = [w.constant(v) for v in ([0, 0, 0, 0], [1, 8, 8, 1], [1, 4, 4, 1])]
    w.op("STRIDED_SLICE", [b, *bounds], [c])
    made = arranged(lower(parse_model(w.finish([a], [c]))), Lowered("", overlap=(False,)))
    assert [made.alive_bytes(k) for k in range(3)] == [256 + 4, 256 + 4, 4]
