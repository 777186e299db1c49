"""Each pass on a small model: what it fuses, and what it must leave alone."""

from __future__ import annotations

import numpy as np
from compiler.writer import Writer

from tinykit.compiler.lower import lower
from tinykit.compiler.program import (
    Add,
    Concat,
    Conv2D,
    Copy,
    DepthwiseConv2D,
    FullyConnected,
    Lookup,
    Pad,
    Pool,
    Program,
    Quantize,
    Slice,
)
from tinykit.graph.reader import parse_model


def program(w: Writer, inputs, outputs) -> Program:
    return lower(parse_model(w.finish(inputs, outputs)))


def kinds(made: Program) -> list[type]:
    return [layer.operator for layer in made.layers]


def tensor(w: Writer, *shape: int, scale: float = 0.5, zero_point: int = 0, dtype: str = "int8") -> int:
    return w.tensor(shape, dtype, scale=scale, zero_point=zero_point)


def conv(
    w: Writer, x: int, y: int, *, channels: int = 2, out: int = 2, taps: int = 1, **options: int
) -> None:
    weights = np.arange(out * taps * taps * channels, dtype=np.int8).reshape(out, taps, taps, channels) - 3
    made = w.tensor(weights.shape, scale=[0.01] * out, axis=0, data=weights)
    bias = w.tensor([out], "int32", 0.005, data=np.arange(out))
    w.op("CONV_2D", [x, made, bias], [y], **{"strideH": 1, "strideW": 1, "padding": 1} | options)


def test_the_zero_point_of_the_input_is_in_the_bias():
    w = Writer()
    x, y = tensor(w, 1, 2, 2, 2, zero_point=-5), tensor(w, 1, 2, 2, 2)
    conv(w, x, y)
    rule = program(w, [x], [y]).layers[0].attributes
    assert isinstance(rule, Conv2D)
    assert rule.bias.tolist() == [0 + 5 * (-3 - 2), 1 + 5 * (-1 + 0)]
    assert rule.input_zero_point == -5


class TestPad:
    def padded(self, zero_point: int, **options: int) -> Program:
        w = Writer()
        x = tensor(w, 1, 4, 4, 2, zero_point=zero_point)
        wide = tensor(w, 1, 7, 6, 2, zero_point=zero_point)
        y = tensor(w, 1, 5, 4, 2)
        w.op("PAD", [x, w.constant([[0, 0], [1, 2], [1, 1], [0, 0]])], [wide])
        conv(w, wide, y, taps=3, **options)
        return program(w, [x], [y])

    def test_becomes_the_convolution_s_padding(self):
        made = self.padded(7)
        assert kinds(made) == [Conv2D]
        assert made.layers[0].attributes.pad == (1, 2, 1, 1)
        assert made.layers[0].source_operators == (0, 1)

    def test_of_channels_stays(self):
        w = Writer()
        x, wide, y = tensor(w, 1, 2, 2, 1), tensor(w, 1, 2, 2, 2), tensor(w, 1, 2, 2, 2)
        w.op("PAD", [x, w.constant([[0, 0], [0, 0], [0, 0], [0, 1]])], [wide])
        conv(w, wide, y)
        assert kinds(program(w, [x], [y])) == [Pad, Conv2D]

    def test_with_two_readers_stays(self):
        w = Writer()
        x, wide, y = tensor(w, 1, 2, 2, 2), tensor(w, 1, 4, 4, 2), tensor(w, 1, 4, 4, 2)
        w.op("PAD", [x, w.constant([[0, 0], [1, 1], [1, 1], [0, 0]])], [wide])
        conv(w, wide, y)
        assert kinds(program(w, [x], [y, wide])) == [Pad, Conv2D]

    def test_before_an_average_stays_and_before_a_maximum_depends_on_the_value(self):
        for name, zero_point, expected in (
            ("AVERAGE_POOL_2D", -128, [Pad, Pool]),
            ("MAX_POOL_2D", 0, [Pad, Pool]),
            ("MAX_POOL_2D", -128, [Pool]),
        ):
            w = Writer()
            x = tensor(w, 1, 2, 2, 1, zero_point=zero_point)
            wide = tensor(w, 1, 4, 4, 1, zero_point=zero_point)
            y = tensor(w, 1, 2, 2, 1, zero_point=zero_point)
            w.op("PAD", [x, w.constant([[0, 0], [1, 1], [1, 1], [0, 0]])], [wide])
            w.op(name, [wide], [y], strideH=2, strideW=2, filterHeight=2, filterWidth=2)
            assert kinds(program(w, [x], [y])) == expected


class TestLookups:
    def test_a_relu_behind_a_convolution_is_its_clamp(self):
        w = Writer()
        x = tensor(w, 1, 2, 2, 2)
        middle, y = (tensor(w, 1, 2, 2, 2, scale=0.1, zero_point=-20) for _ in range(2))
        conv(w, x, middle)
        w.op("RELU6", [middle], [y])
        made = program(w, [x], [y])
        assert kinds(made) == [Conv2D]
        assert (made.layers[0].attributes.act_min, made.layers[0].attributes.act_max) == (-20, 40)

    def test_a_relu_that_changes_the_scale_is_a_table(self):
        w = Writer()
        x, middle, y = tensor(w, 1, 2, 2, 2), tensor(w, 1, 2, 2, 2), tensor(w, 1, 2, 2, 2, scale=0.3)
        conv(w, x, middle)
        w.op("RELU", [middle], [y])
        assert kinds(program(w, [x], [y])) == [Conv2D, Lookup]

    def test_quantize_pairs_are_one_table(self):
        w = Writer()
        x = tensor(w, 1, 4, dtype="uint8", zero_point=128)
        a, b = tensor(w, 1, 4), tensor(w, 1, 4, scale=0.25)
        w.op("QUANTIZE", [x], [a])
        w.op("QUANTIZE", [a], [b])
        made = program(w, [x], [b])
        assert kinds(made) == [Lookup]
        stored = np.arange(256)
        np.testing.assert_array_equal(made.layers[0].attributes.table, np.clip((stored - 128) * 2, -128, 127))

    def test_there_and_back_through_floats_is_one_table(self):
        w = Writer()
        x, real, y = (
            tensor(w, 1, 4),
            w.tensor([1, 4], "float32"),
            tensor(w, 1, 4, dtype="uint8", zero_point=128),
        )
        w.op("DEQUANTIZE", [x], [real])
        w.op("QUANTIZE", [real], [y])
        made = program(w, [x], [y])
        assert kinds(made) == [Lookup]
        np.testing.assert_array_equal(made.layers[0].attributes.table, np.arange(256))

    def test_a_value_that_the_caller_sees_stays(self):
        w = Writer()
        x, middle, y = (tensor(w, 1, 4) for _ in range(3))
        w.op("RELU", [x], [middle])
        w.op("RELU6", [middle], [y])
        assert kinds(program(w, [x], [middle, y])) == [Lookup, Lookup]


class TestResidual:
    def block(self, *, swap: bool = False, extra_output: bool = False) -> Program:
        w = Writer()
        x, first = tensor(w, 1, 3, 3, 2), tensor(w, 1, 3, 3, 2, scale=0.25, zero_point=3)
        second, y = tensor(w, 1, 3, 3, 2, scale=0.75, zero_point=9), tensor(w, 1, 3, 3, 2)
        conv(w, x, first)
        conv(w, first, second)
        w.op("ADD", [second, first] if swap else [first, second], [y], fusedActivationFunction=1)
        return program(w, [x], [y, second] if extra_output else [y])

    def test_is_added_by_the_later_convolution(self):
        for swap in (False, True):
            made = self.block(swap=swap)
            assert kinds(made) == [Conv2D, Conv2D]
            last = made.layers[1]
            assert last.inputs == (made.layers[0].outputs[0], made.layers[0].outputs[0])
            add = last.attributes.residual.add
            # Operand 1 is always the convolution's own result.
            assert (add.zero_point_1, add.zero_point_2) == (9, 3)

    def test_stays_where_the_caller_wants_both(self):
        assert kinds(self.block(extra_output=True)) == [Conv2D, Conv2D, Add]

    def test_with_broadcasting_stays(self):
        w = Writer()
        x, made, y = tensor(w, 1, 3, 3, 2), tensor(w, 1, 3, 3, 2), tensor(w, 1, 3, 3, 2)
        conv(w, x, made)
        row = w.tensor([2], scale=0.5, data=np.array([1, 2]))
        w.op("ADD", [made, row], [y])
        assert kinds(program(w, [x], [y])) == [Conv2D, Add]


class TestSlices:
    def test_of_a_split_read_the_source(self):
        w = Writer()
        x, left, right = tensor(w, 1, 6, 1, 4), tensor(w, 1, 6, 1, 2), tensor(w, 1, 6, 1, 2)
        tail = tensor(w, 1, 2, 1, 2)
        w.op("SPLIT_V", [x, w.constant([2, 2]), w.constant(3)], [left, right], numSplits=2)
        bounds = [w.constant(v) for v in ([0, 1, 0, 0], [1, 6, 1, 2], [1, 3, 1, 1])]
        w.op("STRIDED_SLICE", [right, *bounds], [tail])
        made = program(w, [x], [left, tail])
        assert kinds(made) == [Slice, Slice]
        assert made.layers[1].attributes == Slice((0, 1, 0, 2), (1, 3, 1, 1), (1, 2, 1, 2))
        assert made.layers[1].inputs == made.inputs

    def test_of_everything_cost_nothing(self):
        w = Writer()
        x, same, y = tensor(w, 1, 4), tensor(w, 1, 4), tensor(w, 1, 4)
        bounds = [w.constant(v) for v in ([0, 0], [1, 4], [1, 1])]
        w.op("STRIDED_SLICE", [x, *bounds], [same])
        w.op("RELU", [same], [y])
        assert kinds(program(w, [x], [y])) == [Lookup]

    def test_backwards_is_no_view(self):
        w = Writer()
        x, y = tensor(w, 1, 4), tensor(w, 1, 4)
        bounds = [w.constant(v) for v in ([0, 3], [1, -5], [1, -1])]
        w.op("STRIDED_SLICE", [x, *bounds], [y])
        made = program(w, [x], [y])
        assert made.layers[0].attributes == Slice((0, 3), (1, -1), (1, 4))


def test_constants_are_moved_at_compile_time():
    w = Writer()
    x, y, wide = tensor(w, 1, 4), tensor(w, 1, 8), tensor(w, 1, 4)
    row = w.tensor([1, 2], scale=0.5, data=np.array([[5, 6]]))
    w.op("PAD", [row, w.constant([[0, 0], [1, 1]])], [wide])
    w.op("CONCATENATION", [x, wide], [y], axis=1)
    made = program(w, [x], [y])
    assert kinds(made) == [Concat]
    np.testing.assert_array_equal(made.value(made.layers[0].inputs[1]).data, [[0, 5, 6, 0]])


def test_what_nobody_reads_is_not_computed():
    w = Writer()
    x, y, unused = tensor(w, 1, 2, 2, 2), tensor(w, 1, 2, 2, 2), tensor(w, 1, 2, 2, 2)
    conv(w, x, y)
    conv(w, x, unused)
    assert len(program(w, [x], [y]).layers) == 1


def test_an_output_that_is_a_constant_is_copied():
    w = Writer()
    x, y, view = tensor(w, 1, 4), tensor(w, 1, 4), tensor(w, 4, 1)
    row = w.tensor([1, 4], scale=0.5, data=np.array([[1, 2, 3, 4]]))
    w.op("RELU", [x], [y])
    w.op("RESHAPE", [row, w.constant([4, 1])], [view])
    made = program(w, [x], [y, view])
    assert kinds(made) == [Lookup, Copy]


def test_reshapes_cost_nothing():
    w = Writer()
    x, flat, y = tensor(w, 1, 2, 2, 2), tensor(w, 1, 8), tensor(w, 1, 8)
    w.op("RESHAPE", [x, w.constant([1, 8])], [flat])
    w.op("RELU", [flat], [y])
    assert kinds(program(w, [x], [y])) == [Lookup]


class TestState:
    """x is appended to a state of three, which then drops its oldest."""

    def streaming(self, *, read_late: bool = False) -> Program:
        w = Writer(subgraphs=2)
        x, old = tensor(w, 1, 1), tensor(w, 1, 3)
        longer, newer, y = tensor(w, 1, 4), tensor(w, 1, 3), tensor(w, 1, 4)
        for graph in (1, 0):
            handle = w.tensor([], "resource", graph=graph)
            w.op("VAR_HANDLE", [], [handle], graph=graph, sharedName="s")
            if graph:
                start = w.tensor([1, 3], scale=0.5, data=np.array([[1, 2, 3]]), graph=1)
                w.op("ASSIGN_VARIABLE", [handle, start], [], graph=1)
        w.op("CALL_ONCE", [], [], first=True, initSubgraphIndex=1)
        w.op("READ_VARIABLE", [handle], [old])
        w.op("CONCATENATION", [old, x], [longer], axis=1)
        bounds = [w.constant(v) for v in ([0, 1], [1, 4], [1, 1])]
        w.op("STRIDED_SLICE", [longer, *bounds], [newer])
        w.op("ASSIGN_VARIABLE", [handle, newer], [])
        if read_late:
            w.op("CONCATENATION", [old, x], [y], axis=1)
        else:
            w.op("RELU", [longer], [y])
        return program(w, [x], [y])

    def test_is_read_and_written_where_it_lies(self):
        made = self.streaming()
        assert kinds(made) == [Concat, Slice, Lookup]
        assert made.variables[0].initial.tolist() == [[1, 2, 3]]
        assert made.output_of(made.layers[1]).variable == 0

    def test_that_is_still_read_when_it_changes_is_copied(self):
        made = self.streaming(read_late=True)
        assert kinds(made)[0] is Copy
        assert Slice in kinds(made)


def test_float_input_is_quantized_by_a_layer():
    w = Writer()
    x, q, y = w.tensor([1, 4], "float32"), tensor(w, 1, 4), tensor(w, 1, 4)
    w.op("QUANTIZE", [x], [q])
    w.op("RELU", [q], [y])
    assert kinds(program(w, [x], [y])) == [Quantize, Lookup]


def test_depthwise_weights_lie_as_the_file_has_them():
    w = Writer()
    x, y = tensor(w, 1, 2, 2, 2), tensor(w, 1, 2, 2, 4)
    weights = np.arange(4, dtype=np.int8).reshape(1, 1, 1, 4)
    made = w.tensor(weights.shape, scale=[0.01] * 4, axis=3, data=weights)
    w.op("DEPTHWISE_CONV_2D", [x, made], [y], strideH=1, strideW=1, depthMultiplier=2)
    rule = program(w, [x], [y]).layers[0].attributes
    assert isinstance(rule, DepthwiseConv2D)
    assert rule.weights.tolist() == [[[0, 1, 2, 3]]]
    assert rule.depth_multiplier == 2


def test_a_channel_that_never_moves_loses_its_weights():
    w = Writer()
    x, y = tensor(w, 1, 4), tensor(w, 1, 2, zero_point=-128)
    weights = w.tensor([2, 4], scale=0.01, data=np.full((2, 4), 5))
    bias = w.tensor([2], "int32", 0.005, data=np.array([-(1 << 30), 7]))
    w.op("FULLY_CONNECTED", [x, weights, bias], [y], fusedActivationFunction=1)
    rule = program(w, [x], [y]).layers[0].attributes
    assert isinstance(rule, FullyConnected)
    assert rule.weights.tolist() == [[0] * 4, [5] * 4]
    assert rule.bias.tolist() == [0, 7]


def test_squeeze_and_expand_dims_are_views():
    w = Writer()
    x, flat, wide, y = tensor(w, 1, 1, 4), tensor(w, 4), tensor(w, 1, 4), tensor(w, 1, 4)
    w.op("SQUEEZE", [x], [flat])
    w.op("EXPAND_DIMS", [flat, w.constant(0)], [wide])
    w.op("RELU", [wide], [y])
    made = program(w, [x], [y])
    assert kinds(made) == [Lookup]
    assert made.value(made.layers[0].inputs[0]).shape == (1, 4)
