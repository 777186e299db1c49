/* The RTC of RM0090 26 and RM0432 46 (registers and bits used here are the same), and its EXTI line. ``chip.h`` says
 * where RCC and EXTI are, and how Stop mode is chosen. */
#include "stop.h"

#include "board.h"
#include "chip.h"
#include "core.h"
#include "tk_port.h"

#define PWR_CR1_DBP (1u << 8) /* lets the RTC be written */
#define BDCR_RTCSEL (3u << 8)
#define BDCR_RTCSEL_LSI (2u << 8)
#define BDCR_RTCEN (1u << 15)
#define CSR_LSION (1u << 0)
#define CSR_LSIRDY (1u << 1)
#define RTC_CR TK_REGISTER(0x40002808u)
#define RTC_CR_WUCKSEL 7u
#define RTC_CR_WUTE (1u << 10)
#define RTC_CR_WUTIE (1u << 14)
#define RTC_ISR 0x4000280Cu
#define RTC_ISR_WUTWF (1u << 2)
#define RTC_ISR_INIT (1u << 7)
#define RTC_ISR_WUTF (1u << 10)
#define RTC_WUTR TK_REGISTER(0x40002814u)
#define RTC_WPR TK_REGISTER(0x40002824u)
#define EXTI_IMR TK_REGISTER(TK_EXTI_BASE + 0x00u)
#define EXTI_RTSR TK_REGISTER(TK_EXTI_BASE + 0x08u)
#define EXTI_PR TK_REGISTER(TK_EXTI_BASE + 0x14u)
#define RTC_WKUP_IRQ 3u

#define CALIBRATION_STEPS 64u /* of the RTC's clock divided by 16: 32 ms at 32 kHz */
#define MOST_STEPS 65536u
#define SOON 20000u /* looks; LSI starts within 0.1 ms */
#define LATE 2000000u

/* Ticks of the timer in CALIBRATION_STEPS; 0 where the low-speed clock does not run. */
static uint32_t calibration_ticks;

static void flag_clear(void)
{
    /* Its other flags are cleared by zeros, and INIT would stop the calendar. */
    TK_REGISTER(RTC_ISR) = 0xFFFFu & ~(RTC_ISR_WUTF | RTC_ISR_INIT);
    EXTI_PR = TK_EXTI_WAKEUP;
    tk_irq_clear(RTC_WKUP_IRQ);
}

static void timer_off(void)
{
    RTC_CR &= ~(RTC_CR_WUTE | RTC_CR_WUTIE);
}

/* Periods of ``steps`` from now on. WUTWF comes only from a running clock. */
static int timer_on(uint32_t steps)
{
    timer_off();
    if (!tk_await(RTC_ISR, RTC_ISR_WUTWF, RTC_ISR_WUTWF, SOON)) {
        return 0;
    }
    RTC_WUTR = steps - 1u;
    flag_clear();
    RTC_CR |= RTC_CR_WUTE | RTC_CR_WUTIE; /* WUCKSEL is 0: the clock divided by 16 */
    return 1;
}

static int period_ends(void)
{
    const int seen = tk_await(RTC_ISR, RTC_ISR_WUTF, RTC_ISR_WUTF, LATE);
    flag_clear();
    return seen;
}

void tk_stop_init(void)
{
    TK_PWR_CR1 |= PWR_CR1_DBP;
    if ((TK_RCC_BDCR & BDCR_RTCSEL) == 0u) {
        TK_REGISTER(TK_RCC_CSR) |= CSR_LSION;
        if (!tk_await(TK_RCC_CSR, CSR_LSIRDY, CSR_LSIRDY, SOON)) {
            return;
        }
        TK_RCC_BDCR |= BDCR_RTCSEL_LSI; /* stays chosen until the backup domain is reset */
    } else if ((TK_RCC_BDCR & BDCR_RTCSEL) == BDCR_RTCSEL_LSI) {
        TK_REGISTER(TK_RCC_CSR) |= CSR_LSION; /* a reset stops it, and keeps the choice */
    }
    TK_RCC_BDCR |= BDCR_RTCEN;
    RTC_WPR = 0xCAu;
    RTC_WPR = 0x53u;
    EXTI_RTSR |= TK_EXTI_WAKEUP;
    EXTI_IMR |= TK_EXTI_WAKEUP;
    timer_off();
    if (!tk_await(RTC_ISR, RTC_ISR_WUTWF, RTC_ISR_WUTWF, SOON)) {
        return;
    }
    RTC_CR &= ~RTC_CR_WUCKSEL;
    /* The first period starts between two edges of the clock; the second is whole. */
    if (timer_on(CALIBRATION_STEPS) && period_ends()) {
        const uint32_t start = tk_timer_now();
        if (period_ends()) {
            calibration_ticks = tk_timer_now() - start;
        }
    }
    timer_off();
}

int tk_stop_ms(uint32_t ms)
{
    if (calibration_ticks == 0u) {
        return 0;
    }
    uint64_t steps = (uint64_t)ms * (TK_TIMER_HZ / 1000u) * CALIBRATION_STEPS / calibration_ticks;
    tk_irq_enable(RTC_WKUP_IRQ);
    tk_stop_choose();
    TK_SCB_SCR |= TK_SCB_SCR_SLEEPDEEP;
    while (steps > 0u) {
        const uint32_t now = steps < MOST_STEPS ? (uint32_t)steps : MOST_STEPS;
        if (!timer_on(now)) {
            break;
        }
        while ((TK_REGISTER(RTC_ISR) & RTC_ISR_WUTF) == 0u) {
            tk_wfi();
        }
        flag_clear();
        steps -= now;
    }
    TK_SCB_SCR &= ~TK_SCB_SCR_SLEEPDEEP;
    timer_off();
    tk_irq_disable(RTC_WKUP_IRQ);
    return 1;
}
