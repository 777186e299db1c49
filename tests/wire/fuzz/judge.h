/* Listens to both sides of a board's line, and ends the program where the board breaks a promise. */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdint.h>

enum judge_state {
    JUDGE_BANNER, /* the board has not said m-ready yet */
    JUDGE_IDLE,   /* it may not say anything */
    JUDGE_BUSY,   /* it owes the m-ready of a command */
    JUDGE_UPLOAD, /* it takes frames, answers each by a byte, and owes one more m-ready */
};

void judge_begin(void);
enum judge_state judge_state(void);
void judge_heard(uint8_t byte);
void judge_said(uint8_t byte);

/* The board sleeps until a byte comes. */
void judge_waits(void);

/* How many inferences it has announced. */
uint32_t judge_announced(void);

/* How many frames of an upload it has accepted. */
uint32_t judge_accepted(void);

/* Nonzero where the last reply was this line and m-ready. */
int judge_last_was(const char *line);

_Noreturn void judge_fail(const char *what);

#endif
