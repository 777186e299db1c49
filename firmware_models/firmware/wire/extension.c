/* The commands that begin with `tk`: what a host that knows tinykit may ask beyond the benchmark's dialect. */
#include "build_id.h"
#include "model.h"
#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

#define COUNT(table) ((uint32_t)(sizeof(table) / sizeof((table)[0])))

static void help(void)
{
    tk_say(TK_T_TK_HELP);
}

static void say_list(const char *before, const char *facts, const char *behind)
{
    tk_say(before);
    tk_say(facts);
    tk_say(behind);
}

static void info(void)
{
    tk_say(TK_M_TK_VERSION, TK_EXTENSION_VERSION);
    tk_say(TK_M_TK_MODEL, TK_MODEL_SHA256);
    tk_say(TK_M_TK_FIRMWARE, TK_FIRMWARE_SHA256);
    tk_say(TK_M_TK_BOARD, TK_BOARD_NAME);
    tk_say(TK_M_TK_BUILD, TK_BUILD);
    tk_say(TK_M_TK_CLOCK, tk_clock_hz());
    tk_say(TK_M_TK_TIMER, TK_TIMER_HZ);
    for (uint32_t i = 0; i < TK_INPUT_COUNT; i++) {
        say_list(TK_M_TK_INPUT, tk_wire_inputs[i].facts, TK_M_TK_INPUT_END);
    }
    for (uint32_t i = 0; i < TK_OUTPUT_COUNT; i++) {
        say_list(TK_M_TK_OUTPUT, tk_wire_outputs[i].facts, TK_M_TK_OUTPUT_END);
    }
    tk_say(TK_M_TK_LAYERS, (uint32_t)TK_LAYER_COUNT);
    tk_say(TK_M_TK_UPLOAD, TK_PAYLOAD_BYTES, TK_WINDOW_FRAMES);
    tk_say(TK_M_TK_DEBUGGER, (int32_t)tk_debugger_attached());
}

static void state(void)
{
    tk_reset();
    tk_say(TK_M_TK_STATE);
}

static void output(void)
{
    const int32_t index = tk_argument(0, TK_OUTPUT_COUNT - 1, -1);
    if (index < 0) {
        return;
    }
    const uint8_t *bytes = tk_output(index);
    const uint32_t size = tk_wire_outputs[index].size_bytes;
    for (uint32_t at = 0; at < size; at += TK_DATA_BYTES) {
        const uint32_t left = size - at;
        tk_say(TK_M_TK_DATA);
        tk_say("%u,", at);
        tk_say_hex(bytes + at, left < TK_DATA_BYTES ? left : TK_DATA_BYTES, "");
        tk_say(TK_M_TK_DATA_END);
    }
    tk_say(TK_M_TK_CRC, tk_crc32(0, bytes, size));
}

static void crc(void)
{
    tk_say(TK_M_TK_CRC, tk_crc32(0, tk_wire_db, TK_DB_BYTES));
}

static void profile(void)
{
    uint32_t all = 0;
    tk_input_prepare();
    tk_input_give();
    for (int k = 0; k < TK_LAYER_COUNT; k++) {
        const uint32_t start = tk_timer_now();
        tk_step(k);
        const uint32_t ticks = tk_timer_now() - start;
        all += ticks;
        tk_say(TK_M_TK_LAYER, (uint32_t)k, ticks);
    }
    tk_say(TK_M_TK_TICKS, all);
}

static void pause(const char *said, void (*wait_ms)(uint32_t ms))
{
    const int32_t ms = tk_argument(1, (int32_t)TK_LONGEST_PAUSE_MS, -1);
    if (ms > 0) {
        tk_say(said, (uint32_t)ms);
        tk_phase_begin();
        wait_ms((uint32_t)ms);
        tk_phase_end();
    }
}

static void idle(void)
{
    pause(TK_M_TK_IDLE, tk_idle_ms);
}

static void sleep(void)
{
    pause(TK_M_TK_SLEEP, tk_sleep_ms);
}

static const struct tk_command commands[] = {
    {TK_C_TK_HELP, help},       {TK_C_TK_INFO, info}, {TK_C_TK_STATE, state}, {TK_C_TK_OUTPUT, output},
    {TK_C_TK_CRC, crc},         {TK_C_TK_PROFILE, profile}, {TK_C_TK_IDLE, idle}, {TK_C_TK_SLEEP, sleep},
    {TK_C_TK_LOAD, tk_upload}, {TK_C_TK_ARM, tk_arm}, {TK_C_TK_GO, tk_go},
};

void tk_extension(void)
{
    const char *word = tk_word();
    if (word == 0 || !tk_dispatch(commands, COUNT(commands), word)) {
        tk_say(TK_E_TK_UNKNOWN);
    }
}

TK_SMALL_END
