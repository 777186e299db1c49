#include "stack.h"

extern uint32_t tk_stack_limit[];
extern uint32_t tk_stack_top[];

uint32_t tk_stack_used(void)
{
    const volatile uint32_t *word = tk_stack_limit;
    while (word < tk_stack_top && *word == TK_STACK_PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)tk_stack_top - (uintptr_t)word);
}
