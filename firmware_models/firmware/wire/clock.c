#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

/* Microseconds are ticks * TIMES / PER; PER has to fit tk_divide. */
#if TK_TIMER_HZ % 1000000u == 0
#define TIMES 1u
#define PER (TK_TIMER_HZ / 1000000u)
#elif TK_TIMER_HZ % 1000u == 0
#define TIMES 1000u
#define PER (TK_TIMER_HZ / 1000u)
#else
#define TIMES 1000000u
#define PER TK_TIMER_HZ
#endif
#if PER > 65535u
#error "TK_TIMER_HZ must be a whole number of MHz, or of kHz up to 65 MHz, or at most 65535 Hz"
#endif

uint64_t tk_clock_ticks(void)
{
    static uint64_t ticks;
    static uint32_t last;
    const uint32_t now = tk_timer_now();
    ticks += now - last;
    last = now;
    return ticks;
}

uint32_t tk_clock_us(void)
{
    uint64_t us = tk_clock_ticks() * TIMES;
    (void)tk_divide(&us, PER);
    return (uint32_t)us;
}

void tk_clock_wait_us(uint32_t us)
{
    const uint32_t start = tk_clock_us();
    while (tk_clock_us() - start < us) {
    }
}

TK_SMALL_END
