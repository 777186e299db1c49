/* RM0090 5 (PWR), 7 (RCC) and 3.9 (FLASH): the PLL on the board's oscillator; on HSI (1 %) where that does not start;
 * HSI alone, at 16 MHz, where the PLL does not lock either. */
#include "clocks.h"

#include "board.h"
#include "chip.h"
#include "core.h"

#define HSI_HZ 16000000u

#define RCC_CR 0x40023800u
#define RCC_PLLCFGR TK_REGISTER(0x40023804u)
#define RCC_CFGR 0x40023808u
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define PLLCFGR_HSE (1u << 22)
#define CFGR_SW_PLL 2u
#define CFGR_SWS_PLL (2u << 2)
#define APB1ENR_PWR (1u << 28)
#define PWR_CR_VOS (1u << 14) /* scale 1: up to 168 MHz */
#define FLASH_ACR TK_REGISTER(0x40023C00u)
#define FLASH_ACR_CACHES (7u << 8) /* prefetch, instruction cache, data cache */

/* Looks of about five cycles at 16 MHz: a crystal takes some ms (DS8626, HSE characteristics), the PLL 0.3 ms. */
#define CRYSTAL_LOOKS 200000u
#define PLL_LOOKS 20000u

/* 7.3.2: 2 MHz into the PLL, twice the core clock out of its VCO, halved by P. */
#define PLL_INPUT_HZ 2000000u
#define PLL_N (TK_CLOCK_HZ / 1000000u)
#define PLL_Q 7u
#if TK_CLOCK_HZ % 1000000u != 0 || TK_CLOCK_HZ < 50000000u || TK_CLOCK_HZ > 168000000u
#error "clock_hz must be whole MHz from 50 to 168"
#endif
#if TK_OSCILLATOR_HZ % PLL_INPUT_HZ != 0
#error "oscillator_hz must be a multiple of 2 MHz"
#endif

/* 7.2: APB1 up to 42 MHz, APB2 up to 84 MHz. Prescalers are written as 4 for /2 and 5 for /4. */
#if TK_CLOCK_HZ > 84000000u
#define APB1_DIV 4u
#define APB2_DIV 2u
#define CFGR_PRESCALERS ((5u << 10) | (4u << 13))
#else
#define APB1_DIV 2u
#define APB2_DIV 1u
#define CFGR_PRESCALERS (4u << 10)
#endif
/* 7.2: a divided APB's timers count twice its clock. */
#define TIMER_CLOCK_HZ (TK_CLOCK_HZ / APB1_DIV * 2u)
#if TIMER_CLOCK_HZ % TK_TIMER_HZ != 0 || HSI_HZ % TK_TIMER_HZ != 0
#error "the timer's clock_hz must divide both its clock and 16 MHz, which the chip may fall back to"
#endif

struct tk_clocks tk_clocks = {HSI_HZ, HSI_HZ, HSI_HZ, HSI_HZ};

static int pll_lock(uint32_t source_hz, uint32_t source)
{
    RCC_PLLCFGR = (source_hz / PLL_INPUT_HZ) | (PLL_N << 6) | source | (PLL_Q << 24);
    TK_REGISTER(RCC_CR) |= CR_PLLON;
    if (tk_await(RCC_CR, CR_PLLRDY, CR_PLLRDY, PLL_LOOKS)) {
        return 1;
    }
    TK_REGISTER(RCC_CR) &= ~CR_PLLON;
    return 0;
}

static int oscillator_starts(void)
{
    if (TK_OSCILLATOR_HZ == 0u) {
        return 0;
    }
    TK_REGISTER(RCC_CR) |= CR_HSEON;
    if (tk_await(RCC_CR, CR_HSERDY, CR_HSERDY, CRYSTAL_LOOKS)) {
        return 1;
    }
    TK_REGISTER(RCC_CR) &= ~CR_HSEON;
    return 0;
}

void tk_clocks_start(void)
{
    tk_clocks = (struct tk_clocks){HSI_HZ, HSI_HZ, HSI_HZ, HSI_HZ};
    TK_APB1_GATE |= APB1ENR_PWR;
    (void)TK_APB1_GATE;
    TK_PWR_CR1 |= PWR_CR_VOS;
    if (!(oscillator_starts() && pll_lock(TK_OSCILLATOR_HZ, PLLCFGR_HSE)) && !pll_lock(HSI_HZ, 0)) {
        return;
    }
    FLASH_ACR = FLASH_ACR_CACHES | TK_FLASH_WAIT_STATES;
    (void)FLASH_ACR;
    TK_REGISTER(RCC_CFGR) = CFGR_PRESCALERS | CFGR_SW_PLL;
    if (!tk_await(RCC_CFGR, CFGR_SWS_PLL, CFGR_SWS_PLL, PLL_LOOKS)) {
        TK_REGISTER(RCC_CFGR) = 0;
        return;
    }
    tk_clocks = (struct tk_clocks){TK_CLOCK_HZ, TK_CLOCK_HZ / APB1_DIV, TK_CLOCK_HZ / APB2_DIV, TIMER_CLOCK_HZ};
}
