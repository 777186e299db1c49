/* Part of a tensor, with any step in every dimension. */
#ifndef TK_SLICE_H
#define TK_SLICE_H

#include "tk_common.h"

struct tk_slice {
    int32_t start; /* the first element's offset */
    int32_t size[TK_RANK];
    int32_t step[TK_RANK]; /* elements from one to the next; may be negative */
};

/* Bytes, signed or not. */
void tk_slice(const void *in, void *out, const struct tk_slice *p);

#endif
