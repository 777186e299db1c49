/* `db`: the input's bytes, as hex digits. Nothing is ever written behind the buffer's end. */
#include "wire.h"

TK_SMALL_BEGIN

#define PRINT_BYTES 8u

uint8_t tk_wire_db[TK_DB_BYTES] __attribute__((aligned(16)));
static uint32_t expected;
static uint32_t position;

uint32_t tk_db_filled(void)
{
    return position;
}

void tk_db_fill(uint32_t count)
{
    expected = position = count;
}

static void load(void)
{
    const char *word = tk_word();
    const int32_t size = word != 0 ? tk_number(word) : 0;
    if (word == 0) {
        tk_say(TK_E_LOAD_NUMBER);
    } else if (size == 0) {
        tk_say(TK_E_LOAD_ZERO);
    } else {
        const int fits = size > 0 && (uint32_t)size <= TK_DB_BYTES;
        position = 0;
        expected = fits ? (uint32_t)size : TK_DB_BYTES;
        if (fits) {
            tk_say(TK_M_EXPECTING, size);
        } else {
            tk_say(TK_T_OVERSIZE, size, (int32_t)TK_DB_BYTES);
        }
    }
}

static void print(void)
{
    uint32_t i = 0;
    for (; i < expected; i += PRINT_BYTES) {
        const uint32_t left = expected - i;
        tk_say(TK_M_BUFFER);
        tk_say_hex(tk_wire_db + i, left < PRINT_BYTES ? left : PRINT_BYTES, "-");
        tk_say(TK_M_BUFFER_END);
    }
    if (i != expected) {
        /* The reference's blank line behind a last one that is not full. */
        tk_say(TK_M_BUFFER_END);
    }
}

static int32_t digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int is_odd(const char *word)
{
    int odd = 0;
    for (; *word != '\0'; word++) {
        odd ^= 1;
    }
    return odd;
}

static void take(const char *word)
{
    if (is_odd(word)) {
        tk_say(TK_E_HEX_ODD);
        return;
    }
    for (; *word != '\0' && position < expected; word += 2) {
        const int32_t high = digit(word[0]);
        const int32_t low = digit(word[1]);
        if (high < 0 || low < 0) {
            const char pair[3] = {word[0], word[1], '\0'};
            tk_say(TK_E_HEX_DIGIT, pair);
            return;
        }
        tk_wire_db[position++] = (uint8_t)(high * 16 + low);
        if (position == expected) {
            tk_say(TK_M_LOAD_DONE);
        }
    }
}

void tk_db_command(void)
{
    const char *word = tk_word();
    if (word == 0) {
        tk_say(TK_E_DB_SUBCOMMAND);
    } else if (tk_same(word, TK_C_DB_LOAD)) {
        load();
    } else if (tk_same(word, TK_C_DB_PRINT)) {
        print();
    } else {
        take(word);
    }
}

TK_SMALL_END
