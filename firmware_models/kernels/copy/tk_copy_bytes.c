#include "tk_copy_bytes.h"

void tk_copy_bytes(const void *in, void *out, int32_t n) { tk_copy(in, out, n); }
