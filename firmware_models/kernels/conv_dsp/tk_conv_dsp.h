/* Convolution with the DSP extension: four output pixels at a time, for Armv7E-M with an FPU. */
#ifndef TK_CONV_DSP_H
#define TK_CONV_DSP_H

#include "tk_add_fit.h"
#include "tk_gemm_dsp.h"
#include "tk_row_ring.h"

struct tk_conv_dsp {
    const uint32_t *stream; /* see tk_gemm_dsp.h */
    struct tk_gemm gemm;
    /* With an odd number of channels the last one is computed together with the one before it, once more. */
    const uint32_t *odd_stream; /* or NULL */
    struct tk_gemm odd_gemm;
    int32_t sign_step; /* which form gemm.finish has: log2=8, or log2=1 with a sign step */
    struct tk_row_source source;             /* one image of the input */
    int32_t images, channels;                /* of the input */
    int32_t pixels, out_width, out_channels; /* of the output: pixels of one image */
    /* Rows of the input with their border are kept in a ring, unless there is no border: ring_rows is 0 then. */
    int32_t ring_rows, ring_row_bytes;
    /* A run is what lies in one piece in a row: a kernel row, or one tap of a dilated one. */
    int32_t run_rows, run_columns, run_bytes;
    int32_t row_step, column_step_bytes; /* from a run to the next */
    int32_t stride_height, stride_bytes; /* from an output pixel to the next */
    int32_t slides;                      /* three taps, stride 1, channels in fours: neighbours share inputs */
    const struct tk_add_fit *residual;   /* or NULL */
};

/* scratch, aligned to 4, holds 16 * gemm.words bytes of inputs, the ring, and 4 * out_channels of outputs. out may start
 * where in starts if an output pixel needs no input before or behind its own and is no larger than that;
 * residual, of out's shape, may be out itself. */
void tk_conv_dsp(const int8_t *in, const int8_t *residual, int8_t *out, uint8_t *scratch,
                 const struct tk_conv_dsp *p);

#endif
