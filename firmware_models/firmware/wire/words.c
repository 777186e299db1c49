/* The command buffer: bytes in, words out. */
#include "wire.h"

TK_SMALL_BEGIN

static char tk_wire_line[TK_COMMAND_BYTES + 1u];
static uint32_t length; /* one more than fits says that too much has come */
static char *rest;

int tk_hear(uint8_t byte)
{
    if (byte == TK_TERMINATOR) {
        return 1;
    }
    if (byte == TK_STOP) {
        length = 0;
    } else if (length > 0 || (byte != '\r' && byte != '\n' && byte != '\0')) {
        /* Typing by hand leaves line ends between commands. */
        if (length < TK_COMMAND_BYTES) {
            /* A zero would end the line for C: a command must not become a shorter one. */
            tk_wire_line[length] = (char)(byte != '\0' ? byte : TK_STOP);
        }
        length += length <= TK_COMMAND_BYTES;
    }
    return 0;
}

int tk_words_begin(void)
{
    const int fits = length <= TK_COMMAND_BYTES;
    tk_wire_line[fits ? length : 0u] = '\0';
    length = 0;
    rest = tk_wire_line;
    return fits;
}

char *tk_word(void)
{
    while (*rest == ' ') {
        rest++;
    }
    if (*rest == '\0') {
        return 0;
    }
    char *word = rest;
    while (*rest != ' ' && *rest != '\0') {
        rest++;
    }
    if (*rest == ' ') {
        *rest++ = '\0';
    }
    return word;
}

int tk_same(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

int32_t tk_number(const char *word)
{
    int32_t value = 0;
    while (*word == '\t' || *word == '\n' || *word == '\v' || *word == '\f' || *word == '\r') {
        word++;
    }
    const int is_negative = *word == '-';
    if (is_negative || *word == '+') {
        word++;
    }
    for (; *word >= '0' && *word <= '9'; word++) {
        const int32_t digit = *word - '0';
        value = value > (INT32_MAX - digit) / 10 ? INT32_MAX : value * 10 + digit;
    }
    return is_negative ? -value : value;
}

int32_t tk_argument(int32_t low, int32_t high, int32_t missing)
{
    const char *word = tk_word();
    const int32_t value = word != 0 ? tk_number(word) : missing;
    if (value >= low && value <= high) {
        return value;
    }
    tk_say(TK_E_TK_ARGUMENT);
    return -1;
}

TK_SMALL_END
