#include "tk_depthwise_3x3.h"

void tk_depthwise_3x3(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_depthwise_3x3 *p)
{
    tk_half *plane = (tk_half *)(void *)scratch;
    /* Locals: a store to the plane could lie in *p, for all that the compiler knows. */
    const int32_t size = p->plane_rows * TK_PLANE_PITCH;
    const int16_t padding = (int16_t)p->padding;
    for (int32_t i = 0; i < size; i++) {
        plane[i] = padding;
    }
    tk_half *first = plane + p->pad_rows * TK_PLANE_PITCH + p->pad_columns;
    for (int32_t n = 0; n < p->images; n++) {
        for (int32_t i = 0; i < p->channels; i++) {
            tk_plane_gather(in + i, first, &p->source);
            p->run(plane, out + i, &p->channel[i], &p->plane);
        }
        in += p->image_bytes;
        out += p->out_image_bytes;
    }
}
