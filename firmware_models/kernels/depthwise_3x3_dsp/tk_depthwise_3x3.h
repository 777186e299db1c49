/* Depthwise 3x3 convolution with the DSP extension, stride 1 or 2: one channel at a time, as a plane of int16. */
#ifndef TK_DEPTHWISE_3X3_H
#define TK_DEPTHWISE_3X3_H

#include "tk_depthwise_plane.h"

/* A plane's rows and columns are the image's, or the other way round, so that its rows are long. */
struct tk_depthwise_3x3 {
    const struct tk_plane_channel *channel; /* [channels] */
    struct tk_plane plane;
    struct tk_plane_source source;
    tk_plane_function *run;
    int32_t images, channels, image_bytes, out_image_bytes;
    int32_t plane_rows;          /* with the border */
    int32_t pad_rows, pad_columns;
    int32_t padding; /* what lies beyond the border */
};

/* scratch, aligned to 4, holds plane_rows * TK_PLANE_PITCH int16. With one image, out may start where in starts. */
void tk_depthwise_3x3(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_depthwise_3x3 *p);

#endif
