#include "tk_depthwise_dsp.h"

#include "tk_dsp.h"

/* Where each tap of the window at (y0, x0) lies; those beyond the border and the one that makes the number even point
 * at padding. */
static void locate(const int8_t *image, tk_pointer *restrict tap, const int8_t *padding, int32_t y0, int32_t x0,
                   const struct tk_depthwise_dsp *p)
{
    const tk_pointer *end = tap + 2 * p->pairs;
    for (int32_t row = 0, y = y0; row < p->kernel_height; row++, y += p->dilation_height) {
        for (int32_t column = 0, x = x0; column < p->kernel_width; column++, x += p->dilation_width) {
            const int32_t is_inside = y >= 0 && y < p->height && x >= 0 && x < p->width;
            *tap++ = is_inside ? image + (y * p->width + x) * p->channels : padding;
        }
    }
    if (tap != end) {
        *tap = padding;
    }
}

static inline int8_t finish(int32_t acc, const struct tk_depthwise_four *four, int32_t i, int32_t sign_step)
{
    const int32_t high = sign_step ? tk_smmlar(acc, four->multiplier[i], four->addend[i] + (acc >> 31))
                                   : tk_smmla(acc, four->multiplier[i], four->addend[i]);
    return tk_saturate(high >> four->shift[i]);
}

/* Four channels of one pixel. Gives the end of their part of the stream. */
static const uint32_t *multiply(const tk_pointer *tap, int32_t channel, int8_t *out, const uint32_t *stream,
                                int32_t pairs, int32_t sign_step)
{
    const struct tk_depthwise_four *four = (const struct tk_depthwise_four *)(const void *)stream;
    const uint32_t *w = stream + sizeof *four / sizeof *stream;
    int32_t a = four->bias[0], b = four->bias[1], c = four->bias[2], d = four->bias[3];
    for (; pairs > 0; pairs--, tap += 2, w += 4) {
        const uint32_t first = tk_load4(tap[0] + channel);
        const uint32_t second = tk_load4(tap[1] + channel);
        const uint32_t even1 = tk_even(first), odd1 = tk_odd(first);
        const uint32_t even2 = tk_even(second), odd2 = tk_odd(second);
        a = __smlad((int16x2_t)tk_low_halves(even1, even2), (int16x2_t)w[0], a);
        b = __smlad((int16x2_t)tk_low_halves(odd1, odd2), (int16x2_t)w[1], b);
        c = __smlad((int16x2_t)tk_high_halves(even1, even2), (int16x2_t)w[2], c);
        d = __smlad((int16x2_t)tk_high_halves(odd1, odd2), (int16x2_t)w[3], d);
    }
    out[0] = finish(a, four, 0, sign_step);
    out[1] = finish(b, four, 1, sign_step);
    out[2] = finish(c, four, 2, sign_step);
    out[3] = finish(d, four, 3, sign_step);
    return w;
}

void tk_depthwise_dsp(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_depthwise_dsp *p)
{
    tk_pointer *tap = (tk_pointer *)(void *)scratch;
    int8_t *padding = (int8_t *)(void *)(tap + 2 * p->pairs);
    for (int32_t i = 0; i < p->channels; i++) {
        padding[i] = (int8_t)p->padding;
    }
    for (int32_t n = 0; n < p->batch; n++, in += p->height * p->width * p->channels) {
        for (int32_t y = 0; y < p->out_height; y++) {
            for (int32_t x = 0; x < p->out_width; x++, out += p->channels) {
                const uint32_t *stream = p->stream;
                locate(in, tap, padding, y * p->stride_height - p->pad_top, x * p->stride_width - p->pad_left, p);
                int32_t i = 0;
                for (; i + 4 <= p->channels; i += 4) {
                    stream = multiply(tap, i, out + i, stream, p->pairs, p->sign_step);
                }
                if (i < p->channels) {
                    multiply(tap, p->channels - 4, out + p->channels - 4, stream, p->pairs, p->sign_step);
                }
            }
        }
    }
}
