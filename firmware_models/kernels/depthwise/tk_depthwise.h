/* Depthwise convolution of any shape, one channel after the other. */
#ifndef TK_DEPTHWISE_H
#define TK_DEPTHWISE_H

#include "tk_requantize.h"

struct tk_depthwise {
    const int8_t *weights; /* [kernel_height][kernel_width][out_channels] */
    const int32_t *bias;   /* without the input's zero point: the taps inside bring theirs */
    struct tk_requantize requantize;
    int32_t batch, height, width, channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width, dilation_height, dilation_width;
    int32_t pad_top, pad_left;
    int32_t multiplier; /* out_channels / channels */
    int32_t zero_point;
};

void tk_depthwise(const int8_t *in, int8_t *out, const struct tk_depthwise *p);

#endif
