/* Where an STM32F405 or F407 has things (RM0090: 2.3 memory map, 5.4 PWR, 7.3 RCC, 12.2.5 EXTI lines). */
#ifndef TK_CHIP_H
#define TK_CHIP_H

#include "core.h"

#define TK_GPIO_BASE 0x40020000u
#define TK_GPIO_GATE TK_REGISTER(0x40023830u) /* RCC_AHB1ENR */
#define TK_APB1_GATE TK_REGISTER(0x40023840u) /* RCC_APB1ENR */
#define TK_APB2_GATE TK_REGISTER(0x40023844u) /* RCC_APB2ENR */
#define TK_RCC_BDCR TK_REGISTER(0x40023870u)
#define TK_RCC_CSR 0x40023874u
#define TK_PWR_CR1 TK_REGISTER(0x40007000u) /* PWR_CR */
#define TK_EXTI_BASE 0x40013C00u
#define TK_EXTI_WAKEUP (1u << 22)

/* Stop, not Standby (PDDS), with the regulator in low power (LPDS) and the flash off (FPDS); WUF cleared (CWUF). */
static inline void tk_stop_choose(void)
{
    TK_PWR_CR1 = (TK_PWR_CR1 & ~(1u << 1)) | (1u << 0) | (1u << 9) | (1u << 2);
}

#endif
