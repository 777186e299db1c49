/* Real numbers to 8 bits. */
#ifndef TK_QUANTIZE_H
#define TK_QUANTIZE_H

#include "tk_common.h"

struct tk_quantize {
    float scale;
    int32_t zero_point;
    int32_t low, high; /* of the output's type: -128 and 127, or 0 and 255 */
};

/* round(x / scale) + zero_point, half away from zero, clamped; what is not a number becomes the lowest. */
void tk_quantize(const tk_float *in, uint8_t *out, int32_t n, const struct tk_quantize *p);

#endif
