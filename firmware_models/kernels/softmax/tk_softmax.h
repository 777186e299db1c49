/* Softmax over the last dimension, in fixed point. */
#ifndef TK_SOFTMAX_H
#define TK_SOFTMAX_H

#include "tk_fixed_point.h"

struct tk_softmax {
    const int32_t *exponent; /* exp of minus the distance from the maximum, 0..255, Q0.31 */
    int32_t rows, depth;
};

/* out may be in. */
void tk_softmax(const int8_t *in, int8_t *out, const struct tk_softmax *p);

#endif
