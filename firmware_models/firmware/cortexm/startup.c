/* Vectors and start-up of any Cortex-M that boots from its vector table. */
#include <stdint.h>

#include "board.h"
#include "stack.h"

extern uint32_t tk_stack_limit[];
extern uint32_t tk_stack_top[];
extern uint32_t tk_data_load[];
extern uint32_t tk_data_start[];
extern uint32_t tk_data_end[];
extern uint32_t tk_bss_start[];
extern uint32_t tk_bss_end[];

int main(void);
void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);
void tk_reset_handler(void);
void tk_fault_handler(void);
void tk_fault_report(const uint32_t *frame);

extern const void *const tk_vectors[16];
extern const char tk_board_name[];

#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08u)
#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u)
#define SCB_BFAR (*(volatile uint32_t *)0xE000ED38u)
#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88u)

__attribute__((noreturn)) static void park(void)
{
    for (;;) {
        __asm volatile("wfi");
    }
}

/* Loops, not memset: nothing may run on a stack that is being painted. */
static void fill(volatile uint32_t *from, const volatile uint32_t *to, uint32_t value)
{
    while (from < to) {
        *from++ = value;
    }
}

void tk_reset_handler(void)
{
    uint32_t *sp;
    __asm volatile("cpsid i" ::: "memory"); /* see tk_port.h; faults are taken all the same */
#if __ARM_ARCH >= 7
    SCB_VTOR = (uint32_t)(uintptr_t)tk_vectors; /* a boot loader may have left its own */
#endif
#if defined(__ARM_FP)
    SCB_CPACR |= 0xFu << 20;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
    __asm volatile("mov %0, sp" : "=r"(sp));
    fill(tk_stack_limit, sp, TK_STACK_PAINT);
    const volatile uint32_t *load = tk_data_load;
    for (volatile uint32_t *data = tk_data_start; data < tk_data_end;) {
        *data++ = *load++;
    }
    fill(tk_bss_start, tk_bss_end, 0);
    (void)main();
    park();
}

void tk_fault_report(const uint32_t *frame)
{
    if (frame < tk_stack_limit) {
        /* The stack ran over, and what the core pushed went nowhere. */
        tk_fault(0, 0, 0, (uint32_t)(uintptr_t)frame);
        park();
    }
#if __ARM_ARCH >= 7
    tk_fault(frame[6], frame[5], SCB_CFSR, SCB_BFAR);
#else
    tk_fault(frame[6], frame[5], 0, 0);
#endif
    park();
}

__attribute__((naked)) void tk_fault_handler(void)
{
    /* The frame is where the stack pointer stood at entry. A stack that ran over cannot carry the report: it
     * starts again from the top, and the frame is read from where it lies. */
    __asm volatile("mov r0, sp\n\t"
                   "ldr r1, =tk_stack_top\n\t"
                   "ldr r2, =tk_stack_limit + 256\n\t"
                   "cmp r0, r2\n\t"
                   "bhs 1f\n\t"
                   "mov sp, r1\n"
                   "1:\n\t"
                   "ldr r1, =tk_fault_report\n\t"
                   "bx r1\n\t"
                   ".ltorg");
}

/* HardFault and what escalates to it share one handler. */
__attribute__((section(".vectors"), used)) const void *const tk_vectors[16] = {
    tk_stack_top,
    (const void *)tk_reset_handler,
    (const void *)tk_fault_handler, /* NMI */
    (const void *)tk_fault_handler, /* HardFault */
    (const void *)tk_fault_handler, /* MemManage */
    (const void *)tk_fault_handler, /* BusFault */
    (const void *)tk_fault_handler, /* UsageFault */
    0,
    0,
    0,
    0,
    (const void *)tk_fault_handler, /* SVCall */
    (const void *)tk_fault_handler, /* DebugMonitor */
    0,
    (const void *)tk_fault_handler, /* PendSV */
    (const void *)tk_fault_handler, /* SysTick */
};

/* By this whoever flashes an image knows whose it is. */
__attribute__((section(".identity"), used)) const char tk_board_name[] = TK_BOARD_NAME;
