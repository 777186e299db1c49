/* A matrix times one vector with the DSP extension: dense layers, and convolutions with a single output pixel. For
 * Armv7E-M with a single-precision FPU. */
#ifndef TK_DENSE_DSP_H
#define TK_DENSE_DSP_H

#include "tk_common.h"
#include "tk_dsp_fpu.h"

/* Inputs are taken in words of two int16, TK_DENSE_CHUNK words at a time, zeros behind the last. Channels are taken in
 * eights, the last up to four in a four. The stream is, for each such group: for each word of inputs one word for
 * each two channels A, A+1, packed as in tk_gemm_dsp.h; then for each channel a struct tk_dense_channel. */
#define TK_DENSE_CHUNK 8

/* bias is scaled as the sums are: by 256, or by 2 with rounding and a sign step (requant.py's high forms). */
struct TK_MAY_ALIAS tk_dense_channel {
    int32_t bias, multiplier, addend, shift;
};

struct tk_dense_dsp {
    const uint32_t *stream;
    int32_t rows, inputs, outputs;
    int32_t words; /* of inputs, a multiple of TK_DENSE_CHUNK */
    int32_t accumulator_log2, rounds, sign_step;
};

/* scratch, aligned to 4, holds `words` words. */
void tk_dense_dsp(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_dense_dsp *p);

#endif
