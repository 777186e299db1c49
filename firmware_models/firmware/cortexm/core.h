/* What every Cortex-M has (Armv6-M and Armv7-M Architecture Reference Manuals, B3): sleeping, the NVIC, SysTick, the
 * debugger's flag. No vector is ever taken: PRIMASK is set since reset, a pending interrupt only ends WFI. */
#ifndef TK_CORE_H
#define TK_CORE_H

#include <stdint.h>

#define TK_REGISTER(address) (*(volatile uint32_t *)(address))

#define TK_SYST_CSR TK_REGISTER(0xE000E010u)
#define TK_SYST_RVR TK_REGISTER(0xE000E014u)
#define TK_SYST_CVR TK_REGISTER(0xE000E018u)
#define TK_SYST_MOST 0x01000000u
#define TK_SCB_ICSR TK_REGISTER(0xE000ED04u)
#define TK_SCB_ICSR_PENDSTCLR (1u << 25)
#define TK_SCB_SCR TK_REGISTER(0xE000ED10u)
#define TK_SCB_SCR_SLEEPDEEP (1u << 2)
#define TK_DHCSR TK_REGISTER(0xE000EDF0u)

static inline void tk_irq_enable(uint32_t irq)
{
    TK_REGISTER(0xE000E100u + 4u * (irq / 32u)) = 1u << (irq % 32u);
}

static inline void tk_irq_disable(uint32_t irq)
{
    TK_REGISTER(0xE000E180u + 4u * (irq / 32u)) = 1u << (irq % 32u);
}

/* A line that is still asserted stays pending. */
static inline void tk_irq_clear(uint32_t irq)
{
    TK_REGISTER(0xE000E280u + 4u * (irq / 32u)) = 1u << (irq % 32u);
}

static inline void tk_wfi(void)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
}

/* Sleeps until SysTick has counted ``ms`` milliseconds of a core clock of ``clock_hz``. */
static inline void tk_systick_sleep(uint32_t ms, uint32_t clock_hz)
{
    const uint32_t per_ms = clock_hz / 1000u;
    const uint32_t most = TK_SYST_MOST / per_ms;
    while (ms > 0u) {
        const uint32_t now = ms < most ? ms : most;
        TK_SYST_RVR = now * per_ms - 1u;
        TK_SYST_CVR = 0;
        TK_SYST_CSR = 7u; /* on, pends its exception, counts the core clock */
        while ((TK_SYST_CSR & (1u << 16)) == 0u) {
            tk_wfi();
            TK_SCB_ICSR = TK_SCB_ICSR_PENDSTCLR;
        }
        TK_SYST_CSR = 0;
        TK_SCB_ICSR = TK_SCB_ICSR_PENDSTCLR;
        ms -= now;
    }
}

/* Nonzero once ``address & mask`` is ``want``; 0 where it is not after ``tries`` looks. */
static inline int tk_await(uint32_t address, uint32_t mask, uint32_t want, uint32_t tries)
{
    while ((TK_REGISTER(address) & mask) != want) {
        if (tries-- == 0u) {
            return 0;
        }
    }
    return 1;
}

/* 1 while a debugger is attached, 0 where none is, -1 where the core cannot know: Armv6-M cannot read DHCSR. */
static inline int tk_core_debugged(void)
{
#if __ARM_ARCH >= 7
    return (int)(TK_DHCSR & 1u);
#else
    return -1;
#endif
}

#endif
