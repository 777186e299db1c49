#include "mailbox.h"

#include <string.h>

#include "board.h"
#include "model.h"
#include "run.h"
#include "stack.h"

int tk_mailbox_present(void)
{
    return TK_MAILBOX->magic == TK_MAILBOX_MAGIC && TK_MAILBOX->version == TK_MAILBOX_VERSION;
}

/* The mailbox is volatile for its words only; tensor data move with plain copies before and after the run. */
static uint8_t *at(uint32_t offset)
{
    return (uint8_t *)(uintptr_t)(TK_MAILBOX_BASE + offset);
}

static const uint8_t *give_inputs(const uint8_t *from)
{
    for (uint32_t i = 0; i < TK_MAILBOX->inputs; i++) {
        const uint32_t size = TK_MAILBOX->input_bytes[i];
        memcpy((void *)tk_input((int)i), from, size);
        from += size;
    }
    return from;
}

static uint8_t *take_outputs(uint8_t *to)
{
    for (uint32_t i = 0; i < TK_MAILBOX->outputs; i++) {
        const uint32_t size = TK_MAILBOX->output_bytes[i];
        memcpy(to, (const void *)tk_output((int)i), size);
        to += size;
    }
    return to;
}

void tk_mailbox_serve(void)
{
    const uint32_t count = TK_MAILBOX->inferences;
    const uint8_t *from = at(TK_MAILBOX->input_at);
    uint8_t *to = at(TK_MAILBOX->output_at);
    volatile uint32_t *ticks = (volatile uint32_t *)(uintptr_t)(TK_MAILBOX_BASE + TK_MAILBOX->ticks_at);

    if (TK_MAILBOX->inputs > TK_MAILBOX_TENSORS || TK_MAILBOX->outputs > TK_MAILBOX_TENSORS) {
        TK_MAILBOX->state = TK_MAILBOX_REFUSED;
        return;
    }
    TK_MAILBOX->state = TK_MAILBOX_RUNNING;
    for (uint32_t n = 0; n < count; n++) {
        if (n == 0 || TK_MAILBOX->reset_each) {
            tk_reset();
        }
        from = give_inputs(from);
        ticks[n] = tk_run();
        to = take_outputs(to);
        TK_MAILBOX->completed = n + 1;
    }
    TK_MAILBOX->stack_bytes = tk_stack_used();
    TK_MAILBOX->state = TK_MAILBOX_DONE;
}

void tk_mailbox_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    if (!tk_mailbox_present()) {
        return;
    }
    TK_MAILBOX->fault_pc = pc;
    TK_MAILBOX->fault_lr = lr;
    TK_MAILBOX->fault_status = status;
    TK_MAILBOX->fault_address = address;
    TK_MAILBOX->stack_bytes = tk_stack_used();
    TK_MAILBOX->state = TK_MAILBOX_FAULT;
}
