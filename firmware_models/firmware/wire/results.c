/* Output 0 as real numbers, the way MLPerf Tiny's runner reads them. */
#include <string.h>

#include "model.h"
#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

#if TK_RESULTS == TK_RESULTS_ERROR

/* How far the output is from the input that it should repeat: the mean of the squares. */
static void say_values(void)
{
    const int8_t *output = tk_output(0);
    float sum = 0.0f;
    for (uint32_t i = 0; i < TK_OUTPUT_0_ELEMENTS; i++) {
        float x;
        memcpy(&x, tk_wire_db + i * sizeof x, sizeof x);
        const float apart = TK_OUTPUT_0_SCALE * (float)(output[i] - TK_OUTPUT_0_ZERO_POINT) - x;
        sum += apart * apart;
    }
    tk_say_float(sum / (float)TK_OUTPUT_0_ELEMENTS);
}

#else

static void say_value(const uint8_t *output, uint32_t i)
{
#if TK_RESULTS == TK_RESULTS_FLOAT32
    float value;
    memcpy(&value, output + i * sizeof value, sizeof value);
    tk_say_float(value);
#else
#if TK_RESULTS == TK_RESULTS_INT8
    const int32_t stored = (int8_t)output[i];
#else
    const int32_t stored = output[i];
#endif
    const int32_t steps = stored - TK_OUTPUT_0_ZERO_POINT;
    const uint64_t magnitude = (uint64_t)(steps < 0 ? -steps : steps) * TK_RESULTS_MANTISSA;
    tk_say_real(steps < 0, magnitude, TK_RESULTS_EXPONENT, TK_RESULTS_CUT);
#endif
}

static void say_values(void)
{
    for (uint32_t i = 0; i < TK_OUTPUT_0_ELEMENTS; i++) {
        if (i > 0) {
            tk_uart_put(',');
        }
        say_value(tk_output(0), i);
    }
}

#endif

void tk_results(void)
{
    tk_say(TK_M_RESULTS);
    say_values();
    tk_say(TK_M_RESULTS_END);
}

TK_SMALL_END
