/* Dense layer on rows of contiguous inputs. */
#ifndef TK_FULLY_CONNECTED_H
#define TK_FULLY_CONNECTED_H

#include "tk_common.h"

/* The reference rounds a product of doubles here; these are integers that were proved to step where it does.
 * y = clamp((sum * multiplier + addend) >> shift), or, where thresholds is not NULL, act_min and one more for
 * each of the channel's act_max - act_min rising thresholds that the sum reaches. */
struct tk_fully_connected {
    const int8_t *weights; /* [outputs][inputs] */
    const int32_t *bias;
    const int32_t *multiplier;
    const int64_t *addend;
    const int8_t *shift;
    const int64_t *thresholds;
    int32_t batch, inputs, outputs;
    int32_t act_min, act_max;
};

void tk_fully_connected(const int8_t *in, int8_t *out, const struct tk_fully_connected *p);

#endif
