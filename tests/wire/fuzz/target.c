/* The firmware's dialect at the end of a line on which anything may arrive: a target of libFuzzer.
 *
 * An input is what arrives, byte for byte, but for two: 0xFD and a byte b is b*b milliseconds of silence (or
 * the byte itself, if b is 0xFC or 0xFD); 0xFC, d, n is a sound frame of n bytes (from 240: 64 times n - 240)
 * whose number is d from the one expected. Time is virtual: it passes by looking at the clock and by waiting.
 * After the input there is silence; then the board must be listening, and know its name.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "judge.h"
#include "tk_port.h"
#include "wire.h"

#define SILENCE 0xFDu
#define FRAME 0xFCu
#define GIVE_UP 0x80u
#define TICKS_A_MS (TK_TIMER_HZ / 1000u)
#define MS_A_LOOK 5u
/* A reply's bytes, a pulse's looks at the clock, a second of an upload's silence: all are far below. */
#define MOST_STEPS 20000u
#define POLLS_BEFORE_STOP 48u
#define FRAME_BYTES (1024u + 64u)

static const char goodbye[] = "\003name%";
static const uint8_t *input;
static size_t left;
static uint8_t frame[FRAME_BYTES];
static uint32_t frame_at, frame_size;
static uint32_t now, silent_until, steps, polls, leaving;
static int is_silent, is_off;
static jmp_buf end;

static void step(void)
{
    if (++steps > MOST_STEPS) {
        /* The energy build hears nothing while it measures: it keeps its word and runs on. */
        if (TK_ENERGY && judge_state() == JUDGE_BUSY && judge_announced() > MOST_STEPS / 4u) {
            longjmp(end, 1);
        }
        judge_fail("it hangs");
    }
}

static uint8_t next(void)
{
    left--;
    return *input++;
}

static void add_frame(uint8_t offset, uint8_t length)
{
    uint8_t body[FRAME_BYTES];
    const uint32_t size = length < 240u ? length : (length - 240u) * 64u;
    const uint32_t number = offset == GIVE_UP ? TK_ABORT_SEQUENCE : judge_accepted() + offset - (offset > GIVE_UP ? 256u : 0u);
    body[0] = (uint8_t)number;
    body[1] = (uint8_t)(number >> 8);
    for (uint32_t i = 0; i < size; i++) {
        body[2 + i] = (uint8_t)(length * 7u + i);
    }
    const uint32_t crc = tk_crc32(0, body, size + 2u);
    for (uint32_t i = 0; i < 4u; i++) {
        body[size + 2u + i] = (uint8_t)(crc >> 8 * i);
    }
    uint32_t code = 0;
    frame_size = 1;
    frame[0] = 1;
    for (uint32_t i = 0; i < size + 6u; i++) {
        if (body[i] != 0) {
            frame[frame_size++] = body[i];
            frame[code]++;
        }
        if (body[i] == 0 || frame[code] == 0xFFu) {
            code = frame_size;
            frame[frame_size++] = 1;
        }
    }
    frame[frame_size++] = 0;
    frame_at = 0;
}

/* The next byte on the line, or -1 where nothing comes now. */
static int arriving(void)
{
    if (is_silent && (int32_t)(now - silent_until) < 0) {
        return -1;
    }
    is_silent = 0;
    while (frame_at == frame_size && left >= 2) {
        if (input[0] == SILENCE && input[1] != SILENCE && input[1] != FRAME) {
            (void)next();
            const uint32_t b = next();
            silent_until = now + b * b * TICKS_A_MS;
            is_silent = 1;
            return -1;
        }
        if (input[0] == SILENCE) {
            (void)next();
        } else if (input[0] == FRAME && left >= 3) {
            (void)next();
            const uint8_t offset = next();
            add_frame(offset, next());
            continue;
        }
        break;
    }
    if (frame_at < frame_size) {
        return frame[frame_at++];
    }
    return left > 0 ? next() : -1;
}

static int is_over(void)
{
    return left == 0 && frame_at == frame_size && !is_silent;
}

int tk_uart_get(void)
{
    step();
    if (is_off) {
        judge_fail("a byte is asked for while the UART is off");
    }
    int byte = -1;
    if (judge_state() == JUDGE_BUSY) {
        /* A host's patience is long enough for a few surprises, and then it breaks off. */
        polls++;
        byte = polls >= POLLS_BEFORE_STOP ? (int)TK_STOP : polls % 8u == 7u ? arriving() : -1;
    } else if (leaving > 0) {
        byte = leaving < sizeof goodbye ? goodbye[leaving++ - 1] : -1;
    } else {
        byte = arriving();
    }
    if (byte < 0) {
        now += judge_state() == JUDGE_IDLE ? 0 : MS_A_LOOK * TICKS_A_MS;
        return -1;
    }
    if (judge_state() != JUDGE_BUSY) {
        steps = polls = 0;
    }
    judge_heard((uint8_t)byte);
    return byte;
}

void tk_wait(void)
{
    judge_waits();
    steps = 0;
    if (is_silent) {
        now = silent_until;
    } else if (is_over()) {
        if (leaving == sizeof goodbye) {
            if (!judge_last_was("m-name-dut-[" TK_VENDOR "]")) {
                judge_fail("it has forgotten its name");
            }
            longjmp(end, 1);
        }
        leaving = 1;
    }
}

void tk_uart_put(uint8_t byte)
{
    step();
    if (is_off) {
        judge_fail("a byte is sent while the UART is off");
    }
    judge_said(byte);
}

uint32_t tk_timer_now(void)
{
    step();
    return ++now;
}

void tk_uart_power(int on)
{
    step();
    is_off = !on;
}

void tk_idle_ms(uint32_t ms)
{
    step();
    if (ms > TK_LONGEST_PAUSE_MS) {
        judge_fail("a pause longer than any");
    }
    now += ms * TICKS_A_MS;
}

void tk_sleep_ms(uint32_t ms)
{
    tk_idle_ms(ms);
}

uint32_t tk_clock_hz(void) { return TK_CLOCK_HZ; }
int tk_debugger_attached(void) { return -1; }
void tk_uart_flush(void) { step(); }
void tk_port_init(void) {}
void tk_mark(int high) { (void)high, step(); }

#ifdef TK_STATE_SECTION
/* libFuzzer runs all inputs in one process: before each, what the firmware keeps is as after a reset. The
 * compiler's red zones lie among it, hence the copying by hand. */
extern uint8_t __start_tk_state[], __stop_tk_state[];

__attribute__((no_sanitize("address", "undefined"))) static void reset(void)
{
    for (volatile uint8_t *byte = __start_tk_state; byte < __stop_tk_state; byte++) {
        *byte = 0;
    }
}
#else
static void reset(void) {}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reset();
    judge_begin();
    input = data;
    left = size;
    frame_at = frame_size = steps = polls = leaving = 0;
    is_silent = is_off = 0;
    now = 0u - 1000u * TICKS_A_MS; /* it wraps within a second */
    if (setjmp(end) == 0) {
        tk_wire_serve();
    }
    return 0;
}
