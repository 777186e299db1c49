#include <stdint.h>

#include "board.h"
#include "mailbox.h"
#include "tk_port.h"

static void say(const char *text)
{
    while (*text != '\0') {
        tk_uart_put((uint8_t)*text++);
    }
}

static void say_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        tk_uart_put((uint8_t) "0123456789abcdef"[(value >> shift) & 15u]);
    }
}

/* Called by the fault handlers, on the stack of whatever failed. */
void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    tk_mark(0);
    tk_mailbox_fault(pc, lr, status, address);
    say("fault at ");
    say_hex(pc);
    say("\r\n");
}

int main(void)
{
    tk_port_init();
    if (tk_mailbox_present()) {
        tk_mailbox_serve();
    } else {
        say("no mailbox\r\n");
    }
    return 0;
}
