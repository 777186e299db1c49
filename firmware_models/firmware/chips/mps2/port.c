/* Arm's MPS2 with a Cortex-M image (CMSDK peripherals): AN385, AN386 and the emulated boards on its map. */
#include "tk_port.h"

#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART_DATA REGISTER(TK_UART_BASE + 0x00u)
#define UART_STATE REGISTER(TK_UART_BASE + 0x04u)
#define UART_CTRL REGISTER(TK_UART_BASE + 0x08u)
#define UART_INTCLEAR REGISTER(TK_UART_BASE + 0x0Cu)
#define UART_BAUDDIV REGISTER(TK_UART_BASE + 0x10u)
#define UART_STATE_TX_FULL 1u
#define UART_STATE_RX_FULL 2u
#define UART_STATE_OVERRUNS 12u
#define UART_CTRL_ALL 15u /* transmit, receive, and the interrupt of each */
#define UART_INT_TX 1u
#define UART_INT_RX 2u

/* Timer 0 counts on for ever; timer 1, next to it, wakes the core. */
#define TIMER_CTRL REGISTER(TK_TIMER_BASE + 0x00u)
#define TIMER_VALUE REGISTER(TK_TIMER_BASE + 0x04u)
#define TIMER_RELOAD REGISTER(TK_TIMER_BASE + 0x08u)
#define WAKE_CTRL REGISTER(TK_TIMER_BASE + 0x1000u)
#define WAKE_VALUE REGISTER(TK_TIMER_BASE + 0x1004u)
#define WAKE_RELOAD REGISTER(TK_TIMER_BASE + 0x1008u)
#define WAKE_INTSTATUS REGISTER(TK_TIMER_BASE + 0x100Cu) /* a 1 written clears */
#define TIMER_CTRL_ENABLE 1u
#define TIMER_CTRL_INTERRUPT 8u

#define GPIO_DATAOUT REGISTER(TK_MARKER_BASE + 0x04u)
#define GPIO_OUTENSET REGISTER(TK_MARKER_BASE + 0x10u)

#define NVIC_ISER REGISTER(0xE000E100u)
#define NVIC_ICER REGISTER(0xE000E180u)
#define NVIC_ICPR REGISTER(0xE000E280u)
#define IRQ_UART_RX (1u << 0)
#define IRQ_UART_TX (1u << 1)
#define IRQ_WAKE (1u << 9)

#define SCB_SCR REGISTER(0xE000ED10u)
#define SCB_SCR_SLEEPDEEP 4u
#define DHCSR REGISTER(0xE000EDF0u)
#define DHCSR_C_DEBUGEN 1u

static void wait_for_interrupt(void)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
}

static void uart_on(void)
{
    UART_CTRL = UART_CTRL_ALL;
    (void)UART_DATA;
    UART_STATE = UART_STATE_OVERRUNS;
    UART_INTCLEAR = UART_INT_TX | UART_INT_RX;
    NVIC_ICPR = IRQ_UART_RX | IRQ_UART_TX;
    NVIC_ISER = IRQ_UART_RX;
}

void tk_port_init(void)
{
    __asm volatile("cpsid i" ::: "memory");
    UART_BAUDDIV = (TK_CLOCK_HZ + TK_UART_BAUD / 2u) / TK_UART_BAUD;
    uart_on();
    TIMER_RELOAD = 0xFFFFFFFFu;
    TIMER_VALUE = 0xFFFFFFFFu;
    TIMER_CTRL = TIMER_CTRL_ENABLE;
    NVIC_ISER = IRQ_WAKE;
    GPIO_OUTENSET = 1u << TK_MARKER_PIN;
    tk_mark(0);
}

uint32_t tk_clock_hz(void)
{
    return TK_CLOCK_HZ;
}

static void wait_for_room(void)
{
    if ((UART_STATE & UART_STATE_TX_FULL) == 0) {
        return;
    }
    /* Enabled here only: every byte sent leaves this interrupt pending. A received byte stays pending until
     * tk_wait, and would make this wait a busy one. */
    NVIC_ICER = IRQ_UART_RX;
    NVIC_ISER = IRQ_UART_TX;
    do {
        wait_for_interrupt();
        UART_INTCLEAR = UART_INT_TX;
        NVIC_ICPR = IRQ_UART_TX;
    } while (UART_STATE & UART_STATE_TX_FULL);
    NVIC_ICER = IRQ_UART_TX;
    NVIC_ISER = IRQ_UART_RX;
}

void tk_uart_put(uint8_t byte)
{
    wait_for_room();
    UART_DATA = byte;
}

int tk_uart_get(void)
{
    return UART_STATE & UART_STATE_RX_FULL ? (int)(UART_DATA & 0xFFu) : -1;
}

void tk_wait(void)
{
    /* A byte that came before this sleep is pending still, and ends it at once. */
    wait_for_interrupt();
    UART_INTCLEAR = UART_INT_RX;
    NVIC_ICPR = IRQ_UART_RX;
}

static void wait_ticks(uint32_t ticks)
{
    /* A byte on the line must not keep the core awake meanwhile. */
    NVIC_ICER = IRQ_UART_RX;
    WAKE_RELOAD = ticks;
    WAKE_VALUE = ticks;
    WAKE_CTRL = TIMER_CTRL_ENABLE | TIMER_CTRL_INTERRUPT;
    while (WAKE_INTSTATUS == 0) {
        wait_for_interrupt();
    }
    WAKE_CTRL = 0;
    WAKE_INTSTATUS = 1u;
    NVIC_ICPR = IRQ_WAKE;
    NVIC_ISER = IRQ_UART_RX;
}

void tk_uart_flush(void)
{
    wait_for_room();
    /* The buffer is empty; nothing tells of the shift register behind it. */
    wait_ticks(11u * (TK_TIMER_HZ / TK_UART_BAUD + 1u));
}

void tk_uart_power(int on)
{
    if (on) {
        uart_on();
    } else {
        UART_CTRL = 0;
    }
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

void tk_idle_ms(uint32_t ms)
{
    for (; ms > 1000u; ms -= 1000u) {
        wait_ticks(TK_TIMER_HZ);
    }
    if (ms > 0u) {
        wait_ticks(TK_TIMER_HZ / 1000u * ms);
    }
}

void tk_sleep_ms(uint32_t ms)
{
    tk_uart_power(0);
    SCB_SCR |= SCB_SCR_SLEEPDEEP;
    tk_idle_ms(ms);
    SCB_SCR &= ~SCB_SCR_SLEEPDEEP;
    tk_uart_power(1);
}

int tk_debugger_attached(void)
{
#if __ARM_ARCH >= 7
    return (DHCSR & DHCSR_C_DEBUGEN) != 0;
#else
    return -1; /* Armv6-M cannot read the register */
#endif
}
