#include "tk_dequantize.h"

void tk_dequantize_int8(const int8_t *in, tk_float *out, int32_t n, float scale, int32_t zero_point)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = scale * (float)(in[i] - zero_point);
    }
}

void tk_dequantize_uint8(const uint8_t *in, tk_float *out, int32_t n, float scale, int32_t zero_point)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = scale * (float)(in[i] - zero_point);
    }
}
