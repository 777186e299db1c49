/* memcpy and its kin. Copies go by words where both ends allow it; sizes here are tensors, not pages. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Tensors are bytes to some and words to others: without this the compiler may reorder the two. */
typedef uint32_t __attribute__((__may_alias__)) word_t;

/* Compilers turn such loops into calls of the very functions they are in. */
#if defined(__clang__)
#define AS_WRITTEN __attribute__((no_builtin))
#else
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

static int aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 3u) == 0;
}

AS_WRITTEN void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (aligned(d, s)) {
        for (; size >= 4; size -= 4, d += 4, s += 4) {
            *(word_t *)(void *)d = *(const word_t *)(const void *)s;
        }
    }
    while (size-- > 0) {
        *d++ = *s++;
    }
    return to;
}

AS_WRITTEN void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (d <= s || d >= s + size) {
        return memcpy(to, from, size);
    }
    while (size-- > 0) {
        d[size] = s[size];
    }
    return to;
}

AS_WRITTEN void *memset(void *to, int value, size_t size)
{
    uint8_t *d = to;
    const uint32_t word = (uint32_t)(uint8_t)value * 0x01010101u;
    if (((uintptr_t)d & 3u) == 0) {
        for (; size >= 4; size -= 4, d += 4) {
            *(word_t *)(void *)d = word;
        }
    }
    while (size-- > 0) {
        *d++ = (uint8_t)value;
    }
    return to;
}

AS_WRITTEN int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (; size > 0; size--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}
