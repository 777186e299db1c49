/* RM0432 50 (USART) and 51 (LPUART), woken by RXNE. */
#include "board.h"
#include "chip.h"
#include "clocks.h"
#include "core.h"
#include "pins.h"
#include "tk_port.h"

#define IS_LPUART (TK_UART_BASE == 0x40008000u)
#if TK_UART_BASE == 0x40008000u
#define GATE TK_APB1_GATE2
#define GATE_BIT (1u << 0) /* LPUART1 */
#elif TK_UART_BASE == 0x40013800u
#define GATE TK_APB2_GATE
#define GATE_BIT (1u << 14) /* USART1 */
#elif TK_UART_BASE >= 0x40004400u && TK_UART_BASE <= 0x40005000u
#define GATE TK_APB1_GATE
#define GATE_BIT (1u << (17u + (TK_UART_BASE - 0x40004400u) / 0x400u)) /* USART2, USART3, UART4, UART5 */
#else
#error "the board's UART is none of the STM32L4's"
#endif

#define CR1 TK_REGISTER(TK_UART_BASE + 0x00u)
#define CR1_UE (1u << 0)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define BRR TK_REGISTER(TK_UART_BASE + 0x0Cu)
#define ISR TK_REGISTER(TK_UART_BASE + 0x1Cu)
#define ISR_ORE (1u << 3)
#define ISR_RXNE (1u << 5)
#define ISR_TC (1u << 6)
#define ISR_TXE (1u << 7)
#define ICR TK_REGISTER(TK_UART_BASE + 0x20u)
#define ICR_ERRORS 0x0Fu /* overrun, noise, framing, parity */
#define RDR TK_REGISTER(TK_UART_BASE + 0x24u)
#define TDR TK_REGISTER(TK_UART_BASE + 0x28u)
#define PRESC TK_REGISTER(TK_UART_BASE + 0x2Cu)
#define PRESC_DIV4 2u

static void set_rate(void)
{
    uint32_t hz = tk_clocks.apb1_hz;
    /* 51.4.7: an LPUART takes 3 to 4096 times the baud rate; a USART any 16-bit divider. */
    const int slow = hz > (IS_LPUART ? 4096u : 65535u) * (uint64_t)TK_UART_BAUD;
    PRESC = slow ? PRESC_DIV4 : 0u;
    hz = slow ? hz / 4u : hz;
    const uint64_t scaled = IS_LPUART ? 256u * (uint64_t)hz : hz;
    BRR = (uint32_t)((scaled + TK_UART_BAUD / 2u) / TK_UART_BAUD);
}

static void off(void)
{
    tk_irq_disable(TK_UART_IRQ);
    tk_pin_uart(TK_UART_TX_PORT, TK_UART_TX_PIN, TK_UART_PIN_FUNCTION, TK_PIN_INPUT);
    CR1 = 0;
    GATE &= ~GATE_BIT;
}

void tk_uart_power(int on)
{
    if (!on) {
        off();
        return;
    }
    GATE |= GATE_BIT;
    (void)GATE;
    CR1 = 0; /* the rate is set while it is off */
    set_rate();
    CR1 = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
    tk_pin_uart(TK_UART_TX_PORT, TK_UART_TX_PIN, TK_UART_PIN_FUNCTION, TK_PIN_ALTERNATE);
    tk_pin_uart(TK_UART_RX_PORT, TK_UART_RX_PIN, TK_UART_PIN_FUNCTION, TK_PIN_ALTERNATE);
    (void)RDR;
    ICR = ICR_ERRORS;
    tk_irq_clear(TK_UART_IRQ);
    tk_irq_enable(TK_UART_IRQ);
}

void tk_uart_put(uint8_t byte)
{
    while ((ISR & ISR_TXE) == 0u) {
    }
    TDR = byte;
}

int tk_uart_get(void)
{
    const uint32_t state = ISR;
    if ((state & ISR_ORE) != 0u) {
        ICR = ICR_ERRORS; /* the interrupt is asserted as long as it is set */
    }
    return (state & ISR_RXNE) != 0u ? (int)(RDR & 0xFFu) : -1;
}

void tk_uart_flush(void)
{
    while ((ISR & ISR_TC) == 0u) {
    }
}

void tk_wait(void)
{
    if ((ISR & (ISR_RXNE | ISR_ORE)) == 0u) {
        tk_wfi();
    }
    tk_irq_clear(TK_UART_IRQ);
}
