#include "tk_conv.h"

#include "tk_dot.h"

/* One row of the kernel: pixels of the input, or padding where they lie beyond its left or right end. */
static int8_t *gather_row(const int8_t *in, int8_t *patch, const struct tk_conv *p, int32_t x0)
{
    const int32_t n = p->group_channels;
    for (int32_t k = 0, x = x0; k < p->kernel_width; k++, x += p->dilation_width, patch += n) {
        if (x >= 0 && x < p->width) {
            tk_copy(in + x * p->channels, patch, n);
        } else {
            tk_fill(patch, p->padding, n);
        }
    }
    return patch;
}

static void gather(const int8_t *in, int8_t *patch, const struct tk_conv *p, int32_t y0, int32_t x0)
{
    const int32_t row = p->kernel_width * p->group_channels;
    for (int32_t k = 0, y = y0; k < p->kernel_height; k++, y += p->dilation_height) {
        if (y >= 0 && y < p->height) {
            patch = gather_row(in + y * p->width * p->channels, patch, p, x0);
        } else {
            tk_fill(patch, p->padding, row);
            patch += row;
        }
    }
}

static void store(uint32_t acc, int32_t channel, const int8_t *residual, int8_t *out, const struct tk_conv *p)
{
    int8_t y = tk_requantize((int32_t)acc, channel, &p->requantize);
    if (p->residual) {
        y = tk_add_element(y, residual[channel], p->residual);
    }
    out[channel] = y;
}

/* Output channels first..last of one pixel from its gathered inputs. */
static void multiply(const int8_t *patch, const int8_t *residual, int8_t *out, const struct tk_conv *p,
                     int32_t first, int32_t last)
{
    const int32_t n = p->kernel_height * p->kernel_width * p->group_channels;
    const int8_t *weights = p->weights + first * n;
    int32_t channel = first;
    for (; channel + 2 <= last; channel += 2, weights += 2 * n) {
        uint32_t acc[2] = {(uint32_t)p->bias[channel], (uint32_t)p->bias[channel + 1]};
        tk_dot_2(patch, weights, n, acc);
        store(acc[0], channel, residual, out, p);
        store(acc[1], channel + 1, residual, out, p);
    }
    if (channel < last) {
        store(tk_dot(patch, weights, n, (uint32_t)p->bias[channel]), channel, residual, out, p);
    }
}

static void pixel(const int8_t *in, const int8_t *residual, int8_t *out, int8_t *patch, const struct tk_conv *p,
                  int32_t y0, int32_t x0)
{
    if (!p->gather) {
        multiply(in + (y0 * p->width + x0) * p->channels, residual, out, p, 0, p->out_channels);
        return;
    }
    for (int32_t first = 0; first < p->out_channels; first += p->group_outputs, in += p->group_channels) {
        gather(in, patch, p, y0, x0);
        multiply(patch, residual, out, p, first, first + p->group_outputs);
    }
}

void tk_conv(const int8_t *in, const int8_t *residual, int8_t *out, int8_t *patch, const struct tk_conv *p)
{
    for (int32_t n = 0; n < p->batch; n++, in += p->height * p->width * p->channels) {
        for (int32_t y = 0; y < p->out_height; y++) {
            for (int32_t x = 0; x < p->out_width; x++) {
                pixel(in, residual, out, patch, p, y * p->stride_height - p->pad_top,
                      x * p->stride_width - p->pad_left);
                out += p->out_channels;
                residual = residual ? residual + p->out_channels : residual;
            }
        }
    }
}
