#include <stdint.h>

#include "board.h"
#include "mailbox.h"
#include "tk_port.h"
#include "wire.h"

/* Called by the fault handlers, on the stack of whatever failed. No m-ready follows: the program is over. */
void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);

void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    tk_mark(0);
    tk_mailbox_fault(pc, lr, status, address);
    tk_uart_power(1);
    tk_say(TK_E_FAULT, pc, lr, status, address);
    tk_uart_flush();
}

int main(void)
{
    tk_port_init();
    if (tk_mailbox_present()) {
        tk_mailbox_serve();
    } else {
        tk_wire_serve();
    }
    return 0;
}
