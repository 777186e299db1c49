"""Tables behind tables become one; a table that only clamps becomes the clamp of the layer before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinykit.compiler.passes import edit
from tinykit.compiler.program import (
    Add,
    Attributes,
    Conv2D,
    DepthwiseConv2D,
    Dequantize,
    FullyConnected,
    Lookup,
    Pool,
    Program,
    Quantize,
)
from tinykit.compiler.translate.scaling import stored_range


def fuse_lookups(program: Program) -> Program:
    """Fuse until nothing more can be."""
    position = 0
    while position < len(program.layers):
        smaller = _fuse_at(program, position)
        if smaller is None:
            position += 1
        else:
            program = smaller
    return program


def _fuse_at(program: Program, keep: int) -> Program | None:
    """The program with the layer at ``keep`` fused with its only reader, or None where that cannot be."""
    first = program.layers[keep]
    drop = edit.sole_reader(program, first.outputs[0])
    if drop is None or not edit.is_plain(program, first.outputs[0]):
        return None
    second = program.layers[drop]
    if program.value(second.outputs[0]).variable is not None:
        return None
    dtypes = (program.input_of(first).dtype, program.output_of(second).dtype)
    attributes = _combined(first.attributes, second.attributes, dtypes)
    if attributes is None or drop <= keep:
        return None
    return edit.merged(program, keep, drop, edit.fused(first, second, attributes, first.inputs))


def _combined(first: Attributes, second: Attributes, dtypes: tuple[str, str]) -> Attributes | None:
    if isinstance(first, Lookup) and isinstance(second, Lookup):
        return Lookup(_through(second.table, first.table))
    if isinstance(first, Dequantize) and isinstance(second, Quantize):
        return Lookup(_requantized(first, second, dtypes))
    if isinstance(first, Conv2D | DepthwiseConv2D | FullyConnected | Add | Pool) and isinstance(
        second, Lookup
    ):
        clamp = _clamp_of(second.table)
        if clamp is None or (isinstance(first, Conv2D) and first.residual is not None):
            return None
        low, high = clamp
        return replace(
            first, act_min=min(max(first.act_min, low), high), act_max=max(min(first.act_max, high), low)
        )
    return None


def _through(
    table: npt.NDArray[np.int8] | npt.NDArray[np.uint8], indices: npt.NDArray[np.int8] | npt.NDArray[np.uint8]
) -> npt.NDArray[np.int8] | npt.NDArray[np.uint8]:
    return table[indices.astype(np.int64) + (128 if indices.dtype == np.int8 else 0)]


def _requantized(
    first: Dequantize, second: Quantize, dtypes: tuple[str, str]
) -> npt.NDArray[np.int8] | npt.NDArray[np.uint8]:
    """The table from the first of ``dtypes`` to the second, in float32 arithmetic as the layers'."""
    low, high = stored_range(dtypes[0])
    stored = np.arange(low, high + 1)
    real = np.float32(first.scale) * (stored - first.zero_point).astype(np.float32)
    quotient = real / np.float32(second.scale)
    whole = np.trunc(quotient)
    away = np.where(np.abs(quotient - whole) >= 0.5, np.sign(quotient), 0)
    table = np.asarray(np.clip(whole + away + second.zero_point, *stored_range(dtypes[1])))
    return table.astype(np.uint8) if dtypes[1] == "uint8" else table.astype(np.int8)


def _clamp_of(table: npt.NDArray[np.int8] | npt.NDArray[np.uint8]) -> tuple[int, int] | None:
    """(low, high) if the table is the identity between these two and flat beyond, else None."""
    if table.dtype != np.int8:
        return None
    low, high = int(table[0]), int(table[-1])
    is_clamp = low <= high and bool((table == np.clip(np.arange(-128, 128), low, high)).all())
    return (low, high) if is_clamp else None
