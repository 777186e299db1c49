/* Element-wise sum of two quantized tensors that broadcast. */
#ifndef TK_ADD_H
#define TK_ADD_H

#include "tk_add_element.h"

struct tk_add {
    struct tk_add_terms terms;
    int32_t size[TK_RANK];
    int32_t step_1[TK_RANK], step_2[TK_RANK]; /* elements from one to the next; 0 where it is repeated */
};

/* out may be an input that is not broadcast. */
void tk_add(const int8_t *in1, const int8_t *in2, int8_t *out, const struct tk_add *p);

#endif
