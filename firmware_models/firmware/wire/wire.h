/* Inside the serial dialect: what its files offer each other. The words themselves are in wire_tokens.h. */
#ifndef TK_WIRE_H
#define TK_WIRE_H

#include <stdint.h>

#include "board.h"
#include "wire_model.h"
#include "wire_tokens.h"

#ifndef TK_ENERGY
#define TK_ENERGY 0
#endif

/* Around code that runs at a serial port's pace: small before fast, whatever the rest is compiled for. */
#if defined(__clang__)
#define TK_SMALL_BEGIN _Pragma("clang attribute push(__attribute__((minsize)), apply_to = function)")
#define TK_SMALL_END _Pragma("clang attribute pop")
#elif defined(__GNUC__)
#define TK_SMALL_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"Os\")")
#define TK_SMALL_END _Pragma("GCC pop_options")
#else
#define TK_SMALL_BEGIN
#define TK_SMALL_END
#endif

/* A word and what it does. */
struct tk_command {
    const char *word;
    void (*run)(void);
};

/* ends.c: the model's inputs, as a host sends them, and its outputs. */
struct tk_wire_end {
    uint32_t size_bytes;
    const char *facts;
};
extern const struct tk_wire_end tk_wire_inputs[];
extern const struct tk_wire_end tk_wire_outputs[];

/* serve.c: prints the banner, then answers commands for ever. */
void tk_wire_serve(void);

/* Carries out the one of ``count`` commands that is called ``word``; 0 where none is. */
int tk_dispatch(const struct tk_command *commands, uint32_t count, const char *word);

/* say.c: ``text`` holds %u and %d (32 bits), %x (32 bits as 8 digits), %s. Of a %s, what is no printable ASCII
 * leaves as '?': whatever a host sent, it cannot make the board say a line. */
void tk_say(const char *text, ...);
void tk_say_hex(const uint8_t *bytes, uint32_t count, const char *between);
void tk_say_decimal(uint64_t value);

/* magnitude * 2^exponent with three decimals, rounded as printf does (halves to even) or, with ``cut``, towards
 * zero. ``magnitude`` is below 2^33. From 2^45 on it is called inf. */
void tk_say_real(int is_negative, uint64_t magnitude, int32_t exponent, int cut);
void tk_say_float(float value);

/* Divides in place; returns the rest. ``by`` is below 2^16. */
uint32_t tk_divide(uint64_t *value, uint32_t by);

/* words.c: takes a received byte; nonzero when it ends a command. */
int tk_hear(uint8_t byte);

/* Starts on the words of the command that has ended; 0 where it was too long. */
int tk_words_begin(void);

/* The next word, or 0. */
char *tk_word(void);
int tk_same(const char *left, const char *right);

/* What C's atoi gives, held between the ends of int32_t. */
int32_t tk_number(const char *word);

/* The next word as a number between ``low`` and ``high``; else says so and returns -1. Without a next word:
 * ``missing``. */
int32_t tk_argument(int32_t low, int32_t high, int32_t missing);

/* buffer.c: the raw bytes of all inputs, one after the other, as the host sent them. */
extern uint8_t tk_wire_db[TK_DB_BYTES];
void tk_db_command(void);
uint32_t tk_db_filled(void);
void tk_db_fill(uint32_t count);

/* input.c: once for what is in the buffer, and before every inference (which may overwrite its inputs). */
void tk_input_prepare(void);
void tk_input_give(void);

/* infer.c: ``count`` inferences. Nonzero where the host broke it off; it is only listened to if ``heeds`` is. */
int tk_infer_run(uint32_t count, int heeds);
void tk_infer(void);
void tk_timestamp(void);

/* results.c */
void tk_results(void);

/* clock.c: the timer in 64 bits, as long as it is looked at once in its 32. */
uint64_t tk_clock_ticks(void);
uint32_t tk_clock_us(void);
void tk_clock_wait_us(uint32_t us);

/* extension.c, window.c, upload.c */
void tk_extension(void);
void tk_arm(void);
void tk_go(void);

/* Around a phase that a meter watches: all sent, UART off (energy build), idle, marker high; and back. */
void tk_phase_begin(void);
void tk_phase_end(void);
void tk_upload(void);

/* crc.c: CRC-32 of zlib and Ethernet. Starts and goes on with what it returned; begin with 0. */
uint32_t tk_crc32(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
