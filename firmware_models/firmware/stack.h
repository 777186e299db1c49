/* How much stack the program really used: the reserve is painted at reset, and read back. */
#ifndef TK_STACK_H
#define TK_STACK_H

#include <stdint.h>

/* A word that code is unlikely to leave behind; a frame whose deepest words were never written stays unseen. */
#define TK_STACK_PAINT 0xC5A3E917u

/* Bytes between the top of the stack and the deepest word that was written since reset. */
uint32_t tk_stack_used(void);

#endif
