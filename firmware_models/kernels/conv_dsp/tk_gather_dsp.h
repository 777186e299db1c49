/* Bytes of four pixels as words of int16 for tk_gemm_dsp.h. */
#ifndef TK_GATHER_DSP_H
#define TK_GATHER_DSP_H

#include "tk_common.h"
#include "tk_dsp_fpu.h"

/* `bytes` bytes, a multiple of 4 and at least 4, from each of four places: for every four bytes a word with
 * bytes 0 and 2 of each place, then one with bytes 1 and 3. Gives the end of what it wrote. */
tk_word *tk_gather_4(tk_word *x, const int8_t *const from[4], int32_t bytes);

/* One row of three taps for four neighbours: six columns of `channels` bytes (as above), each loaded once and stored where
 * it is needed. The order is: four channels, even or odd ones, tap. Gives the end of what it wrote. */
tk_word *tk_gather_slide(tk_word *x, const int8_t *in, int32_t channels);

#endif
