#include "tk_average_pool_dsp.h"

#include "tk_common.h"
#include "tk_dsp.h"

struct window {
    const int8_t *in;
    int32_t height, width;
};

static int8_t mean(int32_t sum, int32_t count, const struct tk_average_pool_dsp *p)
{
    return tk_clamp((sum > 0 ? sum + count / 2 : sum - count / 2) / count, p->act_min, p->act_max);
}

/* Four channels: sums of at most 255 bytes fit a halfword, two of them a word. */
static void four(const struct window *w, int32_t channel, int8_t *out, const struct tk_average_pool_dsp *p)
{
    uint32_t even = 0;
    uint32_t odd = 0;
    const int8_t *row = w->in + channel;
    for (int32_t y = w->height; y > 0; y--, row += p->width * p->channels) {
        const int8_t *in = row;
        for (int32_t x = w->width; x > 0; x--, in += p->channels) {
            const uint32_t word = tk_load4(in);
            even = tk_add_even(even, word);
            odd = tk_add_even(odd, (word >> 8) | (word << 24));
        }
    }
    const int32_t count = w->height * w->width;
    out[0] = mean((int16_t)even, count, p);
    out[1] = mean((int16_t)odd, count, p);
    out[2] = mean((int32_t)even >> 16, count, p);
    out[3] = mean((int32_t)odd >> 16, count, p);
}

void tk_average_pool_dsp(const int8_t *in, int8_t *out, const struct tk_average_pool_dsp *p)
{
    for (int32_t n = 0; n < p->batch; n++, in += p->height * p->width * p->channels) {
        for (int32_t y = 0; y < p->out_height; y++) {
            for (int32_t x = 0; x < p->out_width; x++, out += p->channels) {
                const int32_t y0 = y * p->stride_height - p->pad_top;
                const int32_t x0 = x * p->stride_width - p->pad_left;
                const int32_t top = tk_max(y0, 0);
                const int32_t left = tk_max(x0, 0);
                const struct window w = {in + (top * p->width + left) * p->channels,
                                         tk_min(y0 + p->filter_height, p->height) - top,
                                         tk_min(x0 + p->filter_width, p->width) - left};
                int32_t c = 0;
                for (; c + 4 <= p->channels; c += 4) {
                    four(&w, c, out + c, p);
                }
                if (c < p->channels) {
                    /* The last four once more: outputs do not lie on inputs. */
                    four(&w, p->channels - 4, out + p->channels - 4, p);
                }
            }
        }
    }
}
