"""Multiply-accumulates by operator, as MLPerf Tiny and the papers count them.

One MAC is one multiplication whose product is added to a running sum. The count is *nominal*: taps that
fall on padding count, batch is the one in the tensors' shapes (1 where the file leaves it open), additions
(bias, pooling) and element-wise products do not count. Shapes and operand order are
those of the TensorFlow Lite schema:
https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from tinykit.errors import ModelError
from tinykit.graph.model import Operator, Subgraph

# These multiply and accumulate too, but how often has no agreed or no static count.
UNCOUNTED = frozenset(
    {
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "CALL",
        "CONV_3D_TRANSPOSE",
        "EINSUM",
        "IF",
        "IRFFT2D",
        "LSTM",
        "RFFT2D",
        "RNN",
        "STABLEHLO_CONVOLUTION",
        "STABLEHLO_DOT_GENERAL",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "WHILE",
    }
)


def macs(op: Operator, subgraph: Subgraph) -> int:
    """Multiply-accumulates of one execution of ``op``; 0 for operators that have none by definition.

    :func:`is_counted` tells a true 0 from an operator whose MACs cannot be counted here.
    Raises ModelError (code ``OPERATOR_SHAPE``) where operands are missing or do not fit together.
    """
    count = _COUNTERS.get(op.name)
    if count is None or op.is_custom:
        return 0
    return count(_Operands(op, subgraph))


def is_counted(op: Operator) -> bool:
    """Whether :func:`macs` of ``op`` is its whole work: False for custom operators and control flow."""
    return not (op.is_custom or op.name in UNCOUNTED)


class _Operands:
    """Shapes of an operator's operands, refused with the layer's place where they do not fit."""

    def __init__(self, op: Operator, subgraph: Subgraph) -> None:
        self.op = op
        self._subgraph = subgraph

    def input(self, position: int, *ranks: int) -> tuple[int, ...]:
        """Shape of the input at ``position``, which must have one of ``ranks`` (any if none is given)."""
        return self._shape(self.op.inputs, "input", position, ranks)

    def output(self, *ranks: int) -> tuple[int, ...]:
        return self._shape(self.op.outputs, "output", 0, ranks)

    def elements(self, *positions: int) -> int:
        """Elements of those inputs, absent ones counting 0."""
        present = [p for p in positions if p < len(self.op.inputs) and self.op.inputs[p] >= 0]
        return sum(prod(self._subgraph.tensor(self.op.inputs[p]).shape) for p in present)

    def require_fit(self, holds: bool, what: str) -> None:
        """Like :meth:`require`, for sizes, of which a file with open dimensions knows only some."""
        tensors = [self._subgraph.tensor(i) for i in self.op.inputs + self.op.outputs if i >= 0]
        self.require(holds or any(-1 in t.shape_signature for t in tensors), what)

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            raise ModelError(
                f"Operator {self.op.index} ({self.op.name}): {what}.",
                hint="the file is damaged or was written by a broken converter; convert the model again.",
                code="OPERATOR_SHAPE",
            )

    def _shape(
        self, tensors: tuple[int, ...], role: str, position: int, ranks: tuple[int, ...]
    ) -> tuple[int, ...]:
        self.require(position < len(tensors) and tensors[position] >= 0, f"{role} {position} is missing")
        shape = self._subgraph.tensor(tensors[position]).shape
        wanted = " or ".join(map(str, ranks))
        self.require(
            not ranks or len(shape) in ranks,
            f"{role} {position} has shape {list(shape)}, expected {wanted} dimensions",
        )
        return shape


def _conv_2d(x: _Operands) -> int:
    """Each output element sums KH*KW*I products; a grouped filter's I is the group's (filter: O,KH,KW,I)."""
    filter_, output = x.input(1, 4), x.output(4)
    channels = x.input(0, 4)[3]
    x.require_fit(filter_[0] == output[3], f"{filter_[0]} filters make {output[3]} channels")
    x.require_fit(
        filter_[3] > 0 and channels % filter_[3] == 0,
        f"filters of depth {filter_[3]} do not divide {channels} input channels",
    )
    return prod(output) * prod(filter_[1:])


def _depthwise_conv_2d(x: _Operands) -> int:
    """Each output element sums KH*KW products of one channel (filter: 1,KH,KW,O)."""
    filter_, output = x.input(1, 4), x.output(4)
    x.input(0, 4)
    x.require_fit(filter_[3] == output[3], f"{filter_[3]} filters make {output[3]} channels")
    return prod(output) * filter_[1] * filter_[2]


def _transpose_conv(x: _Operands) -> int:
    """Each input element is spread by KH*KW*O products (filter: O,KH,KW,I); cropped borders count."""
    filter_, input_ = x.input(1, 4), x.input(2, 4)
    x.require_fit(filter_[3] == input_[3], f"filters of depth {filter_[3]} meet {input_[3]} channels")
    return prod(input_) * prod(filter_[:3])


def _conv_3d(x: _Operands) -> int:
    """Each output element sums KD*KH*KW*I products (filter: KD,KH,KW,I,O)."""
    filter_, output = x.input(1, 5), x.output(5)
    x.require_fit(filter_[4] == output[4], f"{filter_[4]} filters make {output[4]} channels")
    return prod(output) * prod(filter_[:4])


def _fully_connected(x: _Operands) -> int:
    """Each of batch*units output elements sums depth products (weights: units, depth)."""
    units, depth = x.input(1, 2)
    outputs, inputs = prod(x.output()), prod(x.input(0))
    x.require_fit(
        inputs * units == outputs * depth,
        f"{inputs} inputs through {units} x {depth} weights do not make {outputs} outputs",
    )
    return outputs * depth


def _batch_matmul(x: _Operands) -> int:
    """Each output element sums over the contracted dimension: the last of the first operand, or adj_x's."""
    left, right = x.input(0), x.input(1)
    x.require(len(left) >= 2 and len(right) >= 2, "an operand has fewer than 2 dimensions")
    depth = left[-2] if x.op.options.get("adj_x") else left[-1]
    other = right[-1] if x.op.options.get("adj_y") else right[-2]
    x.require_fit(depth == other, f"contracted dimensions {depth} and {other} differ")
    return prod(x.output()) * depth


def _sequence_lstm(x: _Operands) -> int:
    """Every weight makes one MAC a step: inputs 1-4 input, 5-8 recurrent, 9-11 peephole, 16 projection.

    Products between gates are element-wise and do not count. Sak, Senior, Beaufays 2014, arXiv:1402.1128.
    """
    steps = prod(x.input(0, 2, 3)[:-1])
    return steps * x.elements(*range(1, 12), 16)


def _svdf(x: _Operands) -> int:
    """Per sample, each filter takes one product an input feature and one a memory slot.

    Inputs: data (batch, features), feature weights (filters, features), time weights (filters, memory).
    Nakkiran et al. 2015, "Compressing deep neural networks using a rank-constrained topology".
    """
    batch, features = x.input(0, 2)
    x.require_fit(x.input(1, 2)[1] == features, f"feature weights do not fit {features} features")
    x.input(2, 2)
    return batch * x.elements(1, 2)


_COUNTERS: dict[str, Callable[[_Operands], int]] = {
    "BATCH_MATMUL": _batch_matmul,
    "CONV_2D": _conv_2d,
    "CONV_3D": _conv_3d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
    "SVDF": _svdf,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm,
}
