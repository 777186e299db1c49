#include "tk_slice.h"

static int8_t *slice_row(const int8_t *in, int8_t *out, const struct tk_slice *p)
{
    const int32_t n = p->size[4];
    if (p->step[4] == 1) {
        tk_copy(in, out, n);
        return out + n;
    }
    for (int32_t i = 0; i < n; i++) {
        out[i] = in[i * p->step[4]];
    }
    return out + n;
}

void tk_slice(const void *in, void *out, const struct tk_slice *p)
{
    const int32_t *step = p->step;
    const int8_t *first = (const int8_t *)in + p->start;
    int8_t *to = out;
    for (int32_t a = 0; a < p->size[0]; a++) {
        for (int32_t b = 0; b < p->size[1]; b++) {
            for (int32_t c = 0; c < p->size[2]; c++) {
                for (int32_t d = 0; d < p->size[3]; d++) {
                    to = slice_row(first + a * step[0] + b * step[1] + c * step[2] + d * step[3], to, p);
                }
            }
        }
    }
}
