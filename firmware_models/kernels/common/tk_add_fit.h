/* A quantized sum in four instructions, where numbers were found that give the reference's result for all pairs of bytes. */
#ifndef TK_ADD_FIT_H
#define TK_ADD_FIT_H

#include "tk_dsp.h"

/* y = saturate((multiplier_1 * x1 + multiplier_2 * x2 + addend) >> TK_ADD_SHIFT) */
#define TK_ADD_SHIFT 22

struct tk_add_fit {
    int32_t multiplier_1, multiplier_2, addend;
};

static inline int8_t tk_add_fit_element(int32_t x1, int32_t x2, const struct tk_add_fit *p)
{
    int32_t sum = p->multiplier_1 * x1 + (p->multiplier_2 * x2 + p->addend);
    __asm__("ssat %0, #8, %1, asr %2" : "=r"(sum) : "r"(sum), "I"(TK_ADD_SHIFT));
    return (int8_t)sum;
}

/* out may be either input. */
static inline void tk_add_fit(const int8_t *in1, const int8_t *in2, int8_t *out, int32_t n,
                              const struct tk_add_fit *p)
{
    const struct tk_add_fit fit = *p;
    for (; n >= 4; n -= 4, in1 += 4, in2 += 4, out += 4) {
        for (int32_t i = 0; i < 4; i++) {
            out[i] = tk_add_fit_element(in1[i], in2[i], &fit);
        }
    }
    for (; n > 0; n--) {
        *out++ = tk_add_fit_element(*in1++, *in2++, &fit);
    }
}

#endif
