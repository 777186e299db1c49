/* The mailbox: how a host that can reach the target's memory (an emulator) hands over inputs and takes results.
 *
 * It lies at TK_MAILBOX_BASE, outside the board's flash and RAM, so that it costs the program none of either.
 * All fields are 32-bit little-endian words; offsets count bytes from TK_MAILBOX_BASE. Host: written before
 * the target starts. Target: written by the firmware.
 */
#ifndef TK_MAILBOX_H
#define TK_MAILBOX_H

#include <stdint.h>

#include "board.h"

#define TK_MAILBOX_MAGIC 0x424D4B54u /* "TKMB" */
#define TK_MAILBOX_VERSION 1u
#define TK_MAILBOX_TENSORS 8u

enum { TK_MAILBOX_WAITING, TK_MAILBOX_RUNNING, TK_MAILBOX_DONE, TK_MAILBOX_FAULT, TK_MAILBOX_REFUSED };

struct tk_mailbox {
    uint32_t magic;        /* host */
    uint32_t version;      /* host */
    uint32_t state;        /* target: one of TK_MAILBOX_... */
    uint32_t inferences;   /* host: how many to run */
    uint32_t completed;    /* target */
    uint32_t inputs;       /* host: input tensors of the model, at most TK_MAILBOX_TENSORS */
    uint32_t outputs;      /* host */
    uint32_t input_at;     /* host: inferences x (input 0, input 1, ...), without gaps */
    uint32_t output_at;    /* host: where the outputs go, in the same order */
    uint32_t ticks_at;     /* host: one word an inference, timer ticks from before tk_invoke to after it */
    uint32_t reset_each;   /* host: nonzero calls tk_reset before every inference, else before the first only */
    uint32_t stack_bytes;  /* target: most stack used since reset, seen by painting */
    uint32_t fault_pc;     /* target, with state FAULT; 0: the stack ran over, fault_address is where it stood */
    uint32_t fault_lr;     /* target */
    uint32_t fault_status; /* target: CFSR, 0 where the core has none */
    uint32_t fault_address; /* target: BFAR, 0 where the core has none */
    uint32_t input_bytes[TK_MAILBOX_TENSORS];  /* host */
    uint32_t output_bytes[TK_MAILBOX_TENSORS]; /* host */
};

#ifdef TK_MAILBOX_BASE

#define TK_MAILBOX ((volatile struct tk_mailbox *)TK_MAILBOX_BASE)

/* Nonzero where a host has put a mailbox. */
int tk_mailbox_present(void);

/* Run every inference the mailbox asks for. */
void tk_mailbox_serve(void);

/* Leave word of a fault for the host. */
void tk_mailbox_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);

#else

/* A board into whose memory no host reaches. */
static inline int tk_mailbox_present(void) { return 0; }

static inline void tk_mailbox_serve(void) {}

static inline void tk_mailbox_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    (void)pc, (void)lr, (void)status, (void)address;
}

#endif

#endif
