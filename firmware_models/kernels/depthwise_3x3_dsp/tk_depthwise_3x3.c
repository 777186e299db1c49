#include "tk_depthwise_3x3.h"

void tk_depthwise_3x3(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_depthwise_3x3 *p)
{
    int16_t *plane = (int16_t *)(void *)scratch;
    for (int32_t i = 0; i < p->plane_rows * TK_PLANE_PITCH; i++) {
        plane[i] = (int16_t)p->padding;
    }
    int16_t *first = plane + p->pad_rows * TK_PLANE_PITCH + p->pad_columns;
    for (int32_t n = 0; n < p->images; n++) {
        for (int32_t i = 0; i < p->channels; i++) {
            tk_plane_gather(in + i, first, &p->source);
            p->run(plane, out + i, &p->channel[i], &p->plane);
        }
        in += p->image_bytes;
        out += p->out_image_bytes;
    }
}
