"""ADD, and the operators of one 8-bit number, which become a table of 256 entries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykit.compiler import fixed_point
from tinykit.compiler.program import Add, Dequantize, Lookup, Quantize, Value
from tinykit.compiler.translate.builder import Builder, refuse
from tinykit.compiler.translate.scaling import activation_range, stored_range
from tinykit.graph.model import Operator

_ADD_LEFT_SHIFT = 20


def add(build: Builder, op: Operator) -> None:
    """ADD of two int8 tensors, which may broadcast."""
    x1, x2, y = build.input(op, 0), build.input(op, 1), build.output(op, 0)
    if _broadcast(x1.shape, x2.shape) != y.shape:
        refuse(op, f"{list(x1.shape)} and {list(x2.shape)} do not make {list(y.shape)}")
    attributes = add_rule(x1, x2, y, int(str(op.options["fused_activation_function"])))
    if attributes is None:
        refuse(op, "its fused activation or its scales are out of range")
    build.layer(op, attributes, [x1, x2], [y])


def add_rule(x1: Value, x2: Value, y: Value, activation: int) -> Add | None:
    """The rule of an addition; None for an activation that is no clamp, or scales too far apart."""
    twice = 2.0 * max(x1.scale, x2.scale)
    multipliers = [
        fixed_point.quantize_multiplier(real)
        for real in (x1.scale / twice, x2.scale / twice, twice / ((1 << _ADD_LEFT_SHIFT) * y.scale))
    ]
    clamp = activation_range(activation, y)
    if clamp is None or any(shift > 0 for _, shift in multipliers):
        return None
    (m1, s1), (m2, s2), (mo, so) = multipliers
    return Add(
        x1.zero_point, x2.zero_point, y.zero_point, m1, s1, m2, s2, mo, so, *clamp, left_shift=_ADD_LEFT_SHIFT
    )


def _broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        return None


def logistic(build: Builder, op: Operator) -> None:
    """LOGISTIC, int8 to int8 with the reference's fixed output scale of 1/256."""
    x, y = build.input(op, 0), build.output(op, 0)
    if y.zero_point != -128 or abs(y.scale - 1 / 256) > 1e-6:
        refuse(op, f"its output needs scale 1/256 and zero point -128, not {y.scale} and {y.zero_point}")
    # The reference fills a table in single precision. Its expf is right to all but a few ties: that of a
    # double, rounded once, too.
    real = np.float32(x.scale) * (_stored(x) - x.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):
        power = np.exp(-real.astype(np.float64)).astype(np.float32)
    share = np.float32(1) / (np.float32(1) + power)
    scaled = (share * (np.float32(1) / np.float32(y.scale))).astype(np.float64)
    result = np.clip(np.floor(scaled + 0.5) + y.zero_point, -128, 127).astype(np.int64)
    _lookup(build, op, x, y, result)


def relu(build: Builder, op: Operator) -> None:
    """RELU and RELU6 as operators of their own; they may change the scale."""
    x, y = build.input(op, 0), build.output(op, 0)
    # One float32 division, as in the reference: its other multipliers are computed in double precision.
    multiplier, shift = fixed_point.quantize_multiplier(float(np.float32(x.scale) / np.float32(y.scale)))
    clamp = activation_range(op.name, y)
    assert clamp is not None  # the operator table sends only these two here
    scaled = fixed_point.multiply(_stored(x) - x.zero_point, multiplier, shift) + y.zero_point
    _lookup(build, op, x, y, np.clip(scaled, *clamp))


def quantize(build: Builder, op: Operator) -> None:
    """QUANTIZE of float32, or from one 8-bit scale to another."""
    x, y = build.input(op, 0, "int8", "uint8", "float32"), build.output(op, 0, "int8", "uint8")
    if x.dtype == "float32":
        build.layer(op, Quantize(y.scale, y.zero_point), [x], [y])
        return
    multiplier, shift = fixed_point.quantize_multiplier(x.scale / y.scale)
    scaled = fixed_point.multiply(_stored(x) - x.zero_point, multiplier, shift) + y.zero_point
    _lookup(build, op, x, y, np.clip(scaled, *stored_range(y.dtype)))


def dequantize(build: Builder, op: Operator) -> None:
    """DEQUANTIZE of 8 bits."""
    x, y = build.input(op, 0, "int8", "uint8"), build.output(op, 0, "float32")
    build.layer(op, Dequantize(x.scale, x.zero_point), [x], [y])


def _stored(x: Value) -> npt.NDArray[np.int64]:
    """All numbers that the value may store, in the order of a lookup table."""
    low, high = stored_range(x.dtype)
    return np.arange(low, high + 1, dtype=np.int64)


def _lookup(build: Builder, op: Operator, x: Value, y: Value, table: npt.NDArray[np.int64]) -> None:
    if x.elements != y.elements:
        refuse(op, f"input {list(x.shape)} and output {list(y.shape)}")
    build.layer(op, Lookup(table.astype(np.uint8) if y.dtype == "uint8" else table.astype(np.int8)), [x], [y])
