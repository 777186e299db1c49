"""The summary of hand-made graphs with known figures, and of real files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from graph.building import Builder, graph
from work import lines_run

from tinykit.graph.model import Subgraph
from tinykit.graph.summary import ModelSummary, inspect_model, summarise


def summary(*subgraphs: Subgraph) -> ModelSummary:
    return summarise(graph(*subgraphs), "model.tflite")


def codes(result: ModelSummary) -> list[str]:
    return [note.code for note in result.notes]


def small_network(ends: str = "int8") -> Builder:
    """1x4x4x2, a convolution of 3 filters 1x1x2, flat, 5 units; ``ends`` is the type of input and output."""
    b = Builder()
    x = b.tensor(1, 4, 4, 2, dtype=ends, scales=1 if ends == "int8" else 0)
    inner = x
    if ends != "int8":
        inner = b.tensor(1, 4, 4, 2, scales=1)
        b.op("QUANTIZE", [x], [inner])
    conv, flat, dense = (b.tensor(*shape, scales=1) for shape in [(1, 4, 4, 3), (1, 48), (1, 5)])
    filters, bias = b.constant(3, 1, 1, 2, scales=3), b.constant(3, dtype="int32", scales=3)
    b.op("CONV_2D", [inner, filters, bias], [conv])
    b.op("RESHAPE", [conv, b.constant(2, dtype="int32")], [flat])
    b.op("FULLY_CONNECTED", [flat, b.constant(5, 48, scales=1), -1], [dense])
    if ends != "int8":
        b.op("DEQUANTIZE", [dense], [b.tensor(1, 5, dtype=ends)])
    return b


def test_figures_of_a_small_network() -> None:
    b = small_network()
    result = summary(b.subgraph([0], [3]))
    assert result.macs == 16 * 3 * 2 + 5 * 48
    assert result.parameters == 6 + 3 + 240
    assert result.weight_bytes == 6 + 3 * 4 + 240
    assert result.other_constant_bytes == 8  # the RESHAPE's shape
    conv, reshape, _ = result.layers
    assert (conv.macs, conv.parameters, conv.weight_bytes, conv.activation_bytes) == (96, 9, 18, 32 + 48)
    assert (reshape.macs, reshape.weight_bytes, reshape.output_shape) == (0, 0, (1, 48))
    assert [layer.index for layer in result.per_axis_layers] == [0]
    assert {layer.arithmetic for layer in result.layers} == {"integer"}
    assert (result.inputs[0].dtype, result.inputs[0].scale, result.inputs[0].zero_point) == ("int8", 0.5, 0)
    assert result.notes == ()


def test_the_arena_is_modelled_and_its_parts_are_listed() -> None:
    memory = summary(small_network().subgraph([0], [3])).memory
    # The input (32) beside the convolution's 48; the RESHAPE is free; 48 beside 5, rounded up to 16.
    assert memory.arena.value == memory.lower_bound_bytes == 80
    assert memory.arena.kind == "modelled"
    assert memory.is_optimal
    assert memory.live_bytes == (80, 48, 53)
    assert [b.tensors for b in memory.buffers] == [("t0",), ("t1", "t2"), ("t3",)]


def test_float_ends_are_explained_and_not_called_float_operators() -> None:
    b = small_network(ends="float32")
    result = summary(b.subgraph([0], [len(b.tensors) - 1]))
    assert [layer.arithmetic for layer in result.layers] == [
        "conversion",
        "integer",
        "integer",
        "integer",
        "conversion",
    ]
    assert result.float_layers == ()
    assert codes(result) == ["FLOAT_ENDS"]
    assert "QUANTIZE (0), DEQUANTIZE (4)" in result.notes[0].message
    assert result.inputs[0].scale is None


def test_float_hybrid_and_inner_conversions_are_told_apart() -> None:
    b = Builder()
    x, y, z, q, d = (b.tensor(1, 4, dtype=t) for t in ("float32", "float32", "float32", "int8", "float32"))
    out = b.tensor(1, 4, dtype="float32")
    b.op("FULLY_CONNECTED", [x, b.constant(4, 4, dtype="float32")], [y])
    b.op("FULLY_CONNECTED", [y, b.constant(4, 4, scales=1)], [z])
    b.op("QUANTIZE", [z], [q])
    b.op("DEQUANTIZE", [q], [d])
    b.op("SOFTMAX", [d], [out])
    result = summary(b.subgraph([x], [out]))
    kinds = [layer.arithmetic for layer in result.layers]
    assert kinds == ["float", "hybrid", "conversion", "conversion", "float"]
    assert codes(result) == ["FLOAT_OPERATORS", "HYBRID_OPERATORS", "CONVERSIONS_INSIDE"]
    assert result.to_dict()["float_operators"] == [0, 1, 4]


def test_constants_that_share_a_buffer_count_once() -> None:
    b = Builder()
    x, y, z = b.tensor(1, 4), b.tensor(1, 4), b.tensor(1, 4)
    b.op("FULLY_CONNECTED", [x, b.constant(4, 4, buffer=90)], [y])
    b.op("FULLY_CONNECTED", [y, b.constant(4, 4, buffer=90)], [z])
    result = summary(b.subgraph([x], [z]))
    assert result.weight_bytes == result.parameters == 16
    assert [layer.weight_bytes for layer in result.layers] == [16, 16]


def test_what_cannot_be_known_is_named() -> None:
    b = Builder()
    x, y, z, w = (b.tensor(1, 4, signature=(-1, n)) for n in (4, -1, 4, 4))
    b.op("FlexErf", [x], [y], custom=True)
    b.op("my [bold]op\x1b[31m", [y], [z], custom=True)
    b.op("WHILE", [z], [w])
    result = summary(b.subgraph([x], [w]))
    assert codes(result) == ["SELECT_TF_OPERATORS", "OPEN_DIMENSIONS", "MACS_NOT_COUNTED"]
    assert result.uncounted_operators == ("FlexErf", "WHILE", "my [bold]op\x1b[31m")
    assert [layer.macs for layer in result.layers] == [None, None, None]
    assert not any("bold" in note.message for note in result.notes)
    assert result.inputs[0].shape == (-1, 4)


def test_an_open_batch_is_a_remark_of_its_own() -> None:
    b = Builder()
    x, y = b.tensor(1, 4, signature=(-1, 4)), b.tensor(1, 4, signature=(-1, 4))
    b.op("SOFTMAX", [x], [y])
    assert codes(summary(b.subgraph([x], [y]))) == ["OPEN_BATCH"]


def test_a_model_without_operators_is_summed_up_too() -> None:
    b = Builder()
    x = b.tensor(1, 4)
    result = summary(b.subgraph([x], [x]))
    assert (result.macs, result.layers, result.memory.arena.value) == (0, (), 16)
    assert summary(Builder().subgraph()).memory.arena.value == 0


def chain(operators: int) -> Builder:
    b = Builder()
    tensors = [b.tensor(8) for _ in range(operators + 1)]
    for one, other in pairwise(tensors):
        b.op(("SOFTMAX", "QUANTIZE")[one % 2], [one], [other])
    return b.subgraph(tensors[:1], tensors[-1:])


def test_tens_of_thousands_of_operators_do_not_hang() -> None:
    assert summary(chain(20_000)).memory.arena.value == 32


def test_twice_the_operators_are_twice_the_work() -> None:
    fewer, more = chain(400), chain(800)
    assert lines_run(lambda: summary(more)) < 2.2 * lines_run(lambda: summary(fewer))


def test_streaming_models(wakeword_models: tuple[Path, ...]) -> None:
    for path in wakeword_models:
        result = inspect_model(path)
        assert result.file_bytes == path.stat().st_size
        assert result.subgraphs == 2
        assert codes(result) == ["REQUANTIZED_ENDS"]
        assert (result.inputs[0].dtype, result.outputs[0].dtype) == ("int8", "uint8")
        states = [b for b in result.memory.buffers if b.role == "state"]
        assert len(states) == 6
        assert all(b.name.startswith("stream") and b.name.endswith("/states") for b in states)
        assert result.memory.state_bytes == sum(b.size_bytes for b in states)
        # What the initial subgraph assigns are values, not weights.
        assert result.other_constant_bytes > result.memory.state_bytes
        assert result.macs == sum(layer.macs or 0 for layer in result.layers)


@pytest.mark.parametrize(
    ("file", "constants", "arrangement", "per_axis"),
    # Elements of all constants, as counted with LiteRT; two of them are the RESHAPE's shape.
    [("kws_ref_model", 22_606, 2, 9), ("pretrainedResnet_quant", 77_708, 2, 9)],
)
def test_reference_models(
    reference_models: Path, file: str, constants: int, arrangement: int, per_axis: int
) -> None:
    result = inspect_model(reference_models / f"{file}.tflite")
    assert result.parameters == constants - arrangement
    assert result.other_constant_bytes == 4 * arrangement
    assert len(result.per_axis_layers) == per_axis
    assert result.float_layers == ()
