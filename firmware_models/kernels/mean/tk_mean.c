#include "tk_mean.h"

static int8_t mean(const int8_t *in, const struct tk_mean *p)
{
    int32_t sum = -p->r * p->s * p->zero_point;
    for (int32_t r = 0; r < p->r; r++, in += p->b * p->s * p->c) {
        for (int32_t s = 0; s < p->s; s++) {
            sum += in[s * p->c];
        }
    }
    return tk_clamp(tk_multiply(sum, p->multiplier, p->shift) + p->zero_point_out, INT8_MIN, INT8_MAX);
}

void tk_mean(const int8_t *in, int8_t *out, const struct tk_mean *p)
{
    for (int32_t a = 0; a < p->a; a++, in += p->r * p->b * p->s * p->c) {
        for (int32_t b = 0; b < p->b; b++) {
            for (int32_t c = 0; c < p->c; c++) {
                *out++ = mean(in + b * p->s * p->c + c, p);
            }
        }
    }
}
