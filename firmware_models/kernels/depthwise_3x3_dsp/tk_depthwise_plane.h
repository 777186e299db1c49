/* One channel of a depthwise 3x3 convolution, for Armv7E-M with a single-precision FPU. */
#ifndef TK_DEPTHWISE_PLANE_H
#define TK_DEPTHWISE_PLANE_H

#include "tk_common.h"
#include "tk_dsp_fpu.h"

/* Columns of a plane: int16 each. */
#define TK_PLANE_PITCH 64

/* Weights of a kernel row w0, w1, w2 as (w0, w1), (w1, w2): what is multiplied with pairs of inputs. Weights and
 * bias are scaled by 256; then y = saturate((addend + (sum * multiplier >> 32)) >> shift). */
struct TK_MAY_ALIAS tk_plane_channel {
    uint32_t weights[3][2];
    int32_t bias, multiplier, addend, shift;
};

/* Of the output: rows, columns in whole blocks of four (as bytes of the plane), columns left over; bytes from an
 * output to the next in a row and from a row to the next; bytes of the plane from an output row to the next. */
struct tk_plane {
    int32_t rows, block_bytes, tail, step, row_step, advance;
};

/* Where an image's channel lies: rows and columns of it, bytes from a row to the next and from a column to the next. */
struct tk_plane_source {
    int32_t rows, columns, row_step, step;
};

/* Puts a channel on a plane; `plane` is where its first byte belongs. */
void tk_plane_gather(const int8_t *in, tk_half *plane, const struct tk_plane_source *p);

/* Computes a channel; plane is aligned to 4 and has 5 more columns than the last output's first. */
typedef void tk_plane_function(const tk_half *plane, int8_t *out, const struct tk_plane_channel *channel,
                               const struct tk_plane *p);

/* By stride; those with a number are for layers whose channels all have that shift. */
tk_plane_function tk_plane_stride1, tk_plane_stride1_12, tk_plane_stride1_13, tk_plane_stride1_14,
    tk_plane_stride1_15, tk_plane_stride1_16, tk_plane_stride1_17, tk_plane_stride1_18, tk_plane_stride1_19,
    tk_plane_stride1_20;
tk_plane_function tk_plane_stride2;

#endif
