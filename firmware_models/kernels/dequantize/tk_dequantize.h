/* 8 bits to real numbers. */
#ifndef TK_DEQUANTIZE_H
#define TK_DEQUANTIZE_H

#include "tk_common.h"

void tk_dequantize_int8(const int8_t *in, tk_float *out, int32_t n, float scale, int32_t zero_point);
void tk_dequantize_uint8(const uint8_t *in, tk_float *out, int32_t n, float scale, int32_t zero_point);

#endif
