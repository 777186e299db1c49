/* Arm's MPS2 with a Cortex-M image (CMSDK peripherals): AN385, AN386 and the emulated boards on its map. */
#include "tk_port.h"

#include "board.h"

#define REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

#define UART_DATA REGISTER(TK_UART_BASE, 0x00u)
#define UART_STATE REGISTER(TK_UART_BASE, 0x04u)
#define UART_CTRL REGISTER(TK_UART_BASE, 0x08u)
#define UART_BAUDDIV REGISTER(TK_UART_BASE, 0x10u)
#define UART_STATE_TX_FULL 1u
#define UART_CTRL_TX 1u

#define TIMER_CTRL REGISTER(TK_TIMER_BASE, 0x00u)
#define TIMER_VALUE REGISTER(TK_TIMER_BASE, 0x04u)
#define TIMER_RELOAD REGISTER(TK_TIMER_BASE, 0x08u)

#define GPIO_DATAOUT REGISTER(TK_MARKER_BASE, 0x04u)
#define GPIO_OUTENSET REGISTER(TK_MARKER_BASE, 0x10u)

void tk_port_init(void)
{
    UART_BAUDDIV = TK_CLOCK_HZ / TK_UART_BAUD;
    UART_CTRL = UART_CTRL_TX;
    TIMER_RELOAD = 0xFFFFFFFFu;
    TIMER_VALUE = 0xFFFFFFFFu;
    TIMER_CTRL = 1u;
    GPIO_OUTENSET = 1u << TK_MARKER_PIN;
    tk_mark(0);
}

void tk_uart_put(uint8_t byte)
{
    while (UART_STATE & UART_STATE_TX_FULL) {
    }
    UART_DATA = byte;
}

/* The timer counts down. */
uint32_t tk_timer_now(void)
{
    return ~TIMER_VALUE;
}

void tk_mark(int high)
{
    const uint32_t pin = 1u << TK_MARKER_PIN;
    GPIO_DATAOUT = high ? GPIO_DATAOUT | pin : GPIO_DATAOUT & ~pin;
}
