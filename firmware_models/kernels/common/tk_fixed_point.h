/* The reference's fixed-point arithmetic: Q31 multipliers, as in tinykit/compiler/fixed_point.py.
 *
 * Where the reference's 32-bit sums wrap, these wrap: such sums are formed in uint32_t. A right shift of a
 * negative number is arithmetic (C99 leaves that to the compiler; every one that can build this does it). */
#ifndef TK_FIXED_POINT_H
#define TK_FIXED_POINT_H

#include "tk_common.h"

#if defined(__ARM_ARCH_6M__) || defined(TK_NARROW_MULTIPLY)

/* a * b / 2**31 rounded half up; a and b are not both INT32_MIN. A core that multiplies 32 by 32 bits to 32 takes
 * half the time for this of what its library's 64-bit product takes. */
static inline int32_t tk_high_multiply(int32_t a, int32_t b)
{
    const int32_t a_high = a >> 16;
    const int32_t b_high = b >> 16;
    const int32_t a_low = a & 0xFFFF;
    const int32_t b_low = b & 0xFFFF;
    const uint32_t bottom = (uint32_t)a_low * (uint32_t)b_low;
    const int32_t first = a_high * b_low + (int32_t)(bottom >> 16);
    const int32_t second = a_low * b_high + (first & 0xFFFF);
    const int32_t high = a_high * b_high + (first >> 16) + (second >> 16);
    /* Bits 31 and 30 of the lower half: the last bit of the result, and whether to round it up. */
    const uint32_t low = (uint32_t)second << 16;
    return (int32_t)(((uint32_t)high << 1) + (low >> 31) + ((low >> 30) & 1u));
}

#else

/* a * b / 2**31 rounded half up; a and b are not both INT32_MIN. */
static inline int32_t tk_high_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

#endif

/* x / 2**shift rounded half away from zero, shift in 0..31. */
static inline int32_t tk_rounding_shift(int32_t x, int32_t shift)
{
    const uint32_t mask = (UINT32_C(1) << shift) - 1u;
    const uint32_t rest = (uint32_t)x & mask;
    const uint32_t half = (mask >> 1) + (x < 0 ? 1u : 0u);
    return (x >> shift) + (rest > half ? 1 : 0);
}

/* x * multiplier * 2**(shift - 31), rounded twice; multiplier >= 0, shift in -31..30. */
static inline int32_t tk_multiply(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    return tk_rounding_shift(tk_high_multiply((int32_t)((uint32_t)x << left), multiplier), left - shift);
}

/* x + y modulo 2**32. */
static inline int32_t tk_wrapping_add(int32_t x, int32_t y)
{
    return (int32_t)((uint32_t)x + (uint32_t)y);
}

#endif
