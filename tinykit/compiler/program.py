"""What the compiler works on: a model as layers whose every integer is resolved.

The passes turn a :class:`tinykit.graph.model.Graph` into a :class:`Program`; kernels read it and nothing
else. Attribute classes hold what the operator *computes*, not how the file wrote it. Arrays are read-only
NumPy arrays; activations are NHWC, one byte an element, unless a class says otherwise.

Accumulators are 32 bits wide and wrap, as the reference's do: sum modulo 2**32 (``uint32_t`` in C).
:meth:`Conv2D.accumulator_range` and its like say when they cannot wrap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Int8Array: TypeAlias = npt.NDArray[np.int8]
Int32Array: TypeAlias = npt.NDArray[np.int32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
Float64Array: TypeAlias = npt.NDArray[np.float64]

# How a sum becomes an 8-bit number; see requant.py for both rules.
Rounding: TypeAlias = Literal["double", "single"]


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the program. ``id`` is its index in ``Program.values``.

    ``dtype`` is ``int8``, ``uint8`` or ``float32``. real = scale * (q - zero_point); scale is the file's
    float32 as a Python float, 0.0 for float values. ``data`` is a constant's content. ``variable`` is the
    index in ``Program.variables`` of the state whose memory this value *is* (no copy), or None. ``tensor``
    is the index in the file, -1 for a value that the compiler made. ``view_of`` is the value whose bytes
    this one shows under another shape, or None.
    """

    id: int
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    tensor: int = -1
    data: npt.NDArray[np.generic] | None = None
    variable: int | None = None
    view_of: int | None = None

    @property
    def elements(self) -> int:
        """How many elements."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes in memory."""
        return self.elements * (4 if self.dtype == "float32" else 1)


@dataclass(frozen=True, eq=False)
class Variable:
    """State that survives between inferences; ``initial`` is what ``tk_reset`` puts there, as stored."""

    index: int
    name: str
    initial: npt.NDArray[np.generic]

    @property
    def size_bytes(self) -> int:
        """Bytes in memory."""
        return int(self.initial.nbytes)


@dataclass(frozen=True)
class Add:
    """Element-wise sum of ``inputs[0]`` and ``inputs[1]``, which broadcast as in NumPy.

    With ``mul`` = :func:`tinykit.compiler.fixed_point.multiply` (shifts <= 0 here)::

        a = mul((x1 - zero_point_1) << left_shift, multiplier_1, shift_1)
        b = mul((x2 - zero_point_2) << left_shift, multiplier_2, shift_2)
        y = clamp(mul(a + b, multiplier_out, shift_out) + zero_point_out, act_min, act_max)

    :func:`tinykit.compiler.fixed_point.add` is this rule in NumPy.
    """

    zero_point_1: int
    zero_point_2: int
    zero_point_out: int
    multiplier_1: int
    shift_1: int
    multiplier_2: int
    shift_2: int
    multiplier_out: int
    shift_out: int
    act_min: int
    act_max: int
    left_shift: int = 20


@dataclass(frozen=True)
class Residual:
    """An ADD fused behind a convolution.

    Operand 1 of ``add`` is the convolution's 8-bit result, operand 2 the layer's ``inputs[1]``, which has
    the output's shape.
    """

    add: Add


@dataclass(frozen=True, eq=False)
class Conv2D:
    """``acc[o] = bias[o] + sum weights[o, kh, kw, i] * x``; beyond the border x is ``input_zero_point``.

    The input's zero point is folded into ``bias`` already: x is the stored int8 itself. ``inputs[0]`` is
    (N, H, W, C), the output (N, OH, OW, O). ``weights`` is int8 (O, KH, KW, C // groups); group g makes
    output channels ``g*O/groups`` and on. ``multiplier`` is the real factor (O,) = s_in * s_w / s_out,
    computed as LiteRT does; the result is ``clamp(requantize(acc, multiplier) + output_zero_point, act_min,
    act_max)`` by the rule ``rounding`` (requant.py). ``pad`` is (top, bottom, left, right).
    With ``residual``, ``inputs`` has a second value that is added to that result.
    """

    weights: Int8Array
    bias: Int32Array
    multiplier: Float64Array
    input_zero_point: int
    output_zero_point: int
    stride_hw: tuple[int, int]
    dilation_hw: tuple[int, int]
    pad: tuple[int, int, int, int]
    act_min: int
    act_max: int
    groups: int = 1
    rounding: Rounding = "double"
    residual: Residual | None = None

    def accumulator_range(self, low: int = -128, high: int = 127) -> tuple[Int64Array, Int64Array]:
        """(least, greatest) sum of each channel, shape (O,), unwrapped, for stored inputs in [low, high]."""
        return _range(self.weights.reshape(self.weights.shape[0], -1), self.bias, low, high)


@dataclass(frozen=True, eq=False)
class DepthwiseConv2D:
    """``acc[o] = bias[o] + sum weights[kh, kw, o] * x[.., o // depth_multiplier]``.

    ``weights`` is int8 (KH, KW, O), O = C * depth_multiplier; all else is as in :class:`Conv2D`.
    """

    weights: Int8Array
    bias: Int32Array
    multiplier: Float64Array
    input_zero_point: int
    output_zero_point: int
    stride_hw: tuple[int, int]
    dilation_hw: tuple[int, int]
    pad: tuple[int, int, int, int]
    act_min: int
    act_max: int
    depth_multiplier: int = 1
    rounding: Rounding = "double"

    def accumulator_range(self, low: int = -128, high: int = 127) -> tuple[Int64Array, Int64Array]:
        """As :meth:`Conv2D.accumulator_range`."""
        return _range(self.weights.reshape(-1, self.weights.shape[2]).T, self.bias, low, high)


@dataclass(frozen=True, eq=False)
class FullyConnected:
    """``acc[o] = bias[o] + sum weights[o, i] * x[i]`` for each of ``batch`` rows of I stored inputs.

    Zero point folded as in :class:`Conv2D`; ``weights`` is int8 (O, I) and may hold -128. Input and output
    are plain rows whatever their shapes: (batch, I) and (batch, O).
    """

    weights: Int8Array
    bias: Int32Array
    multiplier: Float64Array
    input_zero_point: int
    output_zero_point: int
    act_min: int
    act_max: int
    batch: int = 1
    rounding: Rounding = "single"

    def accumulator_range(self, low: int = -128, high: int = 127) -> tuple[Int64Array, Int64Array]:
        """As :meth:`Conv2D.accumulator_range`."""
        return _range(self.weights, self.bias, low, high)


@dataclass(frozen=True)
class Pool:
    """Average or maximum over windows, the part of a window that lies inside the tensor only. NHWC.

    Average: sum of the stored int8, divided by the count of taps inside, half away from zero; then clamp.
    """

    kind: Literal["average", "max"]
    filter_hw: tuple[int, int]
    stride_hw: tuple[int, int]
    pad: tuple[int, int, int, int]
    act_min: int
    act_max: int


@dataclass(frozen=True)
class Mean:
    """Mean of a value seen as ``shape`` = (a, r, b, s, c) over r and s: the output is (a, b, c), plain.

    ``y = clamp(multiply(sum - r*s*input_zero_point, multiplier, shift) + output_zero_point, -128, 127)`` with
    fixed_point.multiply; the division by the count is in ``multiplier`` already. The usual mean over height
    and width of (1, H, W, C) has shape (1, H*W, 1, 1, C).
    """

    shape: tuple[int, int, int, int, int]
    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int


@dataclass(frozen=True, eq=False)
class Softmax:
    """Over the last dimension of (rows, depth). For a row with maximum m, and d = m - x (0..255), in int32::

        total = sum over the row of (exponent[d] + 2048) >> 12
        bits = 12 - clz(total)
        scale = fixed_point.reciprocal((total << clz(total)) - 2**31)           # Q0.31 in, Q0.31 out
        y = clamp(rounding_shift(high_multiply(scale, exponent[d]), bits + 23) - 128, -128, 127)

    ``exponent`` has 256 entries in Q0.31, 0 where the reference leaves the element out. All four helpers
    are in fixed_point.py; :func:`tinykit.compiler.fixed_point.softmax` is the whole in NumPy.
    """

    rows: int
    depth: int
    exponent: Int32Array


@dataclass(frozen=True, eq=False)
class Lookup:
    """``y = table[x + 128]`` for int8 x, ``table[x]`` for uint8 x; 256 entries of the output's dtype."""

    table: npt.NDArray[np.int8] | npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Pad:
    """``before[d]`` and ``after[d]`` elements of the stored number ``value`` in every dimension d."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    value: int


@dataclass(frozen=True)
class Concat:
    """Inputs one behind the other: each is (outer, n_k) bytes as they are, the output (outer, sum n_k)."""

    outer: int
    inner_bytes: tuple[int, ...]


@dataclass(frozen=True)
class Slice:
    """``y[i0, i1, ...] = x[begin[0] + i0*stride[0], ...]``; a dimension of ``size`` each.

    As many dimensions as the input; a ``stride`` may be negative. The output holds prod(size) elements.
    """

    begin: tuple[int, ...]
    stride: tuple[int, ...]
    size: tuple[int, ...]


@dataclass(frozen=True)
class Copy:
    """The input's bytes as they are (a graph input that is an output, state that is read and kept)."""


@dataclass(frozen=True)
class Quantize:
    """float32 -> 8 bits: ``clamp(round_half_away(x / scale) + zero_point)`` to the output dtype's range."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Dequantize:
    """8 bits -> float32: ``scale * (x - zero_point)``, one float32 product, as the reference does."""

    scale: float
    zero_point: int


Attributes: TypeAlias = (
    Conv2D
    | DepthwiseConv2D
    | FullyConnected
    | Add
    | Pool
    | Mean
    | Softmax
    | Lookup
    | Pad
    | Concat
    | Slice
    | Copy
    | Quantize
    | Dequantize
)


@dataclass(frozen=True, eq=False)
class Layer:
    """One call in ``tk_invoke``. ``name`` is a C identifier made by names.py: ``layer_03_conv_2d``.

    ``inputs`` and ``outputs`` are value ids, constants that an attribute holds left out. ``source_operators``
    are the operators of the file that it stands for.
    """

    index: int
    name: str
    attributes: Attributes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    source_operators: tuple[int, ...]

    @property
    def operator(self) -> type[Attributes]:
        """The class of its attributes, by which kernels are found."""
        return type(self.attributes)


@dataclass(frozen=True, eq=False)
class Program:
    """A whole model. ``values[i].id == i``; ``layers`` in execution order; inputs and outputs are value ids.

    A layer whose output has a ``variable`` writes the state's new content into the state's own memory.
    """

    values: tuple[Value, ...]
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    variables: tuple[Variable, ...]
    source_sha256: str
    source_bytes: int

    def value(self, id_: int) -> Value:
        """The value with this id."""
        return self.values[id_]

    def input_of(self, layer: Layer, position: int = 0) -> Value:
        """The layer's input at ``position``."""
        return self.values[layer.inputs[position]]

    def output_of(self, layer: Layer, position: int = 0) -> Value:
        """The layer's output at ``position``."""
        return self.values[layer.outputs[position]]

    def with_layers(self, layers: tuple[Layer, ...]) -> Program:
        """The same program with other layers."""
        return replace(self, layers=layers)


def _range(weights: Int8Array, bias: Int32Array, low: int, high: int) -> tuple[Int64Array, Int64Array]:
    wide = weights.astype(np.int64)
    positive = np.where(wide > 0, wide, 0).sum(axis=1)
    negative = np.where(wide < 0, wide, 0).sum(axis=1)
    base = bias.astype(np.int64)
    return base + positive * low + negative * high, base + positive * high + negative * low
