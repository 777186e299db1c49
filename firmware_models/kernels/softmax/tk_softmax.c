#include "tk_softmax.h"

/* a * b in Q2.29 * Q2.29 -> Q2.29. */
static int32_t multiply_q2(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)tk_high_multiply(a, b) << 2);
}

/* 1 / (1 + x) for x in Q0.31 from 0 to 1: three Newton-Raphson steps from 48/17 - 32/17 * (1 + x) / 2. */
static int32_t reciprocal(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) >> 1);
    int32_t y = INT32_C(1515870810) + tk_high_multiply(half, -INT32_C(1010580540));
    for (int i = 0; i < 3; i++) {
        const int32_t error = (INT32_C(1) << 29) - tk_high_multiply(half, y);
        y += multiply_q2(y, error);
    }
    return y >= (INT32_C(1) << 30) ? INT32_MAX : y * 2;
}

static int32_t leading_zeros(uint32_t x)
{
    int32_t n = 0;
    for (; (x & (UINT32_C(1) << 31)) == 0; x <<= 1) {
        n++;
    }
    return n;
}

static void softmax_row(const int8_t *in, int8_t *out, const struct tk_softmax *p)
{
    int32_t most = INT8_MIN;
    uint32_t total = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        most = tk_max(most, in[i]);
    }
    for (int32_t i = 0; i < p->depth; i++) {
        total += (uint32_t)tk_rounding_shift(p->exponent[most - in[i]], 12);
    }
    const int32_t zeros = leading_zeros(total);
    const int32_t shift = 12 - zeros + 23;
    const int32_t scale = reciprocal((int32_t)((total << zeros) - (UINT32_C(1) << 31)));
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t y = tk_high_multiply(scale, p->exponent[most - in[i]]);
        /* Over many equal elements each share rounds to 0. */
        const int32_t share = shift > 31 ? 0 : tk_rounding_shift(y, shift);
        out[i] = tk_clamp(share + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void tk_softmax(const int8_t *in, int8_t *out, const struct tk_softmax *p)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        softmax_row(in, out, p);
    }
}
