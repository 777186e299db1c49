/* One input of a concatenation into its place in the output. */
#ifndef TK_CONCAT_H
#define TK_CONCAT_H

#include "tk_common.h"

/* `blocks` blocks of n bytes each, signed or not, written every `pitch` bytes. */
void tk_concat(const void *in, void *out, int32_t blocks, int32_t n, int32_t pitch);

#endif
