/* Eight neighbouring outputs of a convolution three taps wide, for all channels, with four products where six are due.
 *
 * Winograd's F(2, 3) along a row: of four inputs d and three weights g,
 *   y0 = m0 + m1 + m2,  y1 = m1 - m2 - m3  with  m0 = (d0 - d2) g0,  m1 = (d1 + d2) (g0 + g1 + g2) / 2,
 *   m2 = (d2 - d1) (g0 - g1 + g2) / 2,  m3 = (d1 - d3) g2.
 * Weights are doubled, which makes them whole, and so are the sums: all is exact. For Armv7E-M with a single-precision
 * FPU. */
#ifndef TK_WINOGRAD_DSP_H
#define TK_WINOGRAD_DSP_H

#include "tk_common.h"
#include "tk_dsp_fpu.h"

/* x is [d1 + d2, d2 - d1, d0 - d2, d3 - d1][words][4 pairs of outputs], a word two channels' int16.
 *
 * The stream is, for each two output channels A, B: 2 * bias[A], 2 * bias[B]; for each of the four as in x `words`
 * times a word of weights of A and one of B; behind the third and the fourth multiplier, addend and shift of A, then
 * of B. Weights are loaded in chunks of TK_WINOGRAD_CHUNK words, the first from before them where they are no whole
 * chunks: -2 * words mod TK_WINOGRAD_CHUNK words, the two biases among them, must lie readable there. */
#define TK_WINOGRAD_CHUNK 32

struct tk_winograd {
    int32_t words;        /* at least 1 */
    int32_t pairs;        /* of output channels, at least 1 */
    int32_t pixel_stride; /* bytes from an output to the next */
    int32_t sign_step;    /* requant.py's high form with log2=1: 0 plain, 1 rounds with a sign step */
};

void tk_winograd_8px(const tk_word *x, const uint32_t *stream, int8_t *out, const struct tk_winograd *p);

#endif
