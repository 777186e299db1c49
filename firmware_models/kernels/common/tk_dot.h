/* Sums of products over contiguous bytes, the heart of convolutions and dense layers.
 *
 * The sums wrap modulo 2**32, as the reference's do with large biases. */
#ifndef TK_DOT_H
#define TK_DOT_H

#include "tk_common.h"

static inline uint32_t tk_product(int8_t x, int8_t w) { return (uint32_t)((int32_t)x * w); }

/* acc[0] += x . w[0..n), acc[1] += x . w[n..2n): x is loaded once for two rows of weights. */
TK_APART static void tk_dot_2(const int8_t *x, const int8_t *w, int32_t n, uint32_t acc[2])
{
    const int8_t *second = w + n;
    uint32_t a = acc[0];
    uint32_t b = acc[1];
    TK_ROLLED
    for (int32_t i = 0; i < n; i++) {
        a += tk_product(x[i], w[i]);
        b += tk_product(x[i], second[i]);
    }
    acc[0] = a;
    acc[1] = b;
}

TK_APART static uint32_t tk_dot(const int8_t *x, const int8_t *w, int32_t n, uint32_t acc)
{
    TK_ROLLED
    for (int32_t i = 0; i < n; i++) {
        acc += tk_product(x[i], w[i]);
    }
    return acc;
}

#endif
