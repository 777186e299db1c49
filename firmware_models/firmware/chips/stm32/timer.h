/* TIM2 or TIM5, which have 32 bits. */
#ifndef TK_TIMER_H
#define TK_TIMER_H

#include "board.h"
#include "chip.h"
#include "clocks.h"
#include "core.h"

#define TK_TIM_CR1 TK_REGISTER(TK_TIMER_BASE + 0x00u)
#define TK_TIM_EGR TK_REGISTER(TK_TIMER_BASE + 0x14u)
#define TK_TIM_CNT TK_REGISTER(TK_TIMER_BASE + 0x24u)
#define TK_TIM_PSC TK_REGISTER(TK_TIMER_BASE + 0x28u)
#define TK_TIM_ARR TK_REGISTER(TK_TIMER_BASE + 0x2Cu)
#if TK_TIMER_BASE == 0x40000000u
#define TK_TIM_BIT (1u << 0)
#elif TK_TIMER_BASE == 0x40000C00u
#define TK_TIM_BIT (1u << 3)
#else
#error "the board's timer must be TIM2 or TIM5"
#endif

static inline void tk_timer_start(void)
{
    TK_APB1_GATE |= TK_TIM_BIT;
    (void)TK_APB1_GATE;
    TK_TIM_PSC = tk_clocks.timer_hz / TK_TIMER_HZ - 1u;
    TK_TIM_ARR = 0xFFFFFFFFu;
    TK_TIM_EGR = 1u; /* takes the prescaler over */
    TK_TIM_CR1 = 1u;
}

#endif
