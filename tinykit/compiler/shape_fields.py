"""Fields that the parameters of several kernels share: of windows that slide, and of a residual ADD."""

from __future__ import annotations

from tinykit.compiler.add_fit import fit_add
from tinykit.compiler.parameters import Field, struct
from tinykit.compiler.program import Conv2D, DepthwiseConv2D, Layer, Pool, Program


def pool_fields(layer: Layer, program: Program) -> dict[str, Field]:
    """Of a pooling layer: sizes, window, stride, padding and clamp."""
    pool = layer.attributes
    assert isinstance(pool, Pool)
    return _sizes(layer, program, pool) | {
        "filter_height": pool.filter_hw[0],
        "filter_width": pool.filter_hw[1],
        "act_min": pool.act_min,
        "act_max": pool.act_max,
    }


def convolution_fields(layer: Layer, program: Program) -> dict[str, Field]:
    """Of a convolution, deep or depthwise: sizes, kernel, stride, dilation and padding."""
    conv = layer.attributes
    assert isinstance(conv, Conv2D | DepthwiseConv2D)
    height, width = conv.weights.shape[1:3] if isinstance(conv, Conv2D) else conv.weights.shape[:2]
    return _sizes(layer, program, conv) | {
        "kernel_height": height,
        "kernel_width": width,
        "dilation_height": conv.dilation_hw[0],
        "dilation_width": conv.dilation_hw[1],
    }


def _sizes(layer: Layer, program: Program, window: Pool | Conv2D | DepthwiseConv2D) -> dict[str, Field]:
    batch, height, width, channels = program.input_of(layer).shape
    _, out_height, out_width, _ = program.output_of(layer).shape
    return {
        "batch": batch,
        "height": height,
        "width": width,
        "channels": channels,
        "out_height": out_height,
        "out_width": out_width,
        "stride_height": window.stride_hw[0],
        "stride_width": window.stride_hw[1],
        "pad_top": window.pad[0],
        "pad_left": window.pad[2],
    }


def row_source(conv: Conv2D, shape: tuple[int, ...]) -> dict[str, Field]:
    """``struct tk_row_source``: the input of ``shape`` and the border around it."""
    _, height, width, channels = shape
    return {
        "height": height,
        "row_bytes": width * channels,
        "pad_top": conv.pad[0],
        "pad_left_bytes": conv.pad[2] * channels,
        "padding": conv.input_zero_point,
    }


def call_with_residual(conv: Conv2D, function: str, fields: dict[str, Field]) -> str:
    """A call of ``function`` with its struct, whose ``residual`` says how the second input is added."""
    if conv.residual is None:
        return f"{struct(function, fields)}\n{function}({{in0}}, 0, {{out0}}, {{scratch}}, &p);"
    fit = fit_add(conv.residual.add)
    assert fit is not None
    lines = (
        struct("tk_add_fit", vars(fit), "residual"),
        struct(function, fields | {"residual": "&residual"}),
        f"{function}({{in0}}, {{in1}}, {{out0}}, {{scratch}}, &p);",
    )
    return "\n".join(lines)
