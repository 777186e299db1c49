#include "tk_concat.h"

void tk_concat(const void *in, void *out, int32_t blocks, int32_t n, int32_t pitch)
{
    const int8_t *from = in;
    int8_t *to = out;
    for (int32_t i = 0; i < blocks; i++, from += n, to += pitch) {
        tk_copy(from, to, n);
    }
}
