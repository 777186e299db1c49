/* Numbers as text, without the compiler's 64-bit division and without printf. */
#include <string.h>

#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

#define DIGITS 20 /* of 2^64 */
#define LARGEST_EXPONENT 21 /* 2^33 * 1000 * 2^21 is below 2^64 */

uint32_t tk_divide(uint64_t *value, uint32_t by)
{
    uint64_t quotient = 0;
    uint32_t rest = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        rest = (rest << 16) | (uint32_t)((*value >> shift) & 0xFFFFu);
        quotient = (quotient << 16) | (rest / by);
        rest %= by;
    }
    *value = quotient;
    return rest;
}

void tk_say_decimal(uint64_t value)
{
    uint8_t digits[DIGITS];
    uint32_t count = 0;
    do {
        digits[count++] = (uint8_t)('0' + tk_divide(&value, 10u));
    } while (value > 0);
    while (count > 0) {
        tk_uart_put(digits[--count]);
    }
}

static uint64_t shifted_right(uint64_t value, uint32_t by, int cut)
{
    if (by > 63u) {
        return 0;
    }
    const uint64_t half = (uint64_t)1 << (by - 1u);
    const uint64_t rest = value & ((half << 1) - 1u);
    value >>= by;
    return !cut && (rest > half || (rest == half && (value & 1u))) ? value + 1u : value;
}

void tk_say_real(int is_negative, uint64_t magnitude, int32_t exponent, int cut)
{
    uint64_t value = magnitude * 1000u;
    if (is_negative) {
        tk_uart_put('-');
    }
    if (exponent > LARGEST_EXPONENT) {
        tk_say("inf");
        return;
    }
    value = exponent < 0 ? shifted_right(value, (uint32_t)-exponent, cut) : value << exponent;
    const uint32_t thousandths = tk_divide(&value, 1000u);
    tk_say_decimal(value);
    tk_uart_put('.');
    tk_uart_put((uint8_t)('0' + thousandths / 100u));
    tk_uart_put((uint8_t)('0' + thousandths / 10u % 10u));
    tk_uart_put((uint8_t)('0' + thousandths % 10u));
}

void tk_say_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int32_t field = (int32_t)(bits >> 23) & 0xFF;
    const uint32_t fraction = bits & 0x7FFFFFu;
    if (field == 0xFF && fraction != 0) {
        tk_say("nan");
    } else if (field == 0) {
        tk_say_real((int)(bits >> 31), fraction, -149, 0);
    } else {
        tk_say_real((int)(bits >> 31), fraction | 0x800000u, field - 150, 0);
    }
}

TK_SMALL_END
