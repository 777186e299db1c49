/* A program for the functions of tk_port.h: each command is a byte, each answer a line. */
#include <stdint.h>

#include "board.h"
#include "tk_port.h"

int main(void);
void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);

static void say(char key, uint32_t value)
{
    tk_uart_put((uint8_t)key);
    for (int shift = 28; shift >= 0; shift -= 4) {
        tk_uart_put((uint8_t) "0123456789abcdef"[(value >> shift) & 15u]);
    }
    tk_uart_put('\r');
    tk_uart_put('\n');
    tk_uart_flush();
}

void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    (void)lr;
    (void)address;
    say('F', pc);
    say('F', status);
}

static void answer(int byte)
{
    const uint32_t start = tk_timer_now();
    switch (byte) {
    case 'c':
        say('c', tk_clock_hz());
        break;
    case 'd':
        say('d', (uint32_t)tk_debugger_attached());
        break;
    case 'i':
        tk_idle_ms(250u);
        say('i', tk_timer_now() - start);
        break;
    case 's':
        tk_sleep_ms(50u);
        say('s', tk_timer_now() - start);
        break;
    case 'm':
        tk_mark(1);
        tk_mark(0);
        say('m', tk_timer_now() - start);
        break;
    case 'p':
        tk_uart_power(0);
        tk_idle_ms(20u);
        tk_uart_power(1);
        say('p', 1u);
        break;
    case 'f':
        *(volatile uint32_t *)0x60000000u = 1u;
        break;
    default:
        say('?', (uint32_t)byte);
        break;
    }
}

int main(void)
{
    uint32_t waits = 0;
    tk_port_init();
    say('!', TK_TIMER_HZ);
    for (;;) {
        const int byte = tk_uart_get();
        if (byte == 'w') {
            say('w', waits);
        } else if (byte >= 0) {
            answer(byte);
        } else {
            tk_wait();
            waits++;
        }
    }
}
