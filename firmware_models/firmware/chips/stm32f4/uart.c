/* RM0090 30: the USART, woken by RXNE. */
#include "board.h"
#include "chip.h"
#include "clocks.h"
#include "core.h"
#include "pins.h"
#include "tk_port.h"

#if TK_UART_BASE == 0x40011000u
#define GATE TK_APB2_GATE
#define GATE_BIT (1u << 4) /* USART1 */
#define KERNEL_HZ tk_clocks.apb2_hz
#elif TK_UART_BASE == 0x40011400u
#define GATE TK_APB2_GATE
#define GATE_BIT (1u << 5) /* USART6 */
#define KERNEL_HZ tk_clocks.apb2_hz
#elif TK_UART_BASE >= 0x40004400u && TK_UART_BASE <= 0x40005000u
#define GATE TK_APB1_GATE
#define GATE_BIT (1u << (17u + (TK_UART_BASE - 0x40004400u) / 0x400u)) /* USART2, USART3, UART4, UART5 */
#define KERNEL_HZ tk_clocks.apb1_hz
#else
#error "the board's UART is none of the STM32F4's"
#endif

#define SR TK_REGISTER(TK_UART_BASE + 0x00u)
#define SR_ORE (1u << 3)
#define SR_RXNE (1u << 5)
#define SR_TC (1u << 6)
#define SR_TXE (1u << 7)
#define DR TK_REGISTER(TK_UART_BASE + 0x04u)
#define BRR TK_REGISTER(TK_UART_BASE + 0x08u)
#define CR1 TK_REGISTER(TK_UART_BASE + 0x0Cu)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_UE (1u << 13)

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
    BRR = (KERNEL_HZ + TK_UART_BAUD / 2u) / TK_UART_BAUD; /* sixteenfold oversampling */
    CR1 = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
    tk_pin_uart(TK_UART_TX_PORT, TK_UART_TX_PIN, TK_UART_PIN_FUNCTION, TK_PIN_ALTERNATE);
    tk_pin_uart(TK_UART_RX_PORT, TK_UART_RX_PIN, TK_UART_PIN_FUNCTION, TK_PIN_ALTERNATE);
    (void)SR;
    (void)DR; /* in this order they also clear an overrun */
    tk_irq_clear(TK_UART_IRQ);
    tk_irq_enable(TK_UART_IRQ);
}

void tk_uart_put(uint8_t byte)
{
    while ((SR & SR_TXE) == 0u) {
    }
    DR = byte;
}

int tk_uart_get(void)
{
    const uint32_t state = SR;
    if ((state & (SR_RXNE | SR_ORE)) == 0u) {
        return -1;
    }
    const uint32_t byte = DR & 0xFFu;
    return (state & SR_RXNE) != 0u ? (int)byte : -1;
}

void tk_uart_flush(void)
{
    while ((SR & SR_TC) == 0u) {
    }
}

void tk_wait(void)
{
    if ((SR & (SR_RXNE | SR_ORE)) == 0u) {
        tk_wfi();
    }
    tk_irq_clear(TK_UART_IRQ);
}
