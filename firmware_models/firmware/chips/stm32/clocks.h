/* The clocks as they run. */
#ifndef TK_CLOCKS_H
#define TK_CLOCKS_H

#include <stdint.h>

/* ``timer_hz`` is what TIM2 to TIM7 count before their prescaler. */
struct tk_clocks {
    uint32_t core_hz;
    uint32_t apb1_hz;
    uint32_t apb2_hz;
    uint32_t timer_hz;
};

extern struct tk_clocks tk_clocks;

/* From what runs after reset or Stop mode to TK_CLOCK_HZ. Every wait is bounded (an emulator's RCC may answer zeros):
 * what does not start leaves a slower clock, and `tk_clocks` then says so. */
void tk_clocks_start(void);

#endif
