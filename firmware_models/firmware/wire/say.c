#include <stdarg.h>

#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        tk_uart_put((uint8_t)(*text >= ' ' && *text <= '~' ? *text : '?'));
    }
}

static void put_hex(uint32_t value, int digits)
{
    while (digits-- > 0) {
        tk_uart_put((uint8_t) "0123456789abcdef"[(value >> 4 * digits) & 15u]);
    }
}

static void put_signed(int32_t value)
{
    if (value < 0) {
        tk_uart_put('-');
    }
    tk_say_decimal(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void tk_say(const char *text, ...)
{
    va_list fields;
    va_start(fields, text);
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            tk_uart_put((uint8_t)*text);
            continue;
        }
        switch (*++text) {
        case 'u':
            tk_say_decimal(va_arg(fields, uint32_t));
            break;
        case 'd':
            put_signed(va_arg(fields, int32_t));
            break;
        case 'x':
            put_hex(va_arg(fields, uint32_t), 8);
            break;
        default:
            put_text(va_arg(fields, const char *));
        }
    }
    va_end(fields);
}

void tk_say_hex(const uint8_t *bytes, uint32_t count, const char *between)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            tk_say(between);
        }
        put_hex(bytes[i], 2);
    }
}

TK_SMALL_END
