#include "tk_dense_dsp.h"

#include "tk_dsp.h"

/* Eight channels: sums[2 * k] = 256 * odd channel + even channel, sums[2 * k + 1] = even channel of pair k. Gives the end
 * of their weights. */
const uint32_t *tk_dense_8(const tk_word *x, const uint32_t *weights, int32_t sums[8], const tk_word *x_end);

/* In assembly, because eight sums, four weights, an input and a pointer fill all registers: r0 input, r1 weights,
 * r2-r9 sums, r10-r12 and lr weights; s0-s7 inputs, s8 their pointer, s9 its end, s10 where the sums go. */
#define PAIR(w, t, s) \
    "smlad " t ", " w ", r0, " t "\n sxtb16 " w ", " w "\n smlad " s ", " w ", r0, " s "\n"
#define WORD(n)                               \
    "vmov r0, s" #n "\n"                      \
    "ldmia.w r1!, {r10-r12, lr}\n"            \
    PAIR("r10", "r2", "r3") PAIR("r11", "r4", "r5") PAIR("r12", "r6", "r7") PAIR("lr", "r8", "r9")

__asm__(
    ".syntax unified\n"
    ".thumb\n"
    ".pushsection .text.tk_dense_8, \"ax\", %progbits\n"
    ".p2align 2\n"
    ".globl tk_dense_8\n"
    ".type tk_dense_8, %function\n"
    ".thumb_func\n"
    "tk_dense_8:\n"
    "push {r4-r11, lr}\n"
    "vmov s9, r3\n"
    "vmov s10, r2\n"
    "movs r2, #0\n"
    "movs r3, #0\n"
    "movs r4, #0\n"
    "movs r5, #0\n"
    "movs r6, #0\n"
    "movs r7, #0\n"
    "mov r8, r2\n"
    "mov r9, r2\n"
    "1:\n"
    "vldmia r0!, {s0-s7}\n"
    "vmov s8, r0\n"
    WORD(0) WORD(1) WORD(2) WORD(3) WORD(4) WORD(5) WORD(6) WORD(7)
    "vmov r0, s8\n"
    "vmov r10, s9\n"
    "cmp r0, r10\n"
    "bne.w 1b\n"
    "vmov r0, s10\n"
    "stmia r0!, {r2-r7}\n"
    "strd r8, r9, [r0]\n"
    "mov r0, r1\n"
    "pop {r4-r11, pc}\n"
    ".size tk_dense_8, . - tk_dense_8\n"
    ".popsection\n");

/* The same for up to four channels. */
static const uint32_t *dense_4(const tk_word *x, const uint32_t *w, int32_t sums[4], const tk_word *x_end)
{
    int32_t t0 = 0, s0 = 0, t1 = 0, s1 = 0;
    for (; x != x_end; x++, w += 2) {
        const int16x2_t inputs = (int16x2_t)*x;
        t0 = __smlad((int16x2_t)w[0], inputs, t0);
        s0 = __smlad((int16x2_t)tk_even(w[0]), inputs, s0);
        t1 = __smlad((int16x2_t)w[1], inputs, t1);
        s1 = __smlad((int16x2_t)tk_even(w[1]), inputs, s1);
    }
    sums[0] = t0;
    sums[1] = s0;
    sums[2] = t1;
    sums[3] = s1;
    return w;
}

/* Inputs as pairs of int16: in words of four bytes, (0,2), (1,3); then what is left, (0,1), (2,-). */
static void expand(const int8_t *in, tk_word *x, const tk_word *end, int32_t n)
{
    for (; n >= 4; n -= 4, in += 4) {
        const uint32_t four = tk_load4(in);
        *x++ = tk_even(four);
        *x++ = tk_odd(four);
    }
    if (n & 2) {
        *x++ = tk_pair(in[0], in[1]);
        in += 2;
    }
    if (n & 1) {
        *x++ = tk_pair(*in, 0);
    }
    while (x != end) {
        *x++ = 0;
    }
}

static inline int32_t subtract(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }

static inline int32_t left(int32_t a, int32_t n) { return (int32_t)((uint32_t)a << n); }

/* Sums times 256. */
static void finish_plain(const int32_t *sums, const struct tk_dense_channel *c, int8_t *out, int32_t n)
{
    for (; n > 0; n -= 2, sums += 2, c += 2, out += 2) {
        const int32_t even = left(sums[1], 8) + c[0].bias;
        out[0] = tk_saturate(tk_smmla(even, c[0].multiplier, c[0].addend) >> c[0].shift);
        if (n > 1) {
            const int32_t odd = subtract(sums[0], sums[1]) + c[1].bias;
            out[1] = tk_saturate(tk_smmla(odd, c[1].multiplier, c[1].addend) >> c[1].shift);
        }
    }
}

/* The other forms. */
static void finish(const int32_t *sums, const struct tk_dense_channel *c, int8_t *out, int32_t n,
                   const struct tk_dense_dsp *p)
{
    for (int32_t k = 0; k < n; k++, c++) {
        const int32_t *pair = &sums[k & ~1];
        const int32_t sum = k & 1 ? subtract(pair[0], pair[1]) >> (8 - p->accumulator_log2)
                                  : left(pair[1], p->accumulator_log2);
        const int32_t scaled = sum + c->bias;
        const int32_t addend = c->addend + (p->sign_step ? scaled >> 31 : 0);
        const int32_t high = p->rounds ? tk_smmlar(scaled, c->multiplier, addend)
                                       : tk_smmla(scaled, c->multiplier, addend);
        out[k] = tk_saturate(high >> c->shift);
    }
}

void tk_dense_dsp(const int8_t *in, int8_t *out, uint8_t *scratch, const struct tk_dense_dsp *p)
{
    tk_word *x = (tk_word *)(void *)scratch;
    const tk_word *end = x + p->words;
    for (int32_t row = 0; row < p->rows; row++, in += p->inputs) {
        const uint32_t *w = p->stream;
        expand(in, x, end, p->inputs);
        for (int32_t rest = p->outputs; rest > 0;) {
            const int32_t group = rest > 4 ? 8 : 4;
            const int32_t n = rest < group ? rest : group;
            int32_t sums[8];
            w = group == 8 ? tk_dense_8(x, w, sums, end) : dense_4(x, w, sums, end);
            const struct tk_dense_channel *c = (const struct tk_dense_channel *)(const void *)w;
            if (p->accumulator_log2 == 8 && !p->rounds) {
                finish_plain(sums, c, out, n);
            } else {
                finish(sums, c, out, n, p);
            }
            w += group * 4;
            out += n;
            rest -= n;
        }
    }
}
