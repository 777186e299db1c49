/* Depthwise convolution of any shape with the DSP extension: four channels at a time, two taps a multiplication. */
#ifndef TK_DEPTHWISE_DSP_H
#define TK_DEPTHWISE_DSP_H

#include "tk_common.h"

/* Four channels; `pairs` of taps follow, four words each: a channel's weights of both taps as int16. Bias and
 * weights are scaled as requant.py's high form wants: by 256, or by 2 with rounding and a sign step. */
struct TK_MAY_ALIAS tk_depthwise_four {
    int32_t bias[4], multiplier[4], addend[4], shift[4];
};

struct tk_depthwise_dsp {
    const uint32_t *stream;                  /* of each four channels; where they are no fours the last overlap */
    int32_t batch, height, width, channels;  /* at least 4 channels */
    int32_t out_height, out_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width, dilation_height, dilation_width;
    int32_t pad_top, pad_left;
    int32_t pairs; /* of taps, rounded up */
    int32_t sign_step;
    int32_t padding; /* what lies beyond the border */
};

/* scratch, aligned to 4, holds 2 * pairs pointers and `channels` bytes. */
void tk_depthwise_dsp(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_depthwise_dsp *p);

#endif
