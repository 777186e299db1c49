/* Convolution three taps wide, without stride along the row, by tk_winograd_dsp.h. */
#ifndef TK_CONV_WINOGRAD_H
#define TK_CONV_WINOGRAD_H

#include "tk_add_fit.h"
#include "tk_row_ring.h"
#include "tk_winograd_dsp.h"

struct tk_conv_winograd {
    const uint32_t *stream;
    struct tk_winograd multiply;
    struct tk_row_source source; /* one image of the input */
    int32_t images, channels;    /* of the input; channels a multiple of 4 */
    int32_t out_height, out_width, out_channels; /* out_width a multiple of 8 */
    int32_t ring_rows, ring_row_bytes;
    int32_t kernel_height, row_step, stride_height;
    const struct tk_add_fit *residual; /* or NULL */
};

/* scratch, aligned to 4, holds 64 * multiply.words bytes of inputs, the ring, and 8 * out_channels of outputs.
 * residual, of out's shape, may be out itself. */
void tk_conv_winograd(const int8_t *in, const int8_t *residual, int8_t *out, uint8_t *scratch,
                      const struct tk_conv_winograd *p);

#endif
