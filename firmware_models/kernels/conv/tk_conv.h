/* Convolution of any shape: each output pixel's inputs are gathered into one row, then multiplied. */
#ifndef TK_CONV_H
#define TK_CONV_H

#include "tk_add_element.h"
#include "tk_requantize.h"

struct tk_conv {
    const int8_t *weights; /* [out_channels][kernel_height][kernel_width][group_channels] */
    const int32_t *bias;
    struct tk_requantize requantize;
    const struct tk_add_terms *residual; /* or NULL */
    int32_t batch, height, width, channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width, dilation_height, dilation_width;
    int32_t pad_top, pad_left;
    int32_t group_channels, group_outputs; /* of one group; all of them where there are no groups */
    int32_t gather; /* 0 where a pixel's inputs lie in one row already: 1x1 without padding, one group */
    int8_t padding; /* what lies beyond the border: the input's zero point */
};

/* out is [batch][out_height][out_width][out_channels]. residual, of out's shape, is added where p has
 * terms for it and may be out itself. patch has room for one row of weights where p->gather, else unused. */
void tk_conv(const int8_t *in, const int8_t *residual, int8_t *out, int8_t *patch, const struct tk_conv *p);

#endif
