#include "tk_lookup.h"

void tk_lookup(const uint8_t *in, uint8_t *out, const uint8_t *table, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = table[in[i]];
    }
}
