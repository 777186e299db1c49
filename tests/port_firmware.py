"""A firmware that does with the chip's port what a host asks: a letter, a number, and ``%``."""

from __future__ import annotations

from pathlib import Path

from tinykit.boards import Board
from tinykit.progress import SILENT
from tinykit.toolchain.firmware import find_toolchain, write_firmware
from tinykit.toolchain.job import CompileJob

MAIN = r"""
#include "board.h"
#include "tk_port.h"

int main(void);
void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);

static void say(const char *text)
{
    while (*text != 0) {
        tk_uart_put((uint8_t)*text++);
    }
}

static void say_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        tk_uart_put((uint8_t) "0123456789abcdef"[(value >> shift) & 15u]);
    }
}

void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    (void)lr;
    say("fault ");
    say_hex(pc);
    say(" ");
    say_hex(status);
    say(" ");
    say_hex(address);
    say("\r\n");
    tk_uart_flush();
}

static int polls;

static int next(void)
{
    for (;;) {
        const int byte = tk_uart_get();
        if (byte >= 0) {
            return byte;
        }
        if (!polls) {
            tk_wait();
        }
    }
}

static void obey(char what, uint32_t number)
{
    uint32_t start;
    switch (what) {
    case 'i': /* idle, its length in microseconds by the timer */
        tk_uart_flush();
        start = tk_timer_now();
        tk_mark(1);
        tk_idle_ms(number);
        tk_mark(0);
        say_hex((tk_timer_now() - start) / (TK_TIMER_HZ / 1000000u));
        break;
    case 's':
        tk_uart_flush();
        tk_mark(1);
        tk_sleep_ms(number);
        tk_mark(0);
        break;
    case 'b': /* busy for so many turns: what comes in meanwhile overruns */
        for (volatile uint32_t n = 0; n < number; n++) {
        }
        break;
    case 'n': /* counts, eight digits each */
        for (uint32_t n = 0; n < number; n++) {
            say_hex(n);
        }
        break;
    case 'o': /* the UART off, and on again */
        tk_uart_flush();
        tk_uart_power(0);
        tk_idle_ms(number);
        tk_uart_power(1);
        break;
    case 'p':
        polls = (int)number;
        break;
    case 'd':
        say_hex((uint32_t)tk_debugger_attached());
        break;
    case 'f':
        *(volatile uint32_t *)0x60000000u = number;
        break;
    case 'r':
        *(volatile uint32_t *)0xE000ED0Cu = 0x05FA0004u;
        for (;;) {
        }
    case 'w': /* one that arrives while this waits ends it */
        __asm volatile("wfe");
        break;
    default:
        say("?");
    }
}

int main(void)
{
    static char line[100];
    uint32_t length = 0;
    tk_port_init();
    say("boot\r\n");
    for (;;) {
        const int byte = next();
        if (byte != '%') {
            line[length < 99u ? length++ : length] = (char)byte;
            continue;
        }
        line[length] = 0;
        if (line[0] == 'e') {
            say(line + 1);
        } else {
            uint32_t number = 0;
            for (uint32_t at = 1; at < length; at++) {
                number = 10u * number + (uint32_t)(line[at] - '0');
            }
            obey(line[0], number);
        }
        say(".\r\n");
        length = 0;
    }
}
"""
END = b".\r\n"
_SOURCES = {"main.c", "port.c", "startup.c", "memory.c"}


def build(folder: Path, board: Board) -> Path:
    """The image, for ``board``."""
    folder.mkdir(parents=True, exist_ok=True)
    names = write_firmware(board, folder)
    (folder / "firmware" / "main.c").write_text(MAIN)
    job = CompileJob(
        folder=folder,
        core=board.core,
        sources=tuple(name for name in names if Path(name).name in _SOURCES),
        include=("firmware", "firmware/include"),
        script="firmware/link.ld",
        output="firmware.elf",
        strict=True,
    )
    find_toolchain("zig").compile(job, SILENT)
    return folder / "firmware.elf"
