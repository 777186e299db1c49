"""A model written by hand in C, in the shape that the compiler emits: two layers and state between runs.

Layer 0 multiplies 16 int8 inputs by weights and shifts; layer 1 adds a counter that `tk_reset` clears.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinykit.boards import load_board
from tinykit.toolchain import BuiltImage, build_image

SIZE = 16
WEIGHTS = tuple(range(-8, 8))

_HEADER = """
#ifndef MODEL_H
#define MODEL_H
#include <stdint.h>
void *tk_input(int index);
const void *tk_output(int index);
void tk_invoke(void);
void tk_step(int layer);
void tk_reset(void);
#define TK_MODEL_SHA256 "%(sha256)s"
#define TK_MODEL_ID "hand"
#define TK_ENCODING_RAW 0
#define TK_ENCODING_UINT8_MINUS_128 1
#define TK_ENCODING_FLOAT32 2
#define TK_INPUT_ENCODING TK_ENCODING_RAW
#define TK_LAYER_COUNT 2
#define TK_INPUT_COUNT 1
#define TK_OUTPUT_COUNT 1
#define TK_OUTPUT_0_ELEMENTS 16
#define TK_OUTPUT_0_ZERO_POINT (0)
#endif
"""

_WIRE = """
#define TK_DB_BYTES 16u
#define TK_DB_ELEMENT_BYTES 1u
#define TK_WIRE_INPUTS {16u, "0,int8,16,3f800000,0,16"}
#define TK_WIRE_OUTPUTS {16u, "0,int8,16,3f000000,0,16"}
#define TK_RESULTS_INT8 0
#define TK_RESULTS_UINT8 1
#define TK_RESULTS_FLOAT32 2
#define TK_RESULTS_ERROR 3
#define TK_RESULTS TK_RESULTS_INT8
#define TK_RESULTS_MANTISSA 8388608u
#define TK_RESULTS_EXPONENT (-24)
#define TK_RESULTS_CUT 0
"""

_SOURCE = """
#include "model.h"
static int8_t arena[48] __attribute__((aligned(16)));
static int8_t count;
static const int8_t weights[16] = {%(weights)s};
void *tk_input(int index) { (void)index; return arena; }
const void *tk_output(int index) { (void)index; return arena + 32; }
void tk_reset(void) { count = 0; }

__attribute__((noinline)) static void kernel(int8_t *to, const int8_t *from)
{
    for (int i = 0; i < 16; i++) { to[i] = (int8_t)((from[i] * weights[i]) >> 3); }
    %(in_kernel)s
}
__attribute__((noinline)) static void tk_layer_00_multiply(void) { kernel(arena + 16, arena); }
__attribute__((noinline)) static void tk_layer_01_count(void)
{
    count++;
    for (int i = 0; i < 16; i++) { arena[32 + i] = (int8_t)(arena[16 + i] + count); }
    %(in_layer)s
}
void tk_invoke(void) { tk_layer_00_multiply(); tk_layer_01_count(); }
void tk_step(int layer)
{
    if (layer == 0) { tk_layer_00_multiply(); } else { tk_layer_01_count(); }
}
"""


def write(folder: Path, *, in_kernel: str = "", in_layer: str = "", top: str = "") -> None:
    """Write ``model.h`` and ``model.c``; C goes into the kernel, the last layer, the file's top."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.h").write_text(_HEADER % {"sha256": "0" * 64})
    (folder / "wire_model.h").write_text(_WIRE)
    text = _SOURCE % {
        "weights": ", ".join(map(str, WEIGHTS)),
        "in_kernel": in_kernel,
        "in_layer": in_layer,
    }
    (folder / "model.c").write_text(top + "\n" + text)


def build(
    folder: Path, board: str = "virtual-m4", *, toolchain: str = "zig", strict: bool = True, **code: str
) -> BuiltImage:
    write(folder, **code)
    return build_image(load_board(board), folder, ["model.c"], ["."], toolchain=toolchain, strict=strict)


def expected(inputs: np.ndarray, *, reset_each: bool = True) -> np.ndarray:
    """What the model gives for ``inputs`` (N, 16) int8, by its definition."""
    products = (inputs.astype(np.int32) * np.array(WEIGHTS)) >> 3
    counts = np.ones(len(inputs)) if reset_each else np.arange(1, len(inputs) + 1)
    return (products + counts[:, None].astype(np.int32)).astype(np.int8)
