#include "tk_conv_winograd.h"

#include "tk_dsp.h"

/* Two pairs of outputs, two channels: six inputs become two words of each part. */
static inline void transform(const uint32_t d[6], tk_word *x, int32_t part)
{
    x[0] = tk_add_halves(d[1], d[2]);
    x[1] = tk_add_halves(d[3], d[4]);
    x += part;
    x[0] = tk_subtract_halves(d[2], d[1]);
    x[1] = tk_subtract_halves(d[4], d[3]);
    x += part;
    x[0] = tk_subtract_halves(d[0], d[2]);
    x[1] = tk_subtract_halves(d[2], d[4]);
    x += part;
    x[0] = tk_subtract_halves(d[3], d[1]);
    x[1] = tk_subtract_halves(d[5], d[3]);
}

/* One kernel row of eight outputs: ten inputs of `channels` bytes. Gives the end of what it wrote in the first part. */
static tk_word *gather(tk_word *x, const int8_t *in, int32_t channels, int32_t part)
{
    for (const int8_t *end = in + channels; in != end; in += 4, x += 8) {
        const int8_t *at = in;
        for (int32_t half = 0; half < 4; half += 2, at += 4 * channels) {
            const uint32_t w[6] = {tk_load4(at),
                                   tk_load4(at + channels),
                                   tk_load4(at + 2 * channels),
                                   tk_load4(at + 3 * channels),
                                   tk_load4(at + 4 * channels),
                                   tk_load4(at + 5 * channels)};
            const uint32_t even[6] = {tk_even(w[0]), tk_even(w[1]), tk_even(w[2]),
                                      tk_even(w[3]), tk_even(w[4]), tk_even(w[5])};
            transform(even, x + half, part);
            const uint32_t odd[6] = {tk_odd(w[0]), tk_odd(w[1]), tk_odd(w[2]),
                                     tk_odd(w[3]), tk_odd(w[4]), tk_odd(w[5])};
            transform(odd, x + 4 + half, part);
        }
    }
    return x;
}

static void image(const int8_t *in, const int8_t *residual, int8_t *out, uint8_t *scratch,
                  const struct tk_conv_winograd *p)
{
    tk_word *x = (tk_word *)(void *)scratch;
    const int32_t part = 4 * p->multiply.words;
    const int32_t bytes = 8 * p->out_channels;
    struct tk_row_ring ring = {(int8_t *)(scratch + 16 * part), p->ring_rows, p->ring_row_bytes, 0};
    int8_t *aside = ring.rows + ring.count * ring.bytes;
    tk_bytes_fill(ring.rows, p->source.padding, ring.count * ring.bytes);
    for (int32_t y = 0; y < p->out_height; y++) {
        const int32_t first = y * p->stride_height;
        tk_row_ring_load(&ring, in, first + (p->kernel_height - 1) * p->row_step, &p->source);
        for (int32_t column = 0; column < p->out_width; column += 8, out += bytes) {
            tk_word *to = x;
            for (int32_t row = 0; row < p->kernel_height; row++) {
                const int8_t *from = ring.rows + (first + row * p->row_step) % ring.count * ring.bytes;
                to = gather(to, from + column * p->channels, p->channels, part);
            }
            if (p->residual) {
                tk_winograd_8px(x, p->stream, aside, &p->multiply);
                tk_add_fit(aside, residual, out, bytes, p->residual);
                residual += bytes;
            } else {
                tk_winograd_8px(x, p->stream, out, &p->multiply);
            }
        }
    }
}

void tk_conv_winograd(const int8_t *in, const int8_t *residual, int8_t *out, uint8_t *scratch,
                      const struct tk_conv_winograd *p)
{
    const int32_t out_bytes = p->out_height * p->out_width * p->out_channels;
    for (int32_t n = 0; n < p->images; n++) {
        image(in, residual, out, scratch, p);
        in += p->source.height * p->source.row_bytes;
        out += out_bytes;
        residual = residual ? residual + out_bytes : residual;
    }
}
