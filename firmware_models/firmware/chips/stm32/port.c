/* The part of tk_port.h that is alike in all STM32: all but what the UART needs, which ``uart.c`` of the chip has. */
#include "tk_port.h"

#include "board.h"
#include "chip.h"
#include "clocks.h"
#include "core.h"
#include "pins.h"
#include "stop.h"
#include "timer.h"

#define MARKER_PORT ((TK_MARKER_BASE - TK_GPIO_BASE) / 0x400u)

void tk_port_init(void)
{
    tk_clocks_start();
    tk_timer_start();
    tk_pin_mode(MARKER_PORT, TK_MARKER_PIN, TK_PIN_INPUT);
    tk_mark(0);
    tk_pin_field(MARKER_PORT, TK_GPIO_OSPEEDR, 2u * TK_MARKER_PIN, 2u, 2u);
    tk_pin_mode(MARKER_PORT, TK_MARKER_PIN, TK_PIN_OUTPUT);
    tk_uart_power(1);
    tk_stop_init();
}

uint32_t tk_clock_hz(void)
{
    return tk_clocks.core_hz;
}

uint32_t tk_timer_now(void)
{
    return TK_TIM_CNT;
}

void tk_mark(int high)
{
    tk_pin_set(MARKER_PORT, TK_MARKER_PIN, (high != 0) == (TK_MARKER_ACTIVE_HIGH != 0));
}

void tk_idle_ms(uint32_t ms)
{
    tk_irq_disable(TK_UART_IRQ); /* a byte on the line must not keep the core awake */
    tk_systick_sleep(ms, tk_clocks.core_hz);
    tk_irq_enable(TK_UART_IRQ);
}

void tk_sleep_ms(uint32_t ms)
{
    tk_uart_power(0);
    const uint32_t start = TK_TIM_CNT;
    if (tk_stop_ms(ms)) {
        tk_clocks_start();
        TK_TIM_CNT = start + ms * (TK_TIMER_HZ / 1000u); /* it stood still meanwhile */
    } else {
        tk_systick_sleep(ms, tk_clocks.core_hz);
    }
    tk_uart_power(1);
}

int tk_debugger_attached(void)
{
    return tk_core_debugged();
}
