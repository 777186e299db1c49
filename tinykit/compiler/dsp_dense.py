"""A layer that is a matrix times vectors, for ``common/tk_dense_dsp.c``: packing, cost and call.

Both the dense kernel and that of convolutions with one output pixel come down to this.
"""

from __future__ import annotations

import numpy as np

from tinykit.compiler.dsp_packing import Words, byte_order, pack_words, words_of
from tinykit.compiler.kernel import Constant, Lowered
from tinykit.compiler.parameters import struct
from tinykit.compiler.program import Conv2D, FullyConnected
from tinykit.compiler.requant import High, Rule, solve_high

# TK_DENSE_CHUNK in tk_dense_dsp.h.
CHUNK = 8
SHARED = ("tk_common.h", "tk_dsp.h", "tk_dsp_fpu.h", "tk_dense_dsp.h", "tk_dense_dsp.c")


def refuse_dense(layer: Conv2D | FullyConnected) -> str | None:
    """Why ``layer`` cannot be computed so, or None."""
    if layer.weights.min() < -127:
        return "a weight is -128"
    if (layer.act_min, layer.act_max) != (-128, 127):
        return "its activation clamps inside the range of int8"
    return "no proved short requantization was found" if _form(layer) is None else None


def dense_cost(rows: int, outputs: int, inputs: int) -> int:
    """Modelled instructions for ``rows`` vectors."""
    words = _words(inputs)
    eights = (outputs + 3) // 8
    four = int(outputs > 8 * eights)
    return rows * (50 + 5 * words + eights * (57 + 15 * words) + four * (60 + 9 * words) + 13 * outputs)


def lower_dense(layer: Conv2D | FullyConnected, rows: int) -> Lowered:
    """The call for ``rows`` vectors that follow each other, weights in the order of a vector."""
    form = _form(layer)
    assert form is not None
    outputs = len(layer.weights)
    weights = layer.weights.reshape(outputs, -1)
    stream = _stream(layer, form)
    call = struct(
        "tk_dense_dsp",
        {
            "stream": "{const.stream}",
            "rows": rows,
            "inputs": weights.shape[1],
            "outputs": outputs,
            "words": _words(weights.shape[1]),
            "accumulator_log2": form.accumulator_log2,
            "rounds": int(form.rounds),
            "sign_step": int(form.sign_step),
        },
    )
    return Lowered(
        call=f"{call}\ntk_dense_dsp({{in0}}, {{out0}}, {{scratch}}, &p);",
        constants=(Constant("stream", stream, "uint32_t"),),
        headers=("tk_dense_dsp.h",),
        scratch_bytes=4 * _words(weights.shape[1]),
        # A row is expanded into the scratch before its outputs are written.
        overlap=(rows == 1 or outputs <= weights.shape[1],),
        flash_read_bytes=rows * stream.nbytes,
    )


def _words(inputs: int) -> int:
    return -(-len(byte_order(inputs)) // CHUNK) * CHUNK


def _stream(layer: Conv2D | FullyConnected, form: High) -> Words:
    outputs = len(layer.weights)
    weights = layer.weights.reshape(outputs, -1)
    inputs = weights.shape[1]
    # Beyond the last channel and the last input there are zeros.
    padded = np.zeros((outputs + 8, inputs), np.int8)
    padded[:outputs] = weights
    order = byte_order(inputs)
    parts = []
    first = 0
    while first < outputs:
        group = 8 if outputs - first > 4 else 4
        words = np.zeros((_words(inputs), group // 2), np.uint32)
        for pair in range(group // 2):
            channel = first + 2 * pair
            words[: len(order), pair] = pack_words(padded[channel], padded[channel + 1], order)
        parts.append(words.reshape(-1))
        for channel in range(first, first + group):
            kept = min(channel, outputs - 1)
            bias = int(layer.bias[kept]) << form.accumulator_log2
            rule = (int(part[kept]) for part in (form.multiplier, form.addend, form.shift))
            parts.append(words_of(bias, *rule))
        first += group
    return np.concatenate(parts)


def _form(layer: Conv2D | FullyConnected) -> High | None:
    rule = Rule.of(layer)
    # The odd channels' sums are made of the upper 24 bits of a word.
    if (
        np.maximum(np.abs(rule.low), np.abs(rule.high)) + np.abs(layer.bias.astype(np.int64)) >= 1 << 23
    ).any():
        return None
    plain = solve_high(rule, accumulator_log2=8, common_shift=False, sign_step=False)
    return plain or solve_high(rule, accumulator_log2=1, common_shift=False, sign_step=True, rounds=True)
