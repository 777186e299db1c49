#include "tk_quantize.h"

static int32_t round_half_away(float x)
{
    const int32_t whole = (int32_t)x;
    const float rest = x - (float)whole;
    return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
}

static int32_t quantize(float x, const struct tk_quantize *p)
{
    const float scaled = x / p->scale;
    /* Beyond these the result is clamped; within them the conversion to an integer is defined. */
    if (scaled >= 1024.0f) {
        return p->high;
    }
    if (!(scaled > -1024.0f)) {
        return p->low;
    }
    return tk_min(tk_max(round_half_away(scaled) + p->zero_point, p->low), p->high);
}

void tk_quantize(const tk_float *in, uint8_t *out, int32_t n, const struct tk_quantize *p)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = (uint8_t)quantize(in[i], p);
    }
}
