#include "tk_add.h"

static int8_t *add_row(const int8_t *in1, const int8_t *in2, int8_t *out, const struct tk_add *p)
{
    for (int32_t n = p->size[4]; n > 0; n--) {
        *out++ = tk_add_element(*in1, *in2, &p->terms);
        in1 += p->step_1[4];
        in2 += p->step_2[4];
    }
    return out;
}

void tk_add(const int8_t *in1, const int8_t *in2, int8_t *out, const struct tk_add *p)
{
    const int32_t *s1 = p->step_1;
    const int32_t *s2 = p->step_2;
    for (int32_t a = 0; a < p->size[0]; a++) {
        for (int32_t b = 0; b < p->size[1]; b++) {
            for (int32_t c = 0; c < p->size[2]; c++) {
                for (int32_t d = 0; d < p->size[3]; d++) {
                    out = add_row(in1 + a * s1[0] + b * s1[1] + c * s1[2] + d * s1[3],
                                  in2 + a * s2[0] + b * s2[1] + c * s2[2] + d * s2[3], out, p);
                }
            }
        }
    }
}
