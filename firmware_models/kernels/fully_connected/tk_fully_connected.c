#include "tk_fully_connected.h"

#include "tk_dot.h"

static int8_t count_thresholds(int32_t acc, int32_t channel, const struct tk_fully_connected *p)
{
    const int32_t n = p->act_max - p->act_min;
    const int64_t *threshold = p->thresholds + channel * n;
    int32_t first = 0;
    int32_t last = n;
    while (first < last) {
        const int32_t middle = (first + last) / 2;
        if (threshold[middle] <= acc) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    return (int8_t)(p->act_min + first);
}

static int8_t requantize(uint32_t sum, int32_t channel, const struct tk_fully_connected *p)
{
    const int32_t acc = (int32_t)sum;
    if (p->thresholds) {
        return count_thresholds(acc, channel, p);
    }
    const int64_t y = ((int64_t)acc * p->multiplier[channel] + p->addend[channel]) >> p->shift[channel];
    return (int8_t)(y < p->act_min ? p->act_min : y > p->act_max ? p->act_max : y);
}

void tk_fully_connected(const int8_t *in, int8_t *out, const struct tk_fully_connected *p)
{
    for (int32_t row = 0; row < p->batch; row++, in += p->inputs, out += p->outputs) {
        const int8_t *weights = p->weights;
        int32_t o = 0;
        for (; o + 2 <= p->outputs; o += 2, weights += 2 * p->inputs) {
            uint32_t acc[2] = {(uint32_t)p->bias[o], (uint32_t)p->bias[o + 1]};
            tk_dot_2(in, weights, p->inputs, acc);
            out[o] = requantize(acc[0], o, p);
            out[o + 1] = requantize(acc[1], o + 1, p);
        }
        if (o < p->outputs) {
            out[o] = requantize(tk_dot(in, weights, p->inputs, (uint32_t)p->bias[o]), o, p);
        }
    }
}
