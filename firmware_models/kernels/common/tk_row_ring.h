/* The last few rows of an image with the border around it: what a sliding window needs, instead of a padded copy. */
#ifndef TK_ROW_RING_H
#define TK_ROW_RING_H

#include "tk_common.h"

struct tk_row_ring {
    int8_t *rows;
    int32_t count, bytes; /* of a row, border included */
    int32_t loaded;       /* rows of the padded image that have been put in: row y lies at y % count */
};

/* What is put in, and what is around it. */
struct tk_row_source {
    int32_t height, row_bytes;
    int32_t pad_top, pad_left_bytes;
    int32_t padding;
};

TK_APART static void tk_bytes_fill(int8_t *out, int32_t value, int32_t n)
{
    const uint32_t word = (uint32_t)(uint8_t)value * 0x01010101u;
    const uint32_t four[4] = {word, word, word, word};
    for (; n >= 16; n -= 16, out += 16) {
        __builtin_memcpy(out, four, 16);
    }
    for (; n > 0; n--) {
        *out++ = (int8_t)value;
    }
}

static inline void tk_bytes_copy(int8_t *out, const int8_t *in, int32_t n)
{
    for (; n >= 16; n -= 16, in += 16, out += 16) {
        __builtin_memcpy(out, in, 16);
    }
    for (; n > 0; n--) {
        *out++ = *in++;
    }
}

/* Puts in all rows up to `last` of the padded image. */
static inline void tk_row_ring_load(struct tk_row_ring *ring, const int8_t *image, int32_t last,
                                    const struct tk_row_source *p)
{
    for (; ring->loaded <= last; ring->loaded++) {
        int8_t *inside = ring->rows + ring->loaded % ring->count * ring->bytes + p->pad_left_bytes;
        const int32_t y = ring->loaded - p->pad_top;
        if (y >= 0 && y < p->height) {
            tk_bytes_copy(inside, image + y * p->row_bytes, p->row_bytes);
        } else {
            tk_bytes_fill(inside, p->padding, p->row_bytes);
        }
    }
}

#endif
