"""``wire_model.h``: what the firmware's serial dialect needs to know about the model beyond ``model.h``."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

from tinykit.compiler.emit.identity import Identity, InputEncoding
from tinykit.compiler.names import comment
from tinykit.compiler.program import Program, Value
from tinykit.errors import ModelError

_TEMPLATE = """/* How a host sends inputs and reads outputs. Only tinykit's firmware needs this file. */
#ifndef TK_WIRE_MODEL_H
#define TK_WIRE_MODEL_H

/* The buffer for what a host sends, and the size of an element where there is one input (else 1). */
#define TK_DB_BYTES {db_bytes}u
#define TK_DB_ELEMENT_BYTES {element_bytes}u

/* Bytes, and: index, dtype, bytes, scale (a float32's bits), zero point, shape. Inputs as they are sent. */
#define TK_WIRE_INPUTS {inputs}
#define TK_WIRE_OUTPUTS {outputs}

/* How `results` shows output 0. Its scale is MANTISSA * 2^EXPONENT; CUT: decimals are not rounded. */
#define TK_RESULTS_INT8 0
#define TK_RESULTS_UINT8 1
#define TK_RESULTS_FLOAT32 2
#define TK_RESULTS_ERROR 3
#define TK_RESULTS {results}
#define TK_RESULTS_MANTISSA {mantissa}u
#define TK_RESULTS_EXPONENT ({exponent})
#define TK_RESULTS_CUT {cut}

#endif
"""

# What MLPerf Tiny's reference firmware answers for these ids.
_CUT = "kws01"
_ERROR = "ad01"


def wire_model_h(program: Program, identity: Identity) -> str:
    """The header's text. Raises ModelError, code MLPERF_MODEL, for a model that the id's encoding cannot be
    used with.
    """
    _check(program, identity)
    sent = _sent(program, identity)
    outputs = [program.value(i) for i in program.outputs]
    mantissa, exponent = _binary(outputs[0].scale)
    results = "ERROR" if identity.model_id == _ERROR else outputs[0].dtype.upper()
    return _TEMPLATE.format(
        db_bytes=_sent_bytes(program, identity),
        element_bytes=sent[0].size_bytes // sent[0].elements if len(sent) == 1 else 1,
        inputs=", ".join(_end(k, value) for k, value in enumerate(sent)),
        outputs=", ".join(_end(k, value) for k, value in enumerate(outputs)),
        results=f"TK_RESULTS_{results}",
        mantissa=mantissa,
        exponent=exponent,
        cut=int(identity.model_id == _CUT),
    )


def buffer_bytes(program: Program, identity: Identity) -> int:
    """RAM for inputs: as they are sent, and once more where the firmware quantizes them."""
    quantized = identity.encoding is InputEncoding.FLOAT32
    return _sent_bytes(program, identity) + quantized * program.value(program.inputs[0]).size_bytes


def _sent_bytes(program: Program, identity: Identity) -> int:
    return sum(value.size_bytes for value in _sent(program, identity))


def _sent(program: Program, identity: Identity) -> list[Value]:
    """The inputs as a host sends them: a byte less 128 is an int8 whose zero point is 128 lower."""
    values = [program.value(i) for i in program.inputs]
    if identity.encoding is InputEncoding.UINT8_MINUS_128:
        values = [replace(v, dtype="uint8", zero_point=v.zero_point + 128) for v in values]
    elif identity.encoding is InputEncoding.FLOAT32:
        values = [replace(v, dtype="float32", scale=0.0, zero_point=0) for v in values]
    return values


def _check(program: Program, identity: Identity) -> None:
    inputs = [program.value(i) for i in program.inputs]
    output = program.value(program.outputs[0])
    problem = ""
    if identity.encoding is not InputEncoding.RAW and [value.dtype for value in inputs] != ["int8"]:
        problem = f"takes one int8 input, and the model has {', '.join(v.dtype for v in inputs) or 'none'}"
    elif identity.model_id == _ERROR and (output.dtype, output.elements) != ("int8", inputs[0].elements):
        problem = (
            f"compares its input with an int8 output of as many elements, and the model gives"
            f" {output.elements} of {output.dtype} for {inputs[0].elements}"
        )
    if problem:
        raise ModelError(
            f"The benchmark {identity.model_id} {problem}.",
            hint="name the benchmark that the model was made for, or leave --mlperf out.",
            code="MLPERF_MODEL",
        )


def _end(index: int, value: Value) -> str:
    bits = struct.unpack("<I", struct.pack("<f", value.scale))[0]
    shape = "x".join(map(str, value.shape)) or "1"
    facts = f"{index},{value.dtype},{value.size_bytes},{bits:08x},{value.zero_point},{shape}"
    return f'{{{value.size_bytes}u, "{comment(facts, limit=200)}"}}'


def _binary(scale: float) -> tuple[int, int]:
    """``scale``, a float32, as integer times power of two. A float's own value has no scale: 0."""
    fraction, exponent = math.frexp(scale)
    return int(math.ldexp(fraction, 24)), exponent - 24
