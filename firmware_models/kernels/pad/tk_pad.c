#include "tk_pad.h"

/* Where reading and writing have got to. */
struct cursor {
    const int8_t *in;
    int8_t *out;
};

static void fill(struct cursor *at, int8_t value, int32_t n)
{
    tk_fill(at->out, value, n);
    at->out += n;
}

static void row(struct cursor *at, const struct tk_pad *p)
{
    fill(at, p->value, p->before[4]);
    tk_copy(at->in, at->out, p->size[4]);
    at->in += p->size[4];
    at->out += p->size[4];
    fill(at, p->value, p->after[4]);
}

static int32_t padded(const struct tk_pad *p, int d) { return p->before[d] + p->size[d] + p->after[d]; }

void tk_pad(const void *in, void *out, const struct tk_pad *p)
{
    struct cursor at = {in, out};
    const int32_t n4 = padded(p, 4);
    const int32_t n3 = n4 * padded(p, 3);
    const int32_t n2 = n3 * padded(p, 2);
    const int32_t n1 = n2 * padded(p, 1);
    fill(&at, p->value, p->before[0] * n1);
    for (int32_t a = 0; a < p->size[0]; a++) {
        fill(&at, p->value, p->before[1] * n2);
        for (int32_t b = 0; b < p->size[1]; b++) {
            fill(&at, p->value, p->before[2] * n3);
            for (int32_t c = 0; c < p->size[2]; c++) {
                fill(&at, p->value, p->before[3] * n4);
                for (int32_t d = 0; d < p->size[3]; d++) {
                    row(&at, p);
                }
                fill(&at, p->value, p->after[3] * n4);
            }
            fill(&at, p->value, p->after[2] * n3);
        }
        fill(&at, p->value, p->after[1] * n2);
    }
    fill(&at, p->value, p->after[0] * n1);
}
