/* A tensor's bytes as they are. */
#ifndef TK_COPY_BYTES_H
#define TK_COPY_BYTES_H

#include "tk_common.h"

void tk_copy_bytes(const void *in, void *out, int32_t n);

#endif
