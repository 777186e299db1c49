/* One element of a quantized sum; used by the ADD kernels and by convolutions that end in a residual ADD. */
#ifndef TK_ADD_ELEMENT_H
#define TK_ADD_ELEMENT_H

#include "tk_fixed_point.h"

struct tk_add_terms {
    int32_t zero_point_1, zero_point_2, zero_point_out;
    int32_t multiplier_1, shift_1, multiplier_2, shift_2, multiplier_out, shift_out;
    int32_t act_min, act_max;
    int32_t left_shift;
};

static inline int8_t tk_add_element(int32_t x1, int32_t x2, const struct tk_add_terms *p)
{
    const int32_t factor = INT32_C(1) << p->left_shift;
    const int32_t a = tk_multiply((x1 - p->zero_point_1) * factor, p->multiplier_1, p->shift_1);
    const int32_t b = tk_multiply((x2 - p->zero_point_2) * factor, p->multiplier_2, p->shift_2);
    const int32_t sum = tk_multiply(a + b, p->multiplier_out, p->shift_out);
    return tk_clamp(tk_wrapping_add(sum, p->zero_point_out), p->act_min, p->act_max);
}

#endif
