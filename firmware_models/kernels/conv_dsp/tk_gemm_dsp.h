/* Four pixels times all channels: the inner product of DSP convolutions, for Armv7E-M with a single-precision FPU. */
#ifndef TK_GEMM_DSP_H
#define TK_GEMM_DSP_H

#include "tk_common.h"
#include "tk_dsp_fpu.h"

/* A word of x holds two of a pixel's inputs as int16; x is [words][4 pixels].
 *
 * A word of weights holds the weights of the same two inputs for two channels, A and A+1, as int16:
 * 256 * w[A+1] + w[A]. The stream is, for each pair of channels, in this order:
 *   bias[A] + 256 * bias[A+1], bias[A];  `words` words of weights;  multiplier, addend, shift of A+1, then of A.
 * Weights are loaded in chunks of TK_GEMM_CHUNK words, the first of a pair from before its weights where they are no
 * whole chunks: -words mod TK_GEMM_CHUNK words, the two biases among them, must lie readable there. */
#define TK_GEMM_CHUNK 32

/* How sums become bytes: one of the names below. They are places in tk_gemm_4px, not functions to be called. */
typedef void tk_gemm_finish(void);

struct tk_gemm {
    int32_t words;        /* per pixel; at least 1 */
    int32_t pairs;        /* of channels; at least 1 */
    int32_t pixel_stride; /* bytes from an output pixel to the next */
    tk_gemm_finish *finish;
};

/* The high forms of requant.py: log2=8 with one shift for all channels, in the name; log2=8; log2=1, rounds, sign step. */
tk_gemm_finish tk_gemm_finish_12, tk_gemm_finish_13, tk_gemm_finish_14, tk_gemm_finish_15, tk_gemm_finish_16,
    tk_gemm_finish_17, tk_gemm_finish_18, tk_gemm_finish_19, tk_gemm_finish_20;
tk_gemm_finish tk_gemm_finish_shift;
tk_gemm_finish tk_gemm_finish_step;

/* out[pixel * pixel_stride + channel] for 4 pixels and 2 * pairs channels. */
void tk_gemm_4px(const tk_word *x, const uint32_t *stream, int8_t *out, const struct tk_gemm *p);

#endif
