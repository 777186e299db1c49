/* A border of one stored value around a tensor. */
#ifndef TK_PAD_H
#define TK_PAD_H

#include "tk_common.h"

struct tk_pad {
    int32_t size[TK_RANK]; /* of the input */
    int32_t before[TK_RANK], after[TK_RANK];
    int8_t value;
};

/* Bytes, signed or not. */
void tk_pad(const void *in, void *out, const struct tk_pad *p);

#endif
