/* Any function of one 8-bit number, as a table of 256. */
#ifndef TK_LOOKUP_H
#define TK_LOOKUP_H

#include "tk_common.h"

/* table is indexed by the input's byte (-1 is 255). out may be in. */
void tk_lookup(const uint8_t *in, uint8_t *out, const uint8_t *table, int32_t n);

#endif
