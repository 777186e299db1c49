/* Where an STM32L4+ has things (RM0432: 2.2 memory map, 5.4 PWR, 6.4 RCC, 15.3 EXTI lines). */
#ifndef TK_CHIP_H
#define TK_CHIP_H

#include "core.h"

#define TK_GPIO_BASE 0x48000000u
#define TK_GPIO_GATE TK_REGISTER(0x4002104Cu) /* RCC_AHB2ENR */
#define TK_APB1_GATE TK_REGISTER(0x40021058u) /* RCC_APB1ENR1 */
#define TK_APB1_GATE2 TK_REGISTER(0x4002105Cu) /* RCC_APB1ENR2 */
#define TK_APB2_GATE TK_REGISTER(0x40021060u) /* RCC_APB2ENR */
#define TK_RCC_BDCR TK_REGISTER(0x40021090u)
#define TK_RCC_CSR 0x40021094u
#define TK_PWR_CR1 TK_REGISTER(0x40007000u)
#define TK_EXTI_BASE 0x40010400u
#define TK_EXTI_WAKEUP (1u << 20)

/* LPMS: Stop 2. */
static inline void tk_stop_choose(void)
{
    TK_PWR_CR1 = (TK_PWR_CR1 & ~7u) | 2u;
}

#endif
