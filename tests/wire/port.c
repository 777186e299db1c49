/* A board made of pipes: what the tests put into standard input arrives at the UART, in virtual time.
 *
 * Input: records of a kind, a length u32 LE, and that many bytes. 'b': bytes for the line; 'c': the same, once
 * the board waits for them; 's': silence, the four bytes are milliseconds. After the last one silence lasts. What else happens goes to the file that
 * TK_EVENTS names, each with the number of bytes that had been sent. Output: what the board sends.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "tk_port.h"

#define TICKS_A_LOOK 3u

static uint8_t record[1 << 20];
static uint32_t size, position;
static uint32_t now, silent_until;
static int is_silent, is_polite, is_over, is_off;
static unsigned long sent;
static FILE *events;

/* What a chip's firmware must never be asked for; the tests see the exit code. */
static void refuse(const char *what)
{
    fprintf(stderr, "port: %s\n", what);
    exit(9);
}

static void note(const char *what, uint32_t value)
{
    fprintf(events, "%s %u %lu\n", what, value, sent);
}

static void next_record(void)
{
    uint8_t head[5];
    if (fread(head, 1, sizeof head, stdin) != sizeof head) {
        is_over = 1;
        return;
    }
    size = head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 | (uint32_t)head[4] << 24;
    position = 0;
    if (size > sizeof record || fread(record, 1, size, stdin) != size) {
        refuse("a record that is cut short");
    }
    is_polite = head[0] == 'c';
    if (head[0] == 's') {
        uint32_t ms;
        memcpy(&ms, record, sizeof ms);
        is_silent = 1;
        silent_until = now + ms * (TK_TIMER_HZ / 1000u);
        size = 0;
    }
}

void tk_port_init(void)
{
    const char *start = getenv("TK_TIMER_START");
    now = start != 0 ? (uint32_t)strtoul(start, 0, 10) : 0;
    events = fopen(getenv("TK_EVENTS"), "w");
    if (events == 0) {
        refuse("no file for events");
    }
}

uint32_t tk_clock_hz(void)
{
    return TK_CLOCK_HZ;
}

void tk_uart_put(uint8_t byte)
{
    if (is_off) {
        refuse("a byte is sent while the UART is off");
    }
    putchar(byte);
    sent++;
}

int tk_uart_get(void)
{
    if (is_off) {
        refuse("a byte is asked for while the UART is off");
    }
    if (is_silent && (int32_t)(now - silent_until) >= 0) {
        is_silent = 0;
    }
    while (!is_over && !is_silent && position == size) {
        next_record();
    }
    return is_over || is_silent || is_polite ? -1 : record[position++];
}

void tk_uart_flush(void)
{
    note("flush", 0);
}

void tk_uart_power(int on)
{
    is_off = !on;
    note("uart", (uint32_t)on);
}

uint32_t tk_timer_now(void)
{
    now += TICKS_A_LOOK;
    return now;
}

void tk_mark(int high)
{
    note("mark", (uint32_t)high);
}

void tk_wait(void)
{
    if (is_over) {
        exit(0);
    }
    is_polite = 0;
    now += TK_TIMER_HZ / 1000u;
}

void tk_idle_ms(uint32_t ms)
{
    now += ms * (TK_TIMER_HZ / 1000u);
    note("idle", ms);
}

void tk_sleep_ms(uint32_t ms)
{
    now += ms * (TK_TIMER_HZ / 1000u);
    note("sleep", ms);
}

int tk_debugger_attached(void)
{
    return -1;
}
