/* `infer` and `timestamp`, in the order that MLPerf Tiny's reference keeps. */
#include "model.h"
#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

#define PULSE_US 100u
#define DEFAULT_WARMUP 10

int tk_infer_run(uint32_t count, int heeds)
{
    for (; count > 0; count--) {
        tk_input_give();
        tk_invoke();
        (void)tk_clock_ticks();
        if (heeds && tk_uart_get() == (int)TK_STOP) {
            return 1;
        }
    }
    return 0;
}

#if TK_ENERGY

void tk_timestamp(void)
{
    tk_mark(1);
    tk_mark(0);
    tk_clock_wait_us(PULSE_US);
    tk_mark(1);
}

/* Nothing but the marker may move while energy is measured. */
static int window(uint32_t count)
{
    tk_uart_flush();
    tk_uart_power(0);
    tk_timestamp();
    (void)tk_infer_run(count, 0);
    tk_timestamp();
    tk_uart_power(1);
    return 0;
}

#else

void tk_timestamp(void)
{
    tk_say(TK_M_LAP_US, tk_clock_us());
}

static int window(uint32_t count)
{
    tk_timestamp();
    tk_mark(1);
    const int stopped = tk_infer_run(count, 1);
    tk_mark(0);
    if (!stopped) {
        tk_timestamp();
    }
    return stopped;
}

#endif

static void infer(uint32_t count, uint32_t warmup)
{
    const uint32_t elements = tk_db_filled() / TK_DB_ELEMENT_BYTES;
    if (tk_db_filled() != TK_DB_BYTES) {
        tk_say(TK_T_MISMATCH, elements, TK_DB_BYTES / TK_DB_ELEMENT_BYTES);
    }
    tk_input_prepare();
    tk_say(TK_M_WARMUP_START, warmup);
    if (tk_infer_run(warmup, 1)) {
        tk_say(TK_E_STOPPED);
        return;
    }
    tk_say(TK_M_WARMUP_DONE);
    tk_say(TK_M_INFER_START, count);
    if (window(count)) {
        tk_say(TK_E_STOPPED);
        return;
    }
    tk_say(TK_M_INFER_DONE);
    tk_results();
}

void tk_infer(void)
{
    const char *word = tk_word();
    const int32_t count = word != 0 ? tk_number(word) : 1;
    word = word != 0 ? tk_word() : word;
    const int32_t warmup = word != 0 ? tk_number(word) : DEFAULT_WARMUP;
    if (count <= 0) {
        tk_say(TK_E_INFER_COUNT);
    } else if (warmup < 0) {
        tk_say(TK_E_INFER_WARMUP);
    } else {
        infer((uint32_t)count, (uint32_t)warmup);
    }
}

TK_SMALL_END
