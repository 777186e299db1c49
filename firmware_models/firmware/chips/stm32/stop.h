/* Stop mode, ended by the RTC's wake-up timer. */
#ifndef TK_STOP_H
#define TK_STOP_H

#include <stdint.h>

/* Starts the RTC on whatever low-speed clock is chosen, else on LSI, and measures it against the timer: LSI is a bad
 * one (17 to 47 kHz in an STM32F4). */
void tk_stop_init(void);

/* Stops for ``ms`` milliseconds; the core then runs from what it does after reset. 0 where no low-speed clock runs:
 * nothing is done. */
int tk_stop_ms(uint32_t ms);

#endif
