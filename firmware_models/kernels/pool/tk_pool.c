#include "tk_pool.h"

/* The inside of a window: its first pixel, its height and width, which are not positive where nothing is inside. */
struct window {
    const int8_t *in;
    int32_t height, width;
};

typedef int32_t reduce(const int8_t *in, const struct window *w, const struct tk_pool *p);

static int32_t average(const int8_t *in, const struct window *w, const struct tk_pool *p)
{
    const int32_t count = w->height * w->width;
    int32_t sum = 0;
    for (int32_t y = 0; y < w->height; y++) {
        for (int32_t x = 0; x < w->width; x++) {
            sum += in[(y * p->width + x) * p->channels];
        }
    }
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

static int32_t maximum(const int8_t *in, const struct window *w, const struct tk_pool *p)
{
    int32_t most = INT8_MIN;
    for (int32_t y = 0; y < w->height; y++) {
        for (int32_t x = 0; x < w->width; x++) {
            most = tk_max(most, in[(y * p->width + x) * p->channels]);
        }
    }
    return most;
}

static struct window clip(const int8_t *in, const struct tk_pool *p, int32_t y0, int32_t x0)
{
    const int32_t top = tk_max(y0, 0);
    const int32_t left = tk_max(x0, 0);
    const struct window w = {in + (top * p->width + left) * p->channels,
                             tk_min(y0 + p->filter_height, p->height) - top,
                             tk_min(x0 + p->filter_width, p->width) - left};
    return w;
}

static void pool(const int8_t *in, int8_t *out, const struct tk_pool *p, reduce *f)
{
    for (int32_t n = 0; n < p->batch; n++, in += p->height * p->width * p->channels) {
        for (int32_t y = 0; y < p->out_height; y++) {
            for (int32_t x = 0; x < p->out_width; x++) {
                const struct window w =
                    clip(in, p, y * p->stride_height - p->pad_top, x * p->stride_width - p->pad_left);
                for (int32_t c = 0; c < p->channels; c++) {
                    *out++ = tk_clamp(f(w.in + c, &w, p), p->act_min, p->act_max);
                }
            }
        }
    }
}

void tk_average_pool(const int8_t *in, int8_t *out, const struct tk_pool *p) { pool(in, out, p, average); }

void tk_max_pool(const int8_t *in, int8_t *out, const struct tk_pool *p) { pool(in, out, p, maximum); }
