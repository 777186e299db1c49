/* The command loop and the commands that fit a line. */
#include "model.h"
#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

#define COUNT(table) ((uint32_t)(sizeof(table) / sizeof((table)[0])))

static void name(void)
{
    tk_say(TK_M_NAME, TK_VENDOR);
}

static void profile(void)
{
    tk_say(TK_M_PROFILE, TK_PROFILE);
    tk_say(TK_M_MODEL, TK_MODEL_ID);
}

static void help(void)
{
    tk_say(TK_T_HELP);
}

static const struct tk_command commands[] = {
    {TK_C_NAME, name},       {TK_C_TIMESTAMP, tk_timestamp}, {TK_C_PROFILE, profile}, {TK_C_HELP, help},
    {TK_C_DB, tk_db_command}, {TK_C_INFER, tk_infer},         {TK_C_RESULTS, tk_results}, {TK_C_TK, tk_extension},
};

int tk_dispatch(const struct tk_command *from, uint32_t count, const char *word)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tk_same(from[i].word, word)) {
            from[i].run();
            return 1;
        }
    }
    return 0;
}

static void carry_out(void)
{
    if (!tk_words_begin()) {
        tk_say(TK_E_TOO_LONG);
        return;
    }
    const char *word = tk_word();
    if (word == 0) {
        word = "";
    }
    if (!tk_dispatch(commands, COUNT(commands), word)) {
        tk_say(TK_E_UNKNOWN_COMMAND, word);
    }
}

void tk_wire_serve(void)
{
    tk_mark(TK_ENERGY);
    tk_reset();
    tk_say(TK_M_TIMESTAMP_MODE, TK_BUILD);
    tk_timestamp();
    tk_say(TK_M_INIT_DONE);
    tk_say(TK_M_READY);
    for (;;) {
        const int byte = tk_uart_get();
        if (byte < 0) {
            tk_wait();
        } else if (tk_hear((uint8_t)byte)) {
            carry_out();
            tk_say(TK_M_READY);
        }
    }
}

TK_SMALL_END
