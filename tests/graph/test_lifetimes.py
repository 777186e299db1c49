"""What shares memory with what, on graphs small enough to judge by eye, and on real ones by simulation."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph.building import Builder
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.errors import ModelError
from tinykit.graph.lifetimes import plan_memory
from tinykit.graph.model import Subgraph
from tinykit.graph.plan import Request, verify
from tinykit.graph.reader import read_model


def chain(*names: str, shape: tuple[int, ...] = (1, 64)) -> tuple[Builder, list[int]]:
    """``names`` one after the other; tensor 0 goes in, the last one comes out."""
    b = Builder()
    tensors = [b.tensor(*shape)]
    for name in names:
        tensors.append(b.tensor(*shape))
        b.op(name, [tensors[-2]], [tensors[-1]])
    return b, tensors


def share(subgraph: Subgraph, one: int, other: int, *, reuse_inputs: bool = True) -> bool:
    """Whether both tensors are in one buffer of a sound plan."""
    plan = plan_memory(subgraph, reuse_inputs=reuse_inputs)
    verify(plan.plan)
    first, second = plan.buffer_of(one), plan.buffer_of(other)
    assert first is not None
    assert second is not None
    return first == second


def test_lifetimes_run_from_writer_to_last_reader() -> None:
    b, (x, _, z) = chain("SOFTMAX", "SOFTMAX")
    plan = plan_memory(b.subgraph([x], [z]))
    lives = [(buffer.role, buffer.first, buffer.last) for buffer in plan.buffers]
    # The output is read after operator 1, the last.
    assert lives == [("input", 0, 0), ("activation", 0, 1), ("output", 1, 2)]
    assert plan.plan.size_bytes == 128


@pytest.mark.parametrize("name", ["RESHAPE", "SQUEEZE", "EXPAND_DIMS"])
def test_views_share_even_if_the_source_is_read_again(name: str) -> None:
    b = Builder()
    x, source, view, a, out = (b.tensor(1, 64) for _ in range(5))
    b.op("SOFTMAX", [x], [source])
    b.op(name, [source, b.constant(1, dtype="int32")], [view])
    b.op("SOFTMAX", [view], [a])
    b.op("ADD", [a, source], [out])
    subgraph = b.subgraph([x], [out])
    assert share(subgraph, source, view)
    buffer = plan_memory(subgraph).buffer_of(view)
    assert buffer is not None
    assert (buffer.first, buffer.last) == (0, 3)  # from the writer of the source to the last reader of either


@pytest.mark.parametrize("name", ["RELU", "RELU6", "LOGISTIC", "TANH", "HARD_SWISH", "QUANTIZE"])
def test_elementwise_results_replace_a_dying_operand(name: str) -> None:
    b, (x, y, z, out) = chain("SOFTMAX", name, "SOFTMAX")
    assert share(b.subgraph([x], [out]), y, z)


@pytest.mark.parametrize("name", ["SOFTMAX", "CONV_2D", "AVERAGE_POOL_2D", "CUSTOM", "TRANSPOSE"])
def test_other_operators_never_write_over_what_they_read(name: str) -> None:
    b, (x, y, z, out) = chain("SOFTMAX", name, "SOFTMAX")
    assert not share(b.subgraph([x], [out]), y, z)


def test_requantizing_to_the_same_width_is_in_place_and_to_another_is_not() -> None:
    b = Builder()
    x, narrow, wide = b.tensor(8), b.tensor(8, dtype="uint8"), b.tensor(8, dtype="int16")
    b.op("QUANTIZE", [x], [narrow])
    b.op("QUANTIZE", [narrow], [wide])
    subgraph = b.subgraph([x], [wide])
    assert share(subgraph, x, narrow)
    assert not share(subgraph, narrow, wide)


def test_add_replaces_whichever_operand_dies() -> None:
    b = Builder()
    x, kept, dying, added, out = (b.tensor(1, 64) for _ in range(5))
    b.op("SOFTMAX", [x], [kept])
    b.op("SOFTMAX", [kept], [dying])
    b.op("ADD", [kept, dying], [added])
    b.op("MUL", [added, kept], [out])
    subgraph = b.subgraph([x], [out])
    assert share(subgraph, dying, added)
    assert not share(subgraph, kept, added)


def test_a_broadcast_operand_is_not_replaced() -> None:
    b = Builder()
    x, column, row, out = b.tensor(4, 1), b.tensor(4, 1), b.tensor(1, 4), b.tensor(4, 4)
    b.op("SOFTMAX", [x], [column])
    b.op("SOFTMAX", [x], [row])
    b.op("ADD", [column, row], [out])
    subgraph = b.subgraph([x], [out])
    assert not share(subgraph, column, out)
    assert not share(subgraph, row, out)


def test_a_broadcast_operand_that_fills_the_same_packed_byte_is_not_replaced() -> None:
    b = Builder()
    x, one, two, out = (b.tensor(n, dtype="int4") for n in (1, 1, 2, 2))
    b.op("SOFTMAX", [x], [one])
    b.op("SOFTMAX", [x], [two])
    b.op("ADD", [one, two], [out])
    subgraph = b.subgraph([x], [out])
    assert not share(subgraph, one, out)
    assert share(subgraph, two, out)


def test_a_view_of_state_is_a_copy() -> None:
    b = Builder()
    state, view, out = b.tensor(1, 8, variable=True), b.tensor(8), b.tensor(8)
    b.op("RESHAPE", [state, b.constant(1, dtype="int32")], [view])
    b.op("SOFTMAX", [view], [out])
    assert not share(b.subgraph([], [out]), state, view)


def test_constants_outputs_and_variables_are_never_overwritten() -> None:
    b = Builder()
    x, shown, after, state = b.tensor(64), b.tensor(64), b.tensor(64), b.tensor(64, variable=True)
    fixed, from_state = b.tensor(64), b.tensor(64)
    b.op("SOFTMAX", [x], [shown])
    b.op("RELU", [shown], [after])
    b.op("RELU", [b.constant(64)], [fixed])
    b.op("RELU", [state], [from_state])
    subgraph = b.subgraph([x], [shown, after, fixed, from_state])
    assert not share(subgraph, shown, after)
    assert not share(subgraph, state, from_state)
    plan = plan_memory(subgraph)
    assert plan.buffer_of(4) is not None
    constant = subgraph.operators[2].inputs[0]
    assert plan.buffer_of(constant) is None
    assert plan.offset_of(constant) is None


def test_an_output_survives_the_last_operator() -> None:
    # The operand is an output and dies, as far as operators go, at the very operator that could replace it.
    b, (x, y, z) = chain("SOFTMAX", "RELU")
    assert not share(b.subgraph([x], [y, z]), y, z)


def test_inputs_may_be_overwritten_unless_the_caller_keeps_them() -> None:
    b, (x, y, z) = chain("RELU", "SOFTMAX")
    subgraph = b.subgraph([x], [z])
    assert share(subgraph, x, y)
    assert not share(subgraph, x, y, reuse_inputs=False)
    kept = plan_memory(subgraph, reuse_inputs=False).buffer_of(x)
    assert kept is not None
    assert kept.last == 2


def test_variable_tensors_live_always() -> None:
    b = Builder()
    x, state, out = b.tensor(1, 8), b.tensor(1, 40, variable=True), b.tensor(1, 8)
    b.op("SOFTMAX", [x], [y := b.tensor(1, 8)])
    b.op("SVDF", [y, b.constant(8, 8), b.constant(8, 5), -1, state], [out])
    plan = plan_memory(b.subgraph([x], [out]))
    buffer = plan.buffer_of(state)
    assert buffer is not None
    assert (buffer.role, buffer.first, buffer.last, buffer.size_bytes) == ("state", 0, 2, 40)


def streaming(*, assign_before_use: bool) -> tuple[Subgraph, int, int]:
    """A variable is read, joined with the input, and assigned: before or after the joining."""
    b = Builder()
    x, handle = b.tensor(1, 32), b.tensor(dtype="resource")
    old, joined, out = b.tensor(1, 32), b.tensor(1, 64), b.tensor(1, 64)
    b.op("VAR_HANDLE", [], [handle], {"container": "", "shared_name": "stream/states"})
    b.op("READ_VARIABLE", [handle], [old])
    if assign_before_use:
        b.op("ASSIGN_VARIABLE", [handle, x], [])
    b.op("CONCATENATION", [old, x], [joined])
    if not assign_before_use:
        b.op("ASSIGN_VARIABLE", [handle, x], [])
    b.op("SOFTMAX", [joined], [out])
    return b.subgraph([x], [out]), old, len(b.operators)


def test_a_resource_variable_is_read_without_a_copy() -> None:
    subgraph, old, end = streaming(assign_before_use=False)
    plan = plan_memory(subgraph)
    verify(plan.plan)
    buffer = plan.buffer_of(old)
    assert buffer is not None
    assert (buffer.name, buffer.role, buffer.first, buffer.last) == ("stream/states", "state", 0, end)


def test_it_is_copied_if_it_is_assigned_before_the_last_reader() -> None:
    subgraph, old, _ = streaming(assign_before_use=True)
    plan = plan_memory(subgraph)
    states = [b for b in plan.buffers if b.role == "state"]
    assert [b.name for b in states] == ["stream/states"]
    assert plan.buffer_of(old) not in states


def test_a_variable_of_two_sizes_is_refused() -> None:
    b = Builder()
    handle, small, large = b.tensor(dtype="resource"), b.tensor(4), b.tensor(8)
    b.op("VAR_HANDLE", [], [handle], {"shared_name": "v"})
    b.op("READ_VARIABLE", [handle], [small])
    b.op("ASSIGN_VARIABLE", [handle, large], [])
    with pytest.raises(ModelError) as refused:
        plan_memory(b.subgraph([large], [small]))
    assert refused.value.code == "VARIABLE_SIZE"


def test_scratch_is_planned_beside_the_tensors() -> None:
    b, (x, _, z) = chain("SOFTMAX", "SOFTMAX")
    subgraph = b.subgraph([x], [z])
    plan = plan_memory(subgraph, scratch=[Request("im2col", 1000, 1, 1)])
    verify(plan.plan)
    assert plan.plan.requests[len(plan.buffers)].name == "im2col"
    assert plan.plan.size_bytes == 64 + 64 + 1008


def test_unused_and_doubly_named_inputs_and_passed_through_outputs_have_one_place() -> None:
    b = Builder()
    x, unused = b.tensor(64), b.tensor(64)
    plan = plan_memory(b.subgraph([x, x, unused], [x]))
    assert len(plan.buffers) == 2
    assert plan.plan.size_bytes == 128


OPERATORS = ("RELU", "ADD", "MUL", "RESHAPE", "SOFTMAX", "QUANTIZE", "CONCATENATION")


@st.composite
def networks(draw: st.DrawFn) -> Subgraph:
    b = Builder()
    values = [b.tensor(draw(st.integers(1, 3)) * 8) for _ in range(draw(st.integers(1, 2)))]
    inputs = list(values)
    for _ in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(OPERATORS))
        one, two = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        sizes = [b.tensors[one].shape[0], b.tensors[two].shape[0]]
        if name in ("ADD", "MUL", "CONCATENATION"):
            result = b.tensor(sum(sizes) if name == "CONCATENATION" else max(sizes))
            b.op(name, [one, two], [result])
        else:
            result = b.tensor(sizes[0])
            b.op(name, [one], [result])
        values.append(result)
    outputs = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True))
    return b.subgraph(inputs, outputs)


def run(subgraph: Subgraph, offsets: dict[int, int] | None) -> list[list[int]]:
    """Every output after running on an arena (or on a fresh list for each tensor, as the truth).

    Element by element in order, as a kernel does, each element hashed with the operator's number.
    """
    shape = {t.index: t.shape[0] for t in subgraph.tensors}
    arena = [0] * (2000 if offsets is not None else sum(shape.values()))
    starts = list(shape)
    truth = {i: sum(shape[j] for j in starts[:k]) for k, i in enumerate(starts)}
    at = truth if offsets is None else offsets
    for tensor in subgraph.inputs:
        for k in range(shape[tensor]):
            arena[at[tensor] + k] = hash((tensor, k))
    for op in subgraph.operators:
        out = op.outputs[0]
        if op.name in ("SOFTMAX", "CONCATENATION"):  # all outputs need all inputs, and the outputs come first
            whole = [arena[at[i] + k] for i in op.inputs for k in range(shape[i])]
            for k in range(shape[out]):
                arena[at[out] + k] = -1
            whole = [arena[at[i] + k] for i in op.inputs for k in range(shape[i])] if offsets else whole
            for k in range(shape[out]):
                arena[at[out] + k] = hash((op.index, k, *whole))
        else:
            for k in range(shape[out]):
                read = [arena[at[i] + k % shape[i]] for i in op.inputs]
                arena[at[out] + k] = read[0] if op.name == "RESHAPE" else hash((op.name, *read))
    return [[arena[at[t] + k] for k in range(shape[t])] for t in subgraph.outputs]


@settings(max_examples=200, deadline=None)
@given(networks(), st.booleans())
def test_running_in_the_planned_arena_gives_what_separate_memory_gives(
    subgraph: Subgraph, reuse_inputs: bool
) -> None:
    plan = plan_memory(subgraph, reuse_inputs=reuse_inputs)
    verify(plan.plan)
    places = {t.index: plan.offset_of(t.index) for t in subgraph.tensors}
    offsets = {tensor: at for tensor, at in places.items() if at is not None}
    assert offsets.keys() == places.keys()
    assert run(subgraph, offsets) == run(subgraph, None)


@pytest.mark.parametrize(
    ("file", "arena"),
    # kws: two tensors of 25*5*64. ic: the three of 32*32*16 around the first ADD.
    [("kws_ref_model", 2 * 25 * 5 * 64), ("pretrainedResnet_quant", 3 * 32 * 32 * 16)],
)
def test_reference_models_meet_their_lower_bound(reference_models: Path, file: str, arena: int) -> None:
    plan = plan_memory(read_model(reference_models / f"{file}.tflite").main).plan
    verify(plan)
    assert plan.size_bytes == plan.lower_bound_bytes == arena


def test_streaming_models_keep_their_state_in_the_arena(wakeword_models: tuple[Path, ...]) -> None:
    for path in wakeword_models:
        plan = plan_memory(read_model(path).main)
        verify(plan.plan)
        assert len([b for b in plan.buffers if b.role == "state"]) == 6
        assert plan.plan.is_optimal
