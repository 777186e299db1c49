#include "tk_depthwise.h"

/* The taps of a window that lie inside the input along one dimension: first .. last - 1. */
struct range {
    int32_t first, last;
};

/* The inside of a window, seen from one channel: where it starts and how to walk over it. */
struct window {
    int32_t rows, columns;
    int32_t step, row_step;               /* from one input to the next, and from the end of a row */
    int32_t weight_step, weight_row_step; /* the same for the weights */
    int32_t zero_point;
};

static struct range inside(int32_t start, int32_t dilation, int32_t taps, int32_t size)
{
    struct range r = {0, taps};
    if (start < 0) {
        r.first = tk_min((-start + dilation - 1) / dilation, taps);
    }
    if (start + (taps - 1) * dilation >= size) {
        r.last = size > start ? (size - start + dilation - 1) / dilation : 0;
    }
    return r;
}

static uint32_t accumulate(const int8_t *in, const int8_t *weight, const struct window *w)
{
    const int32_t columns = w->columns;
    const int32_t zero_point = w->zero_point;
    uint32_t acc = 0;
    for (int32_t rows = w->rows; rows > 0; rows--) {
        TK_ROLLED
        for (int32_t n = columns; n > 0; n--) {
            acc += (uint32_t)((*in - zero_point) * *weight);
            in += w->step;
            weight += w->weight_step;
        }
        in += w->row_step;
        weight += w->weight_row_step;
    }
    return acc;
}

static void pixel_out(const int8_t *in, int8_t *out, const struct tk_depthwise *p, int32_t y0, int32_t x0)
{
    const struct range rows = inside(y0, p->dilation_height, p->kernel_height, p->height);
    const struct range columns = inside(x0, p->dilation_width, p->kernel_width, p->width);
    const int32_t taken = tk_max(columns.last - columns.first, 0);
    const int32_t step = p->dilation_width * p->channels;
    const struct window w = {
        taken > 0 ? rows.last - rows.first : 0,
        taken,
        step,
        p->dilation_height * p->width * p->channels - taken * step,
        p->out_channels,
        (p->kernel_width - taken) * p->out_channels,
        p->zero_point,
    };
    const int8_t *weight = p->weights;
    if (w.rows > 0) {
        const int32_t y = y0 + rows.first * p->dilation_height;
        const int32_t x = x0 + columns.first * p->dilation_width;
        in += (y * p->width + x) * p->channels;
        weight += (rows.first * p->kernel_width + columns.first) * p->out_channels;
    }
    int32_t o = 0;
    for (int32_t c = 0; c < p->channels; c++) {
        for (int32_t m = 0; m < p->multiplier; m++, o++) {
            const uint32_t acc = accumulate(in + c, weight + o, &w) + (uint32_t)p->bias[o];
            out[o] = tk_requantize((int32_t)acc, o, &p->requantize);
        }
    }
}

void tk_depthwise(const int8_t *in, int8_t *out, const struct tk_depthwise *p)
{
    for (int32_t n = 0; n < p->batch; n++, in += p->height * p->width * p->channels) {
        for (int32_t y = 0; y < p->out_height; y++) {
            for (int32_t x = 0; x < p->out_width; x++, out += p->out_channels) {
                pixel_out(in, out, p, y * p->stride_height - p->pad_top, x * p->stride_width - p->pad_left);
            }
        }
    }
}
