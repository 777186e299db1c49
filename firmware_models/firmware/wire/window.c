/* Phases that a power meter sees as one pulse of the marker, with an idle core on both sides of it. */
#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

/* A meter may see nothing but falling edges: the start gets one too, too short to be seen as a level. */
#define NOTCH_US 2u

static uint32_t armed;

void tk_phase_begin(void)
{
    tk_uart_flush();
    if (TK_ENERGY) {
        tk_uart_power(0);
    }
    tk_mark(0);
    tk_idle_ms(TK_GUARD_MS);
    tk_mark(1);
    if (TK_ENERGY) {
        tk_mark(0);
        tk_clock_wait_us(NOTCH_US);
        tk_mark(1);
    }
}

void tk_phase_end(void)
{
    tk_mark(0);
    tk_idle_ms(TK_GUARD_MS);
    if (TK_ENERGY) {
        tk_uart_power(1);
    }
}

void tk_arm(void)
{
    armed = 0;
    const int32_t count = tk_argument(1, INT32_MAX, -1);
    const int32_t warmup = count < 0 ? -1 : tk_argument(0, INT32_MAX, 0);
    if (warmup < 0) {
        return;
    }
    tk_mark(0);
    tk_input_prepare();
    if (tk_infer_run((uint32_t)warmup, 1)) {
        tk_say(TK_E_STOPPED);
        return;
    }
    armed = (uint32_t)count;
    tk_say(TK_M_TK_ARMED, armed);
}

void tk_go(void)
{
    const uint32_t count = armed;
    if (count == 0) {
        tk_say(TK_E_NOT_ARMED);
        return;
    }
    armed = 0;
    tk_input_prepare();
    tk_say(TK_M_TK_GO);
    tk_phase_begin();
    const uint64_t start = tk_clock_ticks();
    const int stopped = tk_infer_run(count, !TK_ENERGY);
    const uint64_t ticks = tk_clock_ticks() - start;
    tk_phase_end();
    if (stopped) {
        tk_say(TK_E_STOPPED);
        return;
    }
    tk_say(TK_M_TK_DONE);
    tk_say_decimal(count);
    tk_uart_put(',');
    tk_say_decimal(ticks);
    tk_say(TK_M_TK_DONE_END);
    const uint32_t said[3] = {count, (uint32_t)ticks, (uint32_t)(ticks >> 32)};
    tk_say(TK_M_TK_CRC, tk_crc32(0, (const uint8_t *)said, sizeof said));
}

TK_SMALL_END
