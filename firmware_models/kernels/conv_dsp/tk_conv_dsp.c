#include "tk_conv_dsp.h"

#include "tk_common.h"
#include "tk_dsp.h"
#include "tk_gather_dsp.h"

/* Rows of an image: all of them in place, or the last few with their border in a ring. */
struct rows {
    const int8_t *first;
    int32_t count, bytes;
};

/* Where four pixels' windows begin: row in rows, and bytes into it. */
struct windows {
    int32_t row[4], offset[4];
    int32_t is_one_row;
};

/* Inputs of four pixels, n bytes each, as pairs of int16: in words of four bytes, (0,2), (1,3); then what is
 * left, (0,1), (2,-). The weights are packed in the same order. */
static tk_word *expand(tk_word *restrict x, const int8_t *const from[4], int32_t n)
{
    const int32_t whole = n & ~3;
    if (whole) {
        x = tk_gather_4(x, from, whole);
    }
    if (n & 2) {
        for (int32_t i = 0; i < 4; i++) {
            *x++ = tk_pair(from[i][whole], from[i][whole + 1]);
        }
    }
    if (n & 1) {
        for (int32_t i = 0; i < 4; i++) {
            *x++ = tk_pair(from[i][n - 1], 0);
        }
    }
    return x;
}

static void locate(struct windows *w, int32_t *row, int32_t *column, int32_t here, const struct tk_conv_dsp *p)
{
    const int32_t first = *row;
    for (int32_t i = 0; i < 4; i++) {
        if (i < here) {
            w->row[i] = *row * p->stride_height;
            w->offset[i] = *column * p->stride_bytes;
            if (++*column == p->out_width) {
                *column = 0;
                ++*row;
            }
        } else {
            /* Beyond the last pixel: the one before once more. */
            w->row[i] = w->row[i - 1];
            w->offset[i] = w->offset[i - 1];
        }
    }
    w->is_one_row = w->row[3] == first * p->stride_height;
}

static void gather(tk_word *restrict x, const struct windows *w, const struct rows *rows, const struct tk_conv_dsp *p)
{
    int32_t slot[4];
    for (int32_t i = 0; i < 4; i++) {
        slot[i] = w->row[i] % rows->count;
    }
    for (int32_t y = p->run_rows; y > 0; y--) {
        const int8_t *from[4];
        if (w->is_one_row) {
            const int8_t *row = rows->first + slot[0] * rows->bytes;
            for (int32_t i = 0; i < 4; i++) {
                from[i] = row + w->offset[i];
            }
            slot[0] += p->row_step;
            slot[0] -= slot[0] >= rows->count ? rows->count : 0;
        } else {
            for (int32_t i = 0; i < 4; i++) {
                from[i] = rows->first + slot[i] * rows->bytes + w->offset[i];
                slot[i] += p->row_step;
                slot[i] -= slot[i] >= rows->count ? rows->count : 0;
            }
        }
        if (p->slides && w->is_one_row) {
            x = tk_gather_slide(x, from[0], p->channels);
            continue;
        }
        for (int32_t column = 0;;) {
            x = expand(x, from, p->run_bytes);
            if (++column == p->run_columns) {
                break;
            }
            for (int32_t i = 0; i < 4; i++) {
                from[i] += p->column_step_bytes;
            }
        }
    }
}

static int8_t finish(int32_t sum, const uint32_t *rule, int32_t sign_step)
{
    const int32_t multiplier = (int32_t)rule[0], addend = (int32_t)rule[1];
    const int32_t high = sign_step ? tk_smmlar(sum, multiplier, addend + (sum >> 31)) : tk_smmla(sum, multiplier, addend);
    return tk_saturate(high >> rule[2]);
}

/* What tk_gemm_4px does, for the first pixel only. */
static void multiply_one(const tk_word *x, const uint32_t *stream, int8_t *out, const struct tk_gemm *p,
                         int32_t sign_step)
{
    for (int32_t pair = p->pairs; pair > 0; pair--, out += 2) {
        int32_t both = (int32_t)stream[0];
        int32_t even = (int32_t)stream[1];
        const tk_word *at = x;
        stream += 2;
        for (int32_t n = p->words; n > 0; n--, at += 4) {
            const uint32_t w = *stream++;
            both = __smlad((int16x2_t)w, (int16x2_t)*at, both);
            even = __smlad((int16x2_t)tk_even(w), (int16x2_t)*at, even);
        }
        const int32_t odd = (int32_t)((uint32_t)both - (uint32_t)even);
        out[1] = finish(sign_step ? odd >> 7 : odd, stream, sign_step);
        out[0] = finish((int32_t)((uint32_t)even << (sign_step ? 1 : 8)), stream + 3, sign_step);
        stream += 6;
    }
}

static void multiply(const tk_word *x, int8_t *out, int32_t here, const struct tk_conv_dsp *p)
{
    int8_t *last = out + p->out_channels - 2;
    if (here == 1) {
        multiply_one(x, p->stream, out, &p->gemm, p->sign_step);
        if (p->odd_stream) {
            multiply_one(x, p->odd_stream, last, &p->odd_gemm, p->sign_step);
        }
        return;
    }
    tk_gemm_4px(x, p->stream, out, &p->gemm);
    if (p->odd_stream) {
        tk_gemm_4px(x, p->odd_stream, last, &p->odd_gemm);
    }
}

static void image(const int8_t *in, const int8_t *residual, int8_t *out, uint8_t *scratch,
                  const struct tk_conv_dsp *p)
{
    tk_word *x = (tk_word *)(void *)scratch;
    struct tk_row_ring ring = {(int8_t *)(scratch + 16 * p->gemm.words), p->ring_rows, p->ring_row_bytes, 0};
    int8_t *aside = ring.rows + ring.count * ring.bytes;
    struct rows rows = {ring.rows, ring.count, ring.bytes};
    if (ring.count == 0) {
        rows = (struct rows){in, p->source.height, p->source.row_bytes};
    }
    tk_bytes_fill(ring.rows, p->source.padding, ring.count * ring.bytes);
    int32_t row = 0;
    int32_t column = 0;
    for (int32_t pixel = 0; pixel < p->pixels; pixel += 4) {
        const int32_t here = tk_min(p->pixels - pixel, 4);
        struct windows w;
        locate(&w, &row, &column, here, p);
        if (ring.count) {
            tk_row_ring_load(&ring, in, w.row[3] + (p->run_rows - 1) * p->row_step, &p->source);
        }
        gather(x, &w, &rows, p);
        const int32_t bytes = here * p->out_channels;
        if (p->residual) {
            multiply(x, aside, here, p);
            tk_add_fit(aside, residual, out, bytes, p->residual);
            residual += bytes;
        } else if (here == 2 || here == 3) {
            multiply(x, aside, here, p);
            tk_bytes_copy(out, aside, bytes);
        } else {
            multiply(x, out, here, p);
        }
        out += bytes;
    }
}

void tk_conv_dsp(const int8_t *in, const int8_t *residual, int8_t *out, uint8_t *scratch,
                 const struct tk_conv_dsp *p)
{
    const int32_t out_bytes = p->pixels * p->out_channels;
    for (int32_t n = 0; n < p->images; n++) {
        image(in, residual, out, scratch, p);
        in += p->source.height * p->source.row_bytes;
        out += out_bytes;
        residual = residual ? residual + out_bytes : residual;
    }
}
