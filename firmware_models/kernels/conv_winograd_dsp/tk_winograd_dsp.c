/* As conv_dsp's tk_gemm_dsp.c: sums, inputs and a weight in all registers, weights waiting in the FPU's.
 * r0-r3 sums of channel A, r8-r11 of B, r4-r7 inputs, r12 weight, lr x; between, r4 is the stream. The
 * sums go on from one part of x to the next: s = m1 + m2, then y0 = s + m0; y1 = (2 * m1 - s) - m3.
 * On the stack: */
#include "tk_winograd_dsp.h"

#define STREAM "#0"
#define X_END "#4"
#define SKIP "#8"
#define ENTRY "#12"
#define OUT "#16"
#define STRIDE2 "#20" /* two outputs */
#define THEN "#24"
#define PART_BYTES "#28"
#define X "#32"
#define OUT_END "#36"
#define FINISH "#40"
#define AFTER "#44" /* where to go on after the four parts: 44, 48, 52, 56 */
#define DONE "#60"  /* where to go on after y0 and y1: 60, 64 */
#define SAVED "#68" /* eight sums */
#define FRAME "#100"

#define WORD(a, b)                 \
    "vmov r12, s" #a "\n"          \
    "ldmia.w lr!, {r4-r7}\n"       \
    "smlad r0, r12, r4, r0\n"      \
    "smlad r1, r12, r5, r1\n"      \
    "smlad r2, r12, r6, r2\n"      \
    "smlad r3, r12, r7, r3\n"      \
    "vmov r12, s" #b "\n"          \
    "smlad r8, r12, r4, r8\n"      \
    "smlad r9, r12, r5, r9\n"      \
    "smlad r10, r12, r6, r10\n"    \
    "smlad r11, r12, r7, r11\n"

/* The address of code at a label, for BX. */
#define ADDRESS(label, slot) "adr.w r9, " label "\n orr.w r9, r9, #1\n str.w r9, [sp, " slot "]\n"
#define MULTIPLY_THEN(slot) "ldr r5, [sp, #" slot "]\n str r5, [sp, " THEN "]\n b.w 10b\n"

/* Four sums times 2 -> bytes: r5 multiplier, r6 addend, r7 shift. */
#define PLAIN(r) "smmla " r ", " r ", r5, r6\n asr.w " r ", " r ", r7\n ssat " r ", #8, " r "\n"
#define STEP(r)                                   \
    "add.w r4, r6, " r ", asr #31\n"              \
    "smmlar " r ", " r ", r5, r4\n"               \
    "asr.w " r ", " r ", r7\n ssat " r ", #8, " r "\n"
#define STORE_FIRST                     \
    "strb.w r0, [r12]\n"                \
    "strb.w r1, [r12, lr]\n"            \
    "add.w r12, r12, lr, lsl #1\n"      \
    "strb.w r3, [r12, lr]\n"            \
    "strb.w r2, [r12], #1\n"
#define STORE_SECOND                    \
    "strb.w r11, [r12, lr]\n"           \
    "strb.w r10, [r12]\n"               \
    "sub.w r12, r12, lr, lsl #1\n"      \
    "strb.w r9, [r12, lr]\n"            \
    "strb.w r8, [r12], #1\n"

__asm__(
    ".syntax unified\n"
    ".thumb\n"
    ".pushsection .text.tk_winograd_8px, \"ax\", %progbits\n"
    ".p2align 2\n"
    ".globl tk_winograd_8px\n"
    ".type tk_winograd_8px, %function\n"
    ".thumb_func\n"
    "tk_winograd_8px:\n"
    "push {r4-r11, lr}\n"
    "vpush {s16-s31}\n"
    "sub sp, " FRAME "\n"
    "ldmia r3, {r4-r7}\n"
    "str r0, [sp, " X "]\n"
    "lsl.w r8, r4, #4\n"
    "str.w r8, [sp, " PART_BYTES "]\n"
    "lsl.w r8, r6, #1\n"
    "str.w r8, [sp, " STRIDE2 "]\n"
    "add.w r5, r2, r5, lsl #1\n"
    "str r5, [sp, " OUT_END "]\n"
    /* The first chunk of 16 words is entered so that it ends where a chunk ends. */
    "rsb.w r8, r4, #0\n"
    "and.w r8, r8, #15\n"
    "lsl.w r9, r8, #3\n"
    "str.w r9, [sp, " SKIP "]\n"
    "movs r10, #44\n"
    "mul r8, r8, r10\n"
    "adr.w r9, 12f\n"
    "add.w r9, r9, r8\n"
    "orr.w r9, r9, #1\n"
    "str.w r9, [sp, " ENTRY "]\n"
    ADDRESS("21f", "#44") ADDRESS("22f", "#48") ADDRESS("23f", "#52") ADDRESS("24f", "#56")
    ADDRESS("31f", "#60") ADDRESS("32f", "#64") ADDRESS("40f", FINISH)
    "cmp r7, #0\n"
    "beq.w 1f\n"
    ADDRESS("41f", FINISH)
    "1:\n"
    "mov r4, r1\n"
    "mov r12, r2\n"
    "b.w 20f\n"

    /* Adds one part of x times its weights to the sums. */
    "10:\n"
    "ldrd r5, r6, [sp, " SKIP "]\n"
    "ldr r7, [sp, " PART_BYTES "]\n"
    "subs r4, r4, r5\n"
    "add r7, r7, lr\n"
    "str r7, [sp, " X_END "]\n"
    "vldmia r4!, {s0-s31}\n"
    "str r4, [sp, " STREAM "]\n"
    "bx r6\n"
    "11:\n"
    "vldmia r4!, {s0-s31}\n"
    "str r4, [sp, " STREAM "]\n"
    ".p2align 2\n"
    "12:\n"
    WORD(0, 1) WORD(2, 3) WORD(4, 5) WORD(6, 7) WORD(8, 9) WORD(10, 11) WORD(12, 13) WORD(14, 15)
    WORD(16, 17) WORD(18, 19) WORD(20, 21) WORD(22, 23) WORD(24, 25) WORD(26, 27) WORD(28, 29) WORD(30, 31)
    "ldrd r4, r5, [sp, " STREAM "]\n"
    "cmp lr, r5\n"
    "bne.w 11b\n"
    "ldr r5, [sp, " THEN "]\n"
    "bx r5\n"

    "20:\n" /* two channels: r4 their stream, r12 their output */
    "str.w r12, [sp, " OUT "]\n"
    "ldrd r0, r8, [r4], #8\n"
    "ldr.w lr, [sp, " X "]\n"
    "mov r1, r0\n"
    "mov r2, r0\n"
    "mov r3, r0\n"
    "mov r9, r8\n"
    "mov r10, r8\n"
    "mov r11, r8\n"
    MULTIPLY_THEN("44")

    ".p2align 2\n"
    "21:\n" /* the sums are m1 */
    "add r5, sp, " SAVED "\n"
    "stmia.w r5, {r0-r3, r8-r11}\n"
    MULTIPLY_THEN("48")

    ".p2align 2\n"
    "22:\n" /* m1 + m2: 2 * m1 less that is where y1 starts */
    "vmov s0, r4\n"
    "add.w r12, sp, " SAVED "\n"
    "ldmia.w r12, {r4-r7}\n"
    "rsb.w r4, r0, r4, lsl #1\n"
    "rsb.w r5, r1, r5, lsl #1\n"
    "rsb.w r6, r2, r6, lsl #1\n"
    "rsb.w r7, r3, r7, lsl #1\n"
    "stmia.w r12!, {r4-r7}\n"
    "ldmia.w r12, {r4-r7}\n"
    "rsb.w r4, r8, r4, lsl #1\n"
    "rsb.w r5, r9, r5, lsl #1\n"
    "rsb.w r6, r10, r6, lsl #1\n"
    "rsb.w r7, r11, r7, lsl #1\n"
    "stmia.w r12, {r4-r7}\n"
    "vmov r4, s0\n"
    MULTIPLY_THEN("52")

    ".p2align 2\n"
    "23:\n" /* y0 */
    "vmov s1, lr\n"
    "ldrd r12, lr, [sp, " OUT "]\n"
    "ldr r5, [sp, #60]\n"
    "str r5, [sp, " THEN "]\n"
    "ldr r5, [sp, " FINISH "]\n"
    "bx r5\n"
    ".p2align 2\n"
    "31:\n"
    "vmov lr, s1\n"
    "add r5, sp, " SAVED "\n"
    "ldmia.w r5, {r0-r3, r8-r11}\n"
    MULTIPLY_THEN("56")

    ".p2align 2\n"
    "24:\n" /* y1 */
    "ldrd r12, lr, [sp, " OUT "]\n"
    "add.w r12, r12, lr, lsr #1\n"
    "ldr r5, [sp, #64]\n"
    "str r5, [sp, " THEN "]\n"
    "ldr r5, [sp, " FINISH "]\n"
    "bx r5\n"
    ".p2align 2\n"
    "32:\n"
    "ldr.w r12, [sp, " OUT "]\n"
    "ldr r5, [sp, " OUT_END "]\n"
    "add.w r12, r12, #2\n"
    "cmp r12, r5\n"
    "bne.w 20b\n"
    "add sp, " FRAME "\n"
    "vpop {s16-s31}\n"
    "pop {r4-r11, pc}\n"

    ".p2align 2\n"
    "40:\n"
    "ldmia.w r4!, {r5-r7}\n"
    PLAIN("r0") PLAIN("r1") PLAIN("r2") PLAIN("r3") STORE_FIRST
    "ldmia.w r4!, {r5-r7}\n"
    PLAIN("r8") PLAIN("r9") PLAIN("r10") PLAIN("r11") STORE_SECOND
    "ldr r5, [sp, " THEN "]\n"
    "bx r5\n"

    ".p2align 2\n"
    "41:\n"
    "ldmia.w r4!, {r5-r7}\n"
    "vmov s0, r4\n"
    STEP("r0") STEP("r1") STEP("r2") STEP("r3") STORE_FIRST
    "vmov r4, s0\n"
    "ldmia.w r4!, {r5-r7}\n"
    "vmov s0, r4\n"
    STEP("r8") STEP("r9") STEP("r10") STEP("r11") STORE_SECOND
    "vmov r4, s0\n"
    "ldr r5, [sp, " THEN "]\n"
    "bx r5\n"
    ".size tk_winograd_8px, . - tk_winograd_8px\n"
    ".popsection\n");
