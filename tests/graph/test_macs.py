"""Counts against hand calculation, and against the published totals of MLPerf Tiny's models."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph.building import Builder

from tinykit.errors import ModelError
from tinykit.graph.macs import is_counted, macs
from tinykit.graph.reader import read_model


def count(b: Builder) -> int:
    subgraph = b.subgraph()
    return macs(subgraph.operators[0], subgraph)


def built(name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], **options: bool) -> Builder:
    b = Builder()
    b.op(name, [b.tensor(*shape) for shape in inputs], [b.tensor(*output)], options)
    return b


@pytest.mark.parametrize(
    ("file", "expected"), [("kws_ref_model", 2_656_768), ("pretrainedResnet_quant", 12_501_632)]
)
def test_mlperf_tiny_models_have_their_published_macs(
    reference_models: Path, file: str, expected: int
) -> None:
    main = read_model(reference_models / f"{file}.tflite").main
    assert sum(macs(op, main) for op in main.operators) == expected


@pytest.mark.parametrize(
    ("name", "inputs", "output", "options", "expected"),
    [
        # 25*5 positions, 64 filters of 10*4 taps on one channel: 320,000, the first layer of kws.
        ("CONV_2D", [(1, 49, 10, 1), (64, 10, 4, 1), (64,)], (1, 25, 5, 64), {}, 320_000),
        # Two groups: each filter sees 4 of 8 channels. 4*4 positions * 6 filters * 3*3*4 taps.
        ("CONV_2D", [(1, 4, 4, 8), (6, 3, 3, 4), (6,)], (1, 4, 4, 6), {}, 16 * 6 * 36),
        ("CONV_2D", [(3, 4, 4, 8), (6, 1, 1, 8), (6,)], (3, 4, 4, 6), {}, 3 * 16 * 6 * 8),
        ("DEPTHWISE_CONV_2D", [(1, 25, 5, 64), (1, 3, 3, 64), (64,)], (1, 25, 5, 64), {}, 72_000),
        # Depth multiplier 2.
        ("DEPTHWISE_CONV_2D", [(1, 5, 5, 3), (1, 3, 3, 6), (6,)], (1, 3, 3, 6), {}, 9 * 6 * 9),
        ("FULLY_CONNECTED", [(1, 64), (12, 64), (12,)], (1, 12), {}, 768),
        ("FULLY_CONNECTED", [(2, 7, 16), (5, 16)], (2, 7, 5), {}, 14 * 5 * 16),
        ("FULLY_CONNECTED", [(1, 2, 2, 16), (5, 64)], (1, 5), {}, 5 * 64),
        # 3*3 inputs of 4 channels, each spread by 2*2 taps onto 8 channels.
        ("TRANSPOSE_CONV", [(4,), (8, 2, 2, 4), (1, 3, 3, 4)], (1, 6, 6, 8), {}, 9 * 4 * 4 * 8),
        ("CONV_3D", [(1, 4, 4, 4, 2), (3, 3, 3, 2, 5)], (1, 2, 2, 2, 5), {}, 8 * 5 * 27 * 2),
        ("BATCH_MATMUL", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), {}, 2 * 3 * 5 * 4),
        ("BATCH_MATMUL", [(2, 4, 3), (2, 5, 4)], (2, 3, 5), {"adj_x": True, "adj_y": True}, 2 * 3 * 5 * 4),
        # 10 samples; 8 filters over 16 features, then over a memory of 5.
        ("SVDF", [(10, 16), (8, 16), (8, 5), (8,), (10, 40)], (10, 8), {}, 10 * 8 * (16 + 5)),
        ("ADD", [(1, 8), (1, 8)], (1, 8), {}, 0),
        ("AVERAGE_POOL_2D", [(1, 4, 4, 8)], (1, 1, 1, 8), {}, 0),
    ],
)
def test_macs_of_an_operator(
    name: str,
    inputs: list[tuple[int, ...]],
    output: tuple[int, ...],
    options: dict[str, bool],
    expected: int,
) -> None:
    assert count(built(name, inputs, output, **options)) == expected


def lstm(*, peephole: bool = False, projection: bool = False, coupled: bool = False) -> Builder:
    """6 steps of 4 features into 5 cells; 3 outputs with a projection, else 5."""
    b = Builder()
    outputs = 3 if projection else 5
    gates = [-1 if coupled and gate == 0 else b.tensor(5, 4) for gate in range(4)]
    recurrent = [-1 if coupled and gate == 0 else b.tensor(5, outputs) for gate in range(4)]
    peepholes = [b.tensor(5) if peephole else -1 for _ in range(3)]
    biases = [b.tensor(5) for _ in range(4)]
    project = [b.tensor(3, 5), b.tensor(3)] if projection else [-1, -1]
    inputs = [b.tensor(1, 6, 4), *gates, *recurrent, *peepholes, *biases, *project]
    b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [b.tensor(1, 6, outputs)])
    return b


def test_lstm_uses_each_weight_once_a_step() -> None:
    assert count(lstm()) == 6 * 4 * (5 * 4 + 5 * 5)
    assert count(lstm(peephole=True)) == 6 * (4 * (5 * 4 + 5 * 5) + 3 * 5)
    assert count(lstm(projection=True)) == 6 * (4 * (5 * 4 + 5 * 3) + 3 * 5)
    assert count(lstm(coupled=True)) == 6 * 3 * (5 * 4 + 5 * 5)


@pytest.mark.parametrize(
    ("name", "inputs", "output", "says"),
    [
        ("CONV_2D", [(4, 4, 8), (6, 3, 3, 8)], (1, 4, 4, 6), "input 0 has shape [4, 4, 8]"),
        ("CONV_2D", [(1, 4, 4, 8)], (1, 4, 4, 6), "input 1 is missing"),
        ("CONV_2D", [(1, 4, 4, 8), (6, 3, 3, 3)], (1, 4, 4, 6), "depth 3 do not divide 8"),
        ("CONV_2D", [(1, 4, 4, 8), (6, 3, 3, 0)], (1, 4, 4, 6), "depth 0"),
        ("CONV_2D", [(1, 4, 4, 8), (6, 3, 3, 8)], (1, 4, 4, 7), "6 filters make 7"),
        ("DEPTHWISE_CONV_2D", [(1, 4, 4, 8), (8, 3, 3)], (1, 4, 4, 8), "expected 4 dimensions"),
        ("FULLY_CONNECTED", [(1, 64), (12, 63)], (1, 12), "do not make 12 outputs"),
        ("FULLY_CONNECTED", [(1, 64), (12, 64, 1)], (1, 12), "expected 2 dimensions"),
        ("BATCH_MATMUL", [(4,), (4, 5)], (5,), "fewer than 2"),
        ("BATCH_MATMUL", [(3, 4), (3, 5)], (3, 5), "dimensions 4 and 3 differ"),
        ("TRANSPOSE_CONV", [(4,), (8, 2, 2, 5), (1, 3, 3, 4)], (1, 6, 6, 8), "depth 5 meet 4"),
        ("SVDF", [(10, 16), (8, 15), (8, 5)], (10, 8), "16 features"),
    ],
)
def test_operands_that_do_not_fit_are_refused_by_place(
    name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], says: str
) -> None:
    with pytest.raises(ModelError) as refused:
        count(built(name, inputs, output))
    assert refused.value.code == "OPERATOR_SHAPE"
    assert f"Operator 0 ({name})" in refused.value.message
    assert says in refused.value.message


def test_an_open_dimension_is_counted_as_written_and_not_called_damage() -> None:
    b = Builder()
    flat = b.tensor(1, 1, signature=(-1, -1))
    b.op("FULLY_CONNECTED", [flat, b.constant(10, 64)], [b.tensor(1, 10, signature=(-1, 10))])
    assert count(b) == 640


def test_what_cannot_be_counted_is_told_from_what_has_none() -> None:
    b = Builder()
    x, y = b.tensor(1, 4), b.tensor(1, 4)
    b.op("CONV_2D", [x], [y], custom=True)
    b.op("WHILE", [x], [y])
    b.op("RELU", [x], [y])
    subgraph = b.subgraph()
    assert [is_counted(op) for op in subgraph.operators] == [False, False, True]
    assert [macs(op, subgraph) for op in subgraph.operators] == [0, 0, 0]
