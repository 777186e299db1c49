/* Average pooling with the DSP extension: four channels at a time. */
#ifndef TK_AVERAGE_POOL_DSP_H
#define TK_AVERAGE_POOL_DSP_H

#include <stdint.h>

struct tk_average_pool_dsp {
    int32_t batch, height, width, channels; /* at least 4 channels */
    int32_t out_height, out_width;
    int32_t filter_height, filter_width; /* at most 255 pixels */
    int32_t stride_height, stride_width, pad_top, pad_left;
    int32_t act_min, act_max;
};

void tk_average_pool_dsp(const int8_t *in, int8_t *out, const struct tk_average_pool_dsp *p);

#endif
