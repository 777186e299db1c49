/* Linked before and behind buffer.c: nobody writes here. */
#include <stdint.h>

#include "words.h"

uint8_t TK_GUARD[TK_GUARD_BYTES];
