/* Instructions of Armv7E-M's DSP extension, by intrinsics where ACLE has them. */
#ifndef TK_DSP_H
#define TK_DSP_H

#if !defined(__ARM_FEATURE_DSP)
#error "This kernel needs Armv7E-M's DSP extension: build the model for a board without it."
#endif

#include <arm_acle.h>
#include <stdint.h>

/* Four bytes from any address, as one word. */
static inline uint32_t tk_load4(const int8_t *p)
{
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

/* Bytes 0 and 2 of a word, sign-extended, as two halfwords. */
static inline uint32_t tk_even(uint32_t bytes) { return (uint32_t)__sxtb16((int16x2_t)bytes); }

/* Bytes 0 and 2, sign-extended, added to the two halfwords of sums. */
static inline uint32_t tk_add_even(uint32_t sums, uint32_t bytes)
{
    return (uint32_t)__sxtab16((int16x2_t)sums, (int16x2_t)bytes);
}

/* Bytes 1 and 3. */
static inline uint32_t tk_odd(uint32_t bytes) { return tk_even((bytes >> 8) | (bytes << 24)); }

static inline uint32_t tk_pair(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

/* The low halves of two words side by side (PKHBT), and the high ones (PKHTB). */
static inline uint32_t tk_low_halves(uint32_t first, uint32_t second)
{
    return (first & 0xFFFFu) | (second << 16);
}

static inline uint32_t tk_high_halves(uint32_t first, uint32_t second)
{
    return (first >> 16) | (second & 0xFFFF0000u);
}

/* Sums and differences of the halves. */
static inline uint32_t tk_add_halves(uint32_t a, uint32_t b)
{
    return (uint32_t)__sadd16((int16x2_t)a, (int16x2_t)b);
}

static inline uint32_t tk_subtract_halves(uint32_t a, uint32_t b)
{
    return (uint32_t)__ssub16((int16x2_t)a, (int16x2_t)b);
}

/* addend + (a * b >> 32), and the same with the product rounded half up; ACLE has neither. */
static inline int32_t tk_smmla(int32_t a, int32_t b, int32_t addend)
{
    int32_t sum;
    __asm__("smmla %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(addend));
    return sum;
}

static inline int32_t tk_smmlar(int32_t a, int32_t b, int32_t addend)
{
    int32_t sum;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(addend));
    return sum;
}

/* Clamped to int8_t; a C function because of GCC's __ssat, which warns under -Wconversion. */
static inline int8_t tk_saturate(int32_t x)
{
    __asm__("ssat %0, #8, %1" : "=r"(x) : "r"(x));
    return (int8_t)x;
}

#endif
