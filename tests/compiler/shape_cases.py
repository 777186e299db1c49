"""Random models of the operators that only move bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from compiler.operator_cases import Case, Rng, any_scale, stored, zero_point
from compiler.writer import Writer


def _shape(rng: Rng, rank: int) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, 8, rank))


def _quantized(rng: Rng) -> dict[str, Any]:
    dtype = str(rng.choice(["int8", "int8", "uint8"]))
    return {"dtype": dtype, "scale": any_scale(rng), "zero_point": zero_point(rng, dtype)}


def pad(rng: Rng) -> Case:
    shape = _shape(rng, int(rng.integers(1, 5)))
    around = rng.integers(0, 4, (len(shape), 2))
    quantized = _quantized(rng)
    w = Writer()
    x = w.tensor(shape, **quantized)
    y = w.tensor(np.array(shape) + around.sum(axis=1), **quantized)
    w.op("PAD", [x, w.constant(around)], [y])
    return Case("PAD", w.finish([x], [y]), (stored(rng, shape, quantized["dtype"]),))


def concatenation(rng: Rng) -> Case:
    shape = list(_shape(rng, int(rng.integers(1, 5))))
    axis, count = int(rng.integers(len(shape))), int(rng.integers(1, 5))
    quantized = _quantized(rng)
    w = Writer()
    inputs, arrays, total = [], [], 0
    for _ in range(count):
        own = shape.copy()
        own[axis] = int(rng.integers(1, 6))
        total += own[axis]
        array = stored(rng, tuple(own), quantized["dtype"])
        is_constant = len(arrays) > 0 and rng.random() < 0.2
        inputs.append(w.tensor(own, data=array[0] if is_constant else None, **quantized))
        arrays.append(None if is_constant else array)
    shape[axis] = total
    y = w.tensor(shape, **quantized)
    w.op("CONCATENATION", inputs, [y], axis=axis - (len(shape) if rng.random() < 0.3 else 0))
    given = [i for i, array in zip(inputs, arrays, strict=True) if array is not None]
    return Case("CONCATENATION", w.finish(given, [y]), tuple(a for a in arrays if a is not None))


def split_v(rng: Rng) -> Case:
    shape = _shape(rng, int(rng.integers(1, 5)))
    axis = int(rng.integers(len(shape)))
    sizes = [int(n) for n in rng.integers(1, 5, int(rng.integers(1, 5)))]
    quantized = _quantized(rng)
    whole = (*shape[:axis], sum(sizes), *shape[axis + 1 :])
    w = Writer()
    x = w.tensor(whole, **quantized)
    parts = [w.tensor((*shape[:axis], n, *shape[axis + 1 :]), **quantized) for n in sizes]
    if rng.random() < 0.3:
        sizes[int(rng.integers(len(sizes)))] = -1
    w.op("SPLIT_V", [x, w.constant(sizes), w.constant(axis)], parts, numSplits=len(sizes))
    return Case("SPLIT_V", w.finish([x], parts), (stored(rng, whole, quantized["dtype"]),))


def strided_slice(rng: Rng) -> Case:
    shape = _shape(rng, int(rng.integers(1, 5)))
    begin, end, stride, out = [], [], [], []
    masks = rng.integers(0, 2, (2, len(shape))) * (rng.random() < 0.5)
    for d, n in enumerate(shape):
        step = int(rng.choice([1, 1, 2, 3, -1, -2]))
        first, last = sorted(int(i) for i in rng.integers(0, n, 2))
        span = (first, last + 1) if step > 0 else (last, first - 1)
        least, most = (0, n) if step > 0 else (n - 1, -1)
        real = (least if masks[0, d] else span[0], most if masks[1, d] else span[1])
        if span[1] < 0:  # -1 in the file means the last element, so such an end can only be masked
            masks[1, d] = 1
            real = (real[0], -1)
        begin.append(span[0])
        end.append(span[1])
        stride.append(step)
        out.append(len(range(real[0], real[1], step)))
    quantized = _quantized(rng)
    bits = [sum(int(bit) << d for d, bit in enumerate(mask)) for mask in masks]
    w = Writer()
    x, y = w.tensor(shape, **quantized), w.tensor(out, **quantized)
    words = [w.constant(numbers) for numbers in (begin, end, stride)]
    w.op("STRIDED_SLICE", [x, *words], [y], beginMask=bits[0], endMask=bits[1])
    return Case("STRIDED_SLICE", w.finish([x], [y]), (stored(rng, shape, quantized["dtype"]),))


def reshape(rng: Rng) -> Case:
    shape = _shape(rng, 4)
    out = [shape[0], int(np.prod(shape[1:]))]
    quantized = _quantized(rng)
    w = Writer()
    x, y = w.tensor(shape, **quantized), w.tensor(out, **quantized)
    w.op("RESHAPE", [x, w.constant(out)], [y], newShape=out)
    return Case("RESHAPE", w.finish([x], [y]), (stored(rng, shape, quantized["dtype"]),))


SHAPES: tuple[Callable[[Rng], Case], ...] = (pad, concatenation, split_v, strided_slice, reshape)
