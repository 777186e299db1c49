/* What a chip's folder provides to the firmware. Nothing here takes an interrupt: PRIMASK stays set, a pending
 * interrupt only wakes the core, and the port clears it by hand. */
#ifndef TK_PORT_H
#define TK_PORT_H

#include <stdint.h>

/* Clock, UART, timer, marker pin. Called once, before anything below. */
void tk_port_init(void);

/* The core's clock as it runs: below TK_CLOCK_HZ where an oscillator or the PLL did not start. UART and timer keep
 * their rates. */
uint32_t tk_clock_hz(void);

/* Waits while the transmitter is full. */
void tk_uart_put(uint8_t byte);

/* The next received byte, or -1. Never waits. */
int tk_uart_get(void);

/* Returns when the last stop bit has left. */
void tk_uart_flush(void);

/* Off: the UART draws nothing and hears nothing. On: as after tk_port_init; input from before is dropped. */
void tk_uart_power(int on);

/* Counts up at TK_TIMER_HZ and wraps at 2^32. */
uint32_t tk_timer_now(void);

/* The pin that a power meter watches. */
void tk_mark(int high);

/* Sleeps (WFI) until a byte may have come; may return early. The timer goes on counting. */
void tk_wait(void);

/* The core sleeps (WFI) for ``ms`` milliseconds; the timer wakes it. */
void tk_idle_ms(uint32_t ms);

/* The same in the deepest state that a timer can end. The UART is off meanwhile, and on again afterwards. */
void tk_sleep_ms(uint32_t ms);

/* 1 while a debugger is attached, 0 where none is, -1 where the core cannot know. */
int tk_debugger_attached(void);

#endif
