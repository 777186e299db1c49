/* What a chip's folder provides to the firmware. */
#ifndef TK_PORT_H
#define TK_PORT_H

#include <stdint.h>

/* Called once, before anything below. */
void tk_port_init(void);

void tk_uart_put(uint8_t byte);

/* Counts up at TK_TIMER_HZ and wraps at 2^32. */
uint32_t tk_timer_now(void);

/* The pin that a power meter watches: high while the model runs. */
void tk_mark(int high);

#endif
