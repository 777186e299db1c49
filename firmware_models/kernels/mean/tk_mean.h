/* Mean over two dimensions r and s of a tensor [a][r][b][s][c]. */
#ifndef TK_MEAN_H
#define TK_MEAN_H

#include "tk_fixed_point.h"

struct tk_mean {
    int32_t a, r, b, s, c;
    int32_t multiplier, shift; /* the division by r * s is in them */
    int32_t zero_point, zero_point_out;
};

void tk_mean(const int8_t *in, int8_t *out, const struct tk_mean *p);

#endif
