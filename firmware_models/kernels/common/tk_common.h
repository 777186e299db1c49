/* Types and the copying loop that every kernel uses. C99, no library, no allocation. */
#ifndef TK_COMMON_H
#define TK_COMMON_H

#include <stdint.h>

/* Dimensions of an arbitrary tensor, outermost first; unused leading ones are 1. */
#define TK_RANK 5

/* ARMv6-M computes with eight registers. An inner loop fits into them where the compiler neither unrolls it
 * (TK_ROLLED before the loop) nor mixes it with what is around it (TK_APART before its function). */
#if defined(__clang__)
#define TK_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define TK_ROLLED
#endif
#if defined(__GNUC__)
#define TK_APART __attribute__((noinline))
#else
#define TK_APART
#endif

/* Numbers that may lie in any array. The arena is an array of bytes, in which C lets nothing else be read or written:
 * a compiler that reasons by type may move such an access. What kernels take from or put into tensors and scratch in
 * larger pieces has one of these types, about which it must not reason; alignment is theirs to see to. A compiler
 * other than GCC and Clang must be told not to reason by type at all. */
#if defined(__GNUC__)
#define TK_MAY_ALIAS __attribute__((may_alias))
#else
#define TK_MAY_ALIAS
#endif
typedef uint32_t TK_MAY_ALIAS tk_word;
typedef int16_t TK_MAY_ALIAS tk_half;
typedef float TK_MAY_ALIAS tk_float;
typedef const int8_t *TK_MAY_ALIAS tk_pointer;

static inline int32_t tk_max(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int32_t tk_min(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int8_t tk_clamp(int32_t x, int32_t low, int32_t high)
{
    return (int8_t)tk_min(tk_max(x, low), high);
}

/* May write over its own input where that starts at the same address or behind. */
static inline void tk_copy(const int8_t *in, int8_t *out, int32_t n)
{
#if defined(__GNUC__)
    if ((((uintptr_t)in | (uintptr_t)out) & 3u) == 0u) {
        for (; n >= 16; n -= 16, in += 16, out += 16) {
            const tk_word *from = (const tk_word *)(const void *)in;
            const tk_word a = from[0], b = from[1], c = from[2], d = from[3];
            tk_word *to = (tk_word *)(void *)out;
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
        }
    }
#endif
    for (int32_t i = 0; i < n; i++) {
        out[i] = in[i];
    }
}

static inline void tk_fill(int8_t *out, int8_t value, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = value;
    }
}

#endif
