/* RM0432 5 (PWR), 6 (RCC) and 3.7 (FLASH): the PLL on MSI at 4 MHz, which a 32 kHz crystal trims where the board has
 * one (MSI alone: 1 %). MSI alone runs where the PLL does not lock. */
#include "clocks.h"

#include "board.h"
#include "chip.h"
#include "core.h"

#define MSI_HZ 4000000u /* range 6, as after reset and Stop */

#define RCC_CR 0x40021000u
#define RCC_CFGR 0x40021008u
#define RCC_PLLCFGR TK_REGISTER(0x4002100Cu)
#define RCC_BDCR 0x40021090u
#define CR_MSIPLLEN (1u << 2)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define PLLCFGR_MSI 1u
#define PLLCFGR_PLLREN (1u << 24)
#define CFGR_SW_PLL 3u
#define CFGR_SWS_PLL (3u << 2)
#define CFGR_HPRE_DIV2 (8u << 4)
#define BDCR_LSEON (1u << 0)
#define BDCR_LSERDY (1u << 1)
#define BDCR_LSEDRV (3u << 3)
#define BDCR_RTCSEL (3u << 8)
#define BDCR_RTCSEL_LSE (1u << 8)
#define APB1ENR1_RTCAPB (1u << 10)
#define APB1ENR1_PWR (1u << 28)
#define PWR_CR1_DBP (1u << 8)
#define PWR_CR2 TK_REGISTER(0x40007004u)
#define PWR_CR2_IOSV (1u << 9) /* VDDIO2, which feeds PG2 to PG15, is there */
#define PWR_SR2 0x40007014u
#define PWR_SR2_VOSF (1u << 10)
#define PWR_CR5 TK_REGISTER(0x40007080u)
#define PWR_CR5_R1MODE (1u << 8) /* 0: boost, needed above 80 MHz (5.1.8) */
#define FLASH_ACR TK_REGISTER(0x40022000u)
#define FLASH_ACR_CACHES (7u << 8) /* prefetch, instruction cache, data cache */

/* Looks of about ten cycles at 4 MHz: a 32 kHz crystal takes up to 2 s, the PLL 40 us. */
#define CRYSTAL_LOOKS 1000000u
#define PLL_LOOKS 4000u

/* 6.4.4: the VCO runs at twice the core clock, 64 to 344 MHz; R halves it. */
#define PLL_N (TK_CLOCK_HZ / 1000000u * 2u / (MSI_HZ / 1000000u))
#if TK_CLOCK_HZ % 2000000u != 0 || TK_CLOCK_HZ < 32000000u || TK_CLOCK_HZ > 120000000u
#error "clock_hz must be a multiple of 2 MHz from 32 to 120"
#endif
#if TK_OSCILLATOR_HZ != 0
#error "this chip's firmware runs from MSI: leave oscillator_hz out"
#endif
#if TK_CLOCK_HZ % TK_TIMER_HZ != 0 || MSI_HZ % TK_TIMER_HZ != 0
#error "the timer's clock_hz must divide both the core's and 4 MHz, which the chip may fall back to"
#endif

struct tk_clocks tk_clocks = {MSI_HZ, MSI_HZ, MSI_HZ, MSI_HZ};

static void run_at(uint32_t hz)
{
    tk_clocks = (struct tk_clocks){hz, hz, hz, hz}; /* no bus is divided */
}

static void trim(void)
{
    if (TK_LOW_SPEED_CRYSTAL == 0) {
        return;
    }
    TK_PWR_CR1 |= PWR_CR1_DBP;
    if ((TK_RCC_BDCR & BDCR_LSEON) == 0u) {
        TK_RCC_BDCR = (TK_RCC_BDCR & ~BDCR_LSEDRV) | BDCR_LSEON;
    }
    if (!tk_await(RCC_BDCR, BDCR_LSERDY, BDCR_LSERDY, CRYSTAL_LOOKS)) {
        return;
    }
    TK_REGISTER(RCC_CR) |= CR_MSIPLLEN;
    if ((TK_RCC_BDCR & BDCR_RTCSEL) == 0u) {
        TK_RCC_BDCR |= BDCR_RTCSEL_LSE;
    }
}

void tk_clocks_start(void)
{
    run_at(MSI_HZ);
    TK_APB1_GATE |= APB1ENR1_PWR | APB1ENR1_RTCAPB;
    (void)TK_APB1_GATE;
    PWR_CR2 |= PWR_CR2_IOSV;
    trim();
    RCC_PLLCFGR = PLLCFGR_MSI | (PLL_N << 8) | PLLCFGR_PLLREN; /* M is 1, R is 2 */
    TK_REGISTER(RCC_CR) |= CR_PLLON;
    if (!tk_await(RCC_CR, CR_PLLRDY, CR_PLLRDY, PLL_LOOKS)) {
        TK_REGISTER(RCC_CR) &= ~CR_PLLON;
        return;
    }
    if (TK_CLOCK_HZ > 80000000u) {
        PWR_CR5 &= ~PWR_CR5_R1MODE;
        (void)tk_await(PWR_SR2, PWR_SR2_VOSF, 0, PLL_LOOKS);
    }
    FLASH_ACR = FLASH_ACR_CACHES | TK_FLASH_WAIT_STATES;
    (void)FLASH_ACR;
    /* 5.1.8: half the clock for a microsecond before more than 80 MHz. */
    TK_REGISTER(RCC_CFGR) = CFGR_HPRE_DIV2 | CFGR_SW_PLL;
    if (!tk_await(RCC_CFGR, CFGR_SWS_PLL, CFGR_SWS_PLL, PLL_LOOKS)) {
        TK_REGISTER(RCC_CFGR) = 0;
        return;
    }
    for (volatile uint32_t n = 0; n < 100u; n++) {
    }
    TK_REGISTER(RCC_CFGR) = CFGR_SW_PLL;
    run_at(TK_CLOCK_HZ);
}
