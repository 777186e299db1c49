/* Average and maximum over windows; what lies beyond the border does not count. */
#ifndef TK_POOL_H
#define TK_POOL_H

#include "tk_common.h"

struct tk_pool {
    int32_t batch, height, width, channels, out_height, out_width;
    int32_t filter_height, filter_width, stride_height, stride_width, pad_top, pad_left;
    int32_t act_min, act_max;
};

void tk_average_pool(const int8_t *in, int8_t *out, const struct tk_pool *p);
void tk_max_pool(const int8_t *in, int8_t *out, const struct tk_pool *p);

#endif
