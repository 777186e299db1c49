/* How a 32-bit sum becomes an 8-bit output: the reference's rules as they stand, for any multiplier. */
#ifndef TK_REQUANTIZE_H
#define TK_REQUANTIZE_H

#include "tk_fixed_point.h"

/* One multiplier for each output channel. */
struct tk_requantize {
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t zero_point, act_min, act_max;
};

static inline int8_t tk_requantize(int32_t acc, int32_t channel, const struct tk_requantize *p)
{
    const int32_t scaled = tk_multiply(acc, p->multiplier[channel], p->shift[channel]);
    return tk_clamp(tk_wrapping_add(scaled, p->zero_point), p->act_min, p->act_max);
}

#endif
