"""The kernels for the DSP extension: exact on the emulated core, inside their tensors, as fast as stated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from compiler.m4 import M4, LayerImage, Ran

from tinykit.compiler import fixed_point
from tinykit.compiler.add_fit import SHIFT, fit_add
from tinykit.compiler.program import (
    Add,
    Attributes,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Layer,
    Pool,
    Program,
    Residual,
    Value,
)
from tinykit.compiler.registry import kernels_folder, load_kernel
from tinykit.compiler.requant import Rule, solve_high

Bytes = npt.NDArray[np.int8]
RELU = -128  # an output zero point with which the clamp of int8 is a ReLU


@dataclass(frozen=True)
class Case:
    """A layer alone in a program, its inputs, and what the reference's arithmetic gives for them."""

    kernel: str
    program: Program
    inputs: tuple[Bytes, ...]
    expected: Bytes

    @property
    def layer(self) -> Layer:
        return self.program.layers[0]

    def refusal(self) -> str | None:
        return _kernel(self.kernel).kernel.refuses(self.layer, self.program, M4)

    def image(self, folder: Path, compiler: str = "zig") -> LayerImage:
        assert self.refusal() is None
        return LayerImage(_kernel(self.kernel), self.layer, self.program, folder, compiler)

    def cost(self) -> int:
        return _kernel(self.kernel).kernel.cost(self.layer, self.program, M4)


@cache
def _kernel(name: str) -> Any:
    return load_kernel(kernels_folder() / name)


def _case(kernel: str, attributes: Attributes, inputs: tuple[Bytes, ...], expected: Bytes) -> Case:
    arrays = (*inputs, expected)
    values = tuple(Value(k, array.shape, "int8", 1.0, 0) for k, array in enumerate(arrays))
    layer = Layer(0, "layer_00", attributes, tuple(range(len(inputs))), (len(inputs),), (0,))
    program = Program(values, (layer,), tuple(range(len(inputs))), (len(inputs),), (), "", 0)
    return Case(kernel, program, inputs, expected)


def _parts(seed: int, outputs: int, row: int, spread: float) -> dict[str, Any]:
    """Bias and multipliers that use the whole range of the output."""
    rng = np.random.default_rng(seed)
    return {
        "bias": rng.integers(-2000, 2000, outputs).astype(np.int32),
        "multiplier": rng.uniform(0.5, 1.0, outputs) * spread / np.sqrt(row),
    }


def _windows(
    x: Bytes,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    pad: Any,
    value: int,
) -> npt.NDArray[np.int64]:
    """(N, OH, OW, KH, KW, C)."""
    top, bottom, left, right = pad
    wide = np.pad(x.astype(np.int64), ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(wide, span, axis=(1, 2))
    view = view[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]
    return view.transpose(0, 1, 2, 4, 5, 3)


def conv(
    shape: tuple[int, int, int, int],
    outputs: int,
    kernel: tuple[int, int] = (1, 1),
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    pad: tuple[int, int, int, int] = (0, 0, 0, 0),
    zero_point: int = RELU,
    residual: bool = False,
    name: str = "conv_dsp",
    seed: int = 1,
) -> Case:
    """A convolution of random bytes."""
    rng = np.random.default_rng(seed)
    row = kernel[0] * kernel[1] * shape[3]
    attributes = Conv2D(
        weights=rng.integers(-127, 128, (outputs, *kernel, shape[3])).astype(np.int8),
        **_parts(seed, outputs, row, 0.02),
        input_zero_point=-7,
        output_zero_point=zero_point,
        stride_hw=stride,
        dilation_hw=dilation,
        pad=pad,
        act_min=-128,
        act_max=127,
        residual=Residual(ADD) if residual else None,
    )
    x = rng.integers(-128, 128, shape).astype(np.int8)
    windows = _windows(x, kernel, stride, dilation, pad, -7)
    sums = np.einsum("nyxhwc,ohwc->nyxo", windows, attributes.weights.astype(np.int64)) + attributes.bias
    y = _requantized(attributes, sums)
    if not residual:
        return _case(name, attributes, (x,), y)
    other = rng.integers(-128, 128, y.shape).astype(np.int8)
    return _case(name, attributes, (x, other), fixed_point.add(y, other, ADD).astype(np.int8))


def depthwise(
    shape: tuple[int, int, int, int],
    stride: int = 1,
    pad: tuple[int, int, int, int] = (1, 1, 1, 1),
    seed: int = 2,
    kernel: tuple[int, int] = (3, 3),
    name: str = "depthwise_3x3_dsp",
    **changes: Any,
) -> Case:
    """A depthwise convolution of random bytes, with a ReLU unless ``changes`` say otherwise."""
    rng = np.random.default_rng(seed)
    attributes = replace(
        DepthwiseConv2D(
            weights=rng.integers(-128, 128, (*kernel, shape[3])).astype(np.int8),
            **_parts(seed, shape[3], kernel[0] * kernel[1], 0.02),
            input_zero_point=13,
            output_zero_point=RELU,
            stride_hw=(stride, stride),
            dilation_hw=(1, 1),
            pad=pad,
            act_min=-128,
            act_max=127,
        ),
        **changes,
    )
    x = rng.integers(-128, 128, shape).astype(np.int8)
    windows = _windows(x, kernel, (stride, stride), attributes.dilation_hw, pad, 13)
    sums = np.einsum("nyxhwc,hwc->nyxc", windows, attributes.weights.astype(np.int64)) + attributes.bias
    return _case(name, attributes, (x,), _requantized(attributes, sums))


def dense(batch: int, inputs: int, outputs: int, zero_point: int = 5, seed: int = 3, low: int = -127) -> Case:
    """A dense layer on random bytes."""
    rng = np.random.default_rng(seed)
    attributes = FullyConnected(
        weights=rng.integers(low, 128, (outputs, inputs)).astype(np.int8),
        **_parts(seed, outputs, inputs, 0.02),
        input_zero_point=0,
        output_zero_point=zero_point,
        act_min=-128,
        act_max=127,
        batch=batch,
    )
    x = rng.integers(-128, 128, (batch, inputs)).astype(np.int8)
    sums = x.astype(np.int64) @ attributes.weights.astype(np.int64).T + attributes.bias
    return _case("fully_connected_dsp", attributes, (x,), _requantized(attributes, sums))


def average(
    shape: tuple[int, int, int, int], size: tuple[int, int], pad: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> Case:
    """Average pooling with steps of one."""
    x = np.random.default_rng(4).integers(-128, 128, shape).astype(np.int8)
    attributes = Pool("average", size, (1, 1), pad, -100, 90)
    sums = _windows(x, size, (1, 1), (1, 1), pad, 0).sum(axis=(3, 4))
    counts = _windows(np.ones_like(x), size, (1, 1), (1, 1), pad, 0).sum(axis=(3, 4))
    rounded = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
    return _case("average_pool_dsp", attributes, (x,), np.clip(rounded, -100, 90).astype(np.int8))


def add(shape: tuple[int, ...], other: tuple[int, ...] | None = None) -> Case:
    """A sum of random bytes."""
    rng = np.random.default_rng(5)
    x1 = rng.integers(-128, 128, shape).astype(np.int8)
    x2 = rng.integers(-128, 128, other or shape).astype(np.int8)
    return _case("add_dsp", ADD, (x1, x2), fixed_point.add(x1, x2, ADD).astype(np.int8))


def _requantized(attributes: Any, sums: npt.NDArray[np.int64]) -> Bytes:
    flat = sums.reshape(-1, sums.shape[-1])
    return Rule.of(attributes).apply(flat.T).T.reshape(sums.shape).astype(np.int8)


# The sums of the residual layers of MLPerf Tiny's image classification model look like this.
ADD = Add(4, -128, -128, 1_417_000_000, -1, 1_073_741_824, 0, 1_400_000_000, -18, -128, 127)

CASES: dict[str, Callable[[], Case]] = {
    # Pointwise: whole groups of four pixels and not, channels odd and even, words around a chunk's 32.
    "pointwise": lambda: conv((1, 5, 5, 64), 64),
    "pointwise-no-relu": lambda: conv((1, 4, 3, 16), 12, zero_point=3),
    "pointwise-odd": lambda: conv((1, 3, 3, 7), 5),
    "pointwise-odd-no-relu": lambda: conv((1, 1, 1, 1), 3, zero_point=-20),
    "pointwise-widens": lambda: conv((1, 2, 3, 6), 11),
    "pointwise-batch": lambda: conv((2, 3, 2, 8), 8),
    "words-31": lambda: conv((1, 1, 4, 62), 2),
    "words-33": lambda: conv((1, 1, 4, 66), 2),
    "words-65": lambda: conv((1, 1, 4, 130), 4, zero_point=-1),
    # Windows: rows in the ring and in place, groups within a row and across, neighbours that share inputs.
    "same": lambda: conv((1, 5, 8, 8), 4, (3, 3), pad=(1, 1, 1, 1)),
    "same-across-rows": lambda: conv((1, 6, 5, 3), 6, (3, 3), pad=(1, 1, 1, 1), zero_point=9),
    "one-column": lambda: conv((1, 9, 1, 5), 4, (3, 1), pad=(1, 1, 0, 0)),
    "two-columns": lambda: conv((1, 7, 2, 4), 3, (3, 3), pad=(1, 1, 1, 1)),
    "valid": lambda: conv((1, 6, 7, 4), 4, (3, 2)),
    "stride": lambda: conv((1, 9, 9, 6), 4, (3, 3), (2, 2), pad=(0, 1, 0, 1)),
    "stride-three": lambda: conv((1, 8, 10, 2), 4, (2, 3), (3, 3), pad=(1, 0, 1, 1)),
    "dilated": lambda: conv((1, 7, 9, 5), 4, (3, 2), dilation=(2, 3), pad=(2, 2, 1, 2)),
    "dilated-rows": lambda: conv((1, 9, 8, 4), 2, (2, 3), dilation=(3, 1), pad=(0, 3, 1, 1)),
    "whole-input": lambda: conv((2, 3, 4, 5), 6, (3, 4)),
    "batch": lambda: conv((3, 4, 3, 3), 3, (3, 3), pad=(1, 1, 1, 1)),
    "wide-border": lambda: conv((1, 3, 3, 2), 2, (5, 5), pad=(4, 3, 3, 4)),
    "residual": lambda: conv((1, 4, 8, 4), 6, (3, 3), pad=(1, 1, 1, 1), zero_point=4, residual=True),
    "residual-odd": lambda: conv((1, 3, 3, 5), 7, zero_point=4, residual=True),
    "winograd": lambda: conv((1, 5, 8, 4), 4, (3, 3), pad=(1, 1, 1, 1), name="conv_winograd_dsp"),
    "winograd-no-relu": lambda: conv(
        (2, 4, 16, 8), 6, (3, 3), pad=(1, 1, 1, 1), zero_point=-31, name="conv_winograd_dsp"
    ),
    "winograd-chunks": lambda: conv((1, 3, 8, 12), 2, (3, 3), pad=(1, 1, 1, 1), name="conv_winograd_dsp"),
    "winograd-row": lambda: conv((1, 2, 10, 4), 2, (1, 3), zero_point=7, name="conv_winograd_dsp"),
    "winograd-rows": lambda: conv(
        (1, 9, 9, 4), 2, (4, 3), (2, 1), (2, 1), (3, 1, 0, 1), name="conv_winograd_dsp"
    ),
    "winograd-residual": lambda: conv(
        (1, 3, 8, 8), 4, (3, 3), pad=(1, 1, 1, 1), zero_point=4, residual=True, name="conv_winograd_dsp"
    ),
    "vector": lambda: conv((1, 1, 1, 30), 62, name="conv_vector_dsp"),
    "vector-window": lambda: conv((2, 3, 1, 7), 5, (3, 1), zero_point=8, name="conv_vector_dsp"),
    "depthwise": lambda: depthwise((1, 6, 5, 3)),
    "depthwise-wide": lambda: depthwise((1, 2, 20, 2)),
    "depthwise-tall": lambda: depthwise((1, 11, 4, 2)),
    "depthwise-one": lambda: depthwise((1, 1, 1, 5)),
    "depthwise-valid": lambda: depthwise((1, 5, 9, 2), pad=(0, 0, 0, 0)),
    "depthwise-stride": lambda: depthwise((1, 9, 9, 3), 2, (0, 1, 0, 1)),
    "depthwise-stride-even": lambda: depthwise((1, 12, 8, 2), 2, (0, 1, 0, 1)),
    "depthwise-stride-tall": lambda: depthwise((1, 15, 6, 2), 2, (1, 1, 1, 1)),
    "depthwise-stride-valid": lambda: depthwise((1, 8, 10, 1), 2, (0, 0, 0, 0)),
    "depthwise-batch": lambda: depthwise((2, 4, 4, 2)),
    "taps": lambda: depthwise((1, 21, 1, 30), pad=(0, 0, 0, 0), kernel=(21, 1), name="depthwise_dsp"),
    "taps-no-relu": lambda: depthwise(
        (1, 5, 4, 7), pad=(1, 2, 2, 1), kernel=(2, 4), name="depthwise_dsp", output_zero_point=11
    ),
    "taps-dilated": lambda: depthwise(
        (2, 6, 7, 4), 2, (2, 2, 2, 2), name="depthwise_dsp", dilation_hw=(2, 2), output_zero_point=-3
    ),
    "dense": lambda: dense(1, 64, 12),
    "dense-odd": lambda: dense(3, 13, 7),
    "dense-one": lambda: dense(1, 320, 1, zero_point=-128),
    "dense-eights": lambda: dense(1, 70, 21, zero_point=-128),
    "dense-five": lambda: dense(2, 17, 5, zero_point=100),
    "dense-short": lambda: dense(2, 2, 5),
    "add": lambda: add((1, 5, 3, 7)),
    "average": lambda: average((1, 5, 4, 8), (5, 4)),
    "average-border": lambda: average((2, 4, 5, 6), (3, 3), (1, 1, 1, 1)),
}


def _run_all(case: Case, image: LayerImage) -> Ran:
    ran = image.run(*case.inputs)
    np.testing.assert_array_equal(ran.output, case.expected)
    for position, may in enumerate(image.lowered.overlap):
        if may:
            in_place = image.run(*case.inputs, in_place=position)
            np.testing.assert_array_equal(in_place.output, case.expected)
    return ran


@pytest.mark.parametrize("name", CASES)
def test_equals_the_reference_inside_its_tensors(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    _run_all(case, case.image(tmp_path))


@pytest.mark.parametrize(
    "name",
    ["pointwise-odd", "same", "residual", "winograd-no-relu", "depthwise-stride", "dense-odd", "average"],
)
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
def test_gcc_gives_the_same(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    _run_all(case, case.image(tmp_path, "gcc"))


# Shapes of MLPerf Tiny's layers, some of them smaller.
COSTED: dict[str, Callable[[], Case]] = {
    "kws-first": lambda: conv((1, 49, 10, 1), 64, (10, 4), (2, 2), pad=(4, 5, 1, 1)),
    "kws-pointwise": lambda: conv((1, 25, 5, 64), 64),
    "kws-depthwise": lambda: depthwise((1, 25, 5, 64)),
    "ic-first": lambda: conv((1, 32, 32, 3), 16, (3, 3), pad=(1, 1, 1, 1)),
    "ic-same": lambda: conv((1, 16, 16, 16), 16, (3, 3), pad=(1, 1, 1, 1)),
    "ic-residual": lambda: conv((1, 16, 16, 16), 16, (3, 3), pad=(1, 1, 1, 1), zero_point=4, residual=True),
    "ic-winograd": lambda: conv((1, 16, 16, 16), 16, (3, 3), pad=(1, 1, 1, 1), name="conv_winograd_dsp"),
    "ic-winograd-residual": lambda: conv(
        (1, 8, 32, 16),
        16,
        (3, 3),
        pad=(1, 1, 1, 1),
        zero_point=4,
        residual=True,
        name="conv_winograd_dsp",
    ),
    "ic-stride": lambda: conv((1, 16, 16, 16), 32, (3, 3), (2, 2), pad=(0, 1, 0, 1)),
    "ic-deep": lambda: conv((1, 8, 8, 64), 64, (3, 3), pad=(1, 1, 1, 1), zero_point=0),
    "vww-pointwise": lambda: conv((1, 24, 24, 8), 16),
    "vww-depthwise": lambda: depthwise((1, 48, 48, 4)),
    "vww-depthwise-stride": lambda: depthwise((1, 24, 24, 8), 2, (0, 1, 0, 1)),
    "vww-depthwise-small": lambda: depthwise((1, 6, 6, 32)),
    "wake-word-depthwise": lambda: depthwise(
        (1, 21, 1, 64), pad=(0,) * 4, kernel=(21, 1), name="depthwise_dsp"
    ),
    "ad-dense": lambda: dense(1, 640, 128, zero_point=-128),
    "dense-last": lambda: dense(1, 64, 12),
    "wake-word": lambda: conv((1, 1, 1, 64), 64, name="conv_vector_dsp"),
    "add": lambda: add((1, 16, 16, 8)),
    "kws-pool": lambda: average((1, 25, 5, 64), (25, 5)),
}


@pytest.mark.parametrize("name", COSTED)
def test_cost_is_what_is_counted(name: str, tmp_path: Path) -> None:
    case = COSTED[name]()
    counted = _run_all(case, case.image(tmp_path)).instructions
    assert case.cost() == pytest.approx(counted, rel=0.1)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (lambda: conv((1, 2, 2, 3), 1), "one output channel"),
        (lambda: depthwise((1, 4, 4, 2), output_zero_point=0), "requantization"),
        (lambda: depthwise((1, 4, 4, 2), act_min=-100), "clamps"),
        (lambda: depthwise((1, 3, 61, 1)), "columns"),
        (lambda: depthwise((1, 4, 4, 3), name="depthwise_dsp"), "4 channels"),
        (lambda: dense(1, 200, 4, low=-128), "-128"),
        (lambda: add((1, 2, 3, 4), (4,)), "broadcasts"),
        (lambda: conv((1, 3, 3, 4), 4, name="conv_vector_dsp"), "whole input"),
        (lambda: conv((1, 3, 8, 64), 64, (3, 3), pad=(1,) * 4, name="conv_winograd_dsp"), "flash"),
        (lambda: conv((1, 3, 7, 4), 4, (3, 3), pad=(1,) * 4, name="conv_winograd_dsp"), "columns"),
    ],
)
def test_refuses_with_a_reason(case: Callable[[], Case], reason: str) -> None:
    assert reason in str(case().refusal())


def test_fast_pointwise_needs_less_than_one_instruction_a_product(tmp_path: Path) -> None:
    case = conv((1, 25, 5, 64), 64)
    counted = case.image(tmp_path).run(*case.inputs).instructions
    assert counted < 0.9 * 25 * 5 * 64 * 64


@pytest.mark.parametrize("rounds", [False, True])
def test_form_rounds_as_the_assembly_does(rounds: bool) -> None:
    attributes = conv((1, 1, 1, 8), 6).layer.attributes
    assert isinstance(attributes, Conv2D)
    log2 = 1 if rounds else 8
    form = solve_high(
        Rule.of(attributes), accumulator_log2=log2, common_shift=False, sign_step=rounds, rounds=rounds
    )
    assert form is not None
    assert form.rounds is rounds


def test_fitted_sum_equals_the_rule_on_all_pairs() -> None:
    fit = fit_add(ADD)
    assert fit is not None
    x = np.arange(-128, 128)
    total = fit.multiplier_1 * x[:, None] + fit.multiplier_2 * x[None, :] + fit.addend
    expected = fixed_point.add(x[:, None], x[None, :], ADD)
    np.testing.assert_array_equal(np.clip(total >> SHIFT, -128, 127), expected)


def test_sum_that_clamps_inside_the_range_is_not_fitted() -> None:
    assert fit_add(replace(ADD, act_min=-50)) is None
