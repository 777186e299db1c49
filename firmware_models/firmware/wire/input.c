/* From the buffer to the model's inputs. */
#include <string.h>

#include "model.h"
#include "wire.h"

#if TK_INPUT_ENCODING == TK_ENCODING_FLOAT32
/* Real numbers are quantized once, not before every inference. */
static int8_t tk_wire_quantized[TK_INPUT_0_ELEMENTS] __attribute__((aligned(16)));

static int8_t quantize(float x)
{
    const float scaled = x / TK_INPUT_0_SCALE;
    /* What is no number becomes the lowest; beyond 1024 the result is clamped whatever the zero point is. */
    if (!(scaled > -1024.0f)) {
        return INT8_MIN;
    }
    if (scaled >= 1024.0f) {
        return INT8_MAX;
    }
    int32_t whole = (int32_t)scaled;
    const float rest = scaled - (float)whole;
    whole += (rest >= 0.5f) - (rest <= -0.5f) + TK_INPUT_0_ZERO_POINT;
    return (int8_t)(whole < INT8_MIN ? INT8_MIN : whole > INT8_MAX ? INT8_MAX : whole);
}
#endif

void tk_input_prepare(void)
{
#if TK_INPUT_ENCODING == TK_ENCODING_FLOAT32
    for (uint32_t i = 0; i < TK_INPUT_0_ELEMENTS; i++) {
        float x;
        memcpy(&x, tk_wire_db + i * sizeof x, sizeof x);
        tk_wire_quantized[i] = quantize(x);
    }
#endif
}

void tk_input_give(void)
{
#if TK_INPUT_ENCODING == TK_ENCODING_FLOAT32
    memcpy(tk_input(0), tk_wire_quantized, sizeof tk_wire_quantized);
#elif TK_INPUT_ENCODING == TK_ENCODING_UINT8_MINUS_128
    uint8_t *to = tk_input(0);
    for (uint32_t i = 0; i < TK_DB_BYTES; i++) {
        to[i] = tk_wire_db[i] ^ 0x80u;
    }
#else
    const uint8_t *from = tk_wire_db;
    for (uint32_t i = 0; i < TK_INPUT_COUNT; i++) {
        memcpy(tk_input((int)i), from, tk_wire_inputs[i].size_bytes);
        from += tk_wire_inputs[i].size_bytes;
    }
#endif
}
