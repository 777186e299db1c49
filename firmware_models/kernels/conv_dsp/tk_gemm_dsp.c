/* Written in assembly because no compiler keeps 8 sums, 4 inputs, 1 weight and a pointer in the 14 registers
 * there are, with the weights waiting in FPU registers: 11 instructions for 16 products, 0.69 each, where the
 * best C needs 1.0.
 *
 * Of two channels' sums, T = 256 * B + A takes the whole weights, S = A their low bytes; 256 * B = T - S.
 * r0-r3 T, r8-r11 S, r4-r7 inputs, r12 weight, lr x; after the sums r4 stream, r12 output, lr its pixel stride.
 * On the stack: */
#include "tk_gemm_dsp.h"

#define STREAM "#0"
#define X_END "#4"
#define X "#8"
#define ENTRY "#12"
#define OUT "#16"
#define STRIDE "#20"
#define SKIP "#24" /* bytes of the first chunk that are not used */
#define FINISH "#28"
#define OUT_END "#32"

#define BEGIN(name)                                           \
    ".syntax unified\n"                                       \
    ".thumb\n"                                                \
    ".pushsection .text." name ", \"ax\", %progbits\n"        \
    ".p2align 2\n"                                            \
    ".globl " name "\n"                                       \
    ".type " name ", %function\n"                             \
    ".thumb_func\n" name ":\n"
#define END(name) ".size " name ", . - " name "\n.popsection\n"

#define WORD(s)                    \
    "vmov r12, s" #s "\n"          \
    "ldmia.w lr!, {r4-r7}\n"       \
    "smlad r0, r12, r4, r0\n"      \
    "smlad r1, r12, r5, r1\n"      \
    "smlad r2, r12, r6, r2\n"      \
    "smlad r3, r12, r7, r3\n"      \
    "sxtb16 r12, r12\n"            \
    "smlad r8, r12, r4, r8\n"      \
    "smlad r9, r12, r5, r9\n"      \
    "smlad r10, r12, r6, r10\n"    \
    "smlad r11, r12, r7, r11\n"
#define WORD_BYTES "44"
#define WORDS4(a, b, c, d) WORD(a) WORD(b) WORD(c) WORD(d)

__asm__(
    BEGIN("tk_gemm_4px")
    "push {r4-r11, lr}\n"
    "vpush {s16-s31}\n"
    "sub sp, #36\n"
    "ldmia r3, {r4-r7}\n"
    "str r0, [sp, " X "]\n"
    "add.w r8, r0, r4, lsl #4\n"
    "str.w r8, [sp, " X_END "]\n"
    "str r6, [sp, " STRIDE "]\n"
    "str r7, [sp, " FINISH "]\n"
    /* The first chunk is entered so that it ends where a chunk ends. */
    "rsb.w r8, r4, #0\n"
    "and.w r8, r8, #31\n"
    "lsl.w r9, r8, #2\n"
    "str.w r9, [sp, " SKIP "]\n"
    "movs r10, #" WORD_BYTES "\n"
    "mul r8, r8, r10\n"
    "adr.w r9, 3f\n"
    "add.w r9, r9, r8\n"
    "orr.w r9, r9, #1\n"
    "str.w r9, [sp, " ENTRY "]\n"
    "add.w r12, r2, #1\n"
    "add.w r5, r12, r5, lsl #1\n"
    "str r5, [sp, " OUT_END "]\n"
    "mov r4, r1\n"

    ".globl tk_gemm_next\n"
    ".hidden tk_gemm_next\n"
    ".type tk_gemm_next, %function\n"
    ".thumb_func\n"
    "tk_gemm_next:\n" /* a pair of channels: r4 its stream, r12 its output */
    "str.w r12, [sp, " OUT "]\n"
    "ldrd r0, r8, [r4], #8\n"
    "ldr r5, [sp, " SKIP "]\n"
    "ldrd lr, r6, [sp, " X "]\n"
    "subs r4, r4, r5\n"
    "mov r1, r0\n"
    "mov r2, r0\n"
    "mov r3, r0\n"
    "mov r9, r8\n"
    "mov r10, r8\n"
    "mov r11, r8\n"
    "vldmia r4!, {s0-s31}\n"
    "str r4, [sp, " STREAM "]\n"
    "bx r6\n"

    "2:\n"
    "vldmia r4!, {s0-s31}\n"
    "str r4, [sp, " STREAM "]\n"
    ".p2align 2\n"
    "3:\n"
    WORDS4(0, 1, 2, 3) WORDS4(4, 5, 6, 7) WORDS4(8, 9, 10, 11) WORDS4(12, 13, 14, 15)
    WORDS4(16, 17, 18, 19) WORDS4(20, 21, 22, 23) WORDS4(24, 25, 26, 27) WORDS4(28, 29, 30, 31)
    "ldrd r4, r5, [sp, " STREAM "]\n"
    "cmp lr, r5\n"
    "bne.w 2b\n"
    "ldr r5, [sp, " FINISH "]\n"
    "ldrd r12, lr, [sp, " OUT "]\n"
    "bx r5\n"
    ".size tk_gemm_next, . - tk_gemm_next\n"

    ".globl tk_gemm_end\n"
    ".hidden tk_gemm_end\n"
    ".type tk_gemm_end, %function\n"
    ".thumb_func\n"
    "tk_gemm_end:\n"
    "add sp, #36\n"
    "vpop {s16-s31}\n"
    "pop {r4-r11, pc}\n"
    ".size tk_gemm_end, . - tk_gemm_end\n"
    END("tk_gemm_4px"));

/* Pixels 0, 1, then 2, 3 of the odd channel; 2, 3, then 0, 1 of the even one: r12 walks back and forth. */
#define STORE_ODD                       \
    "strb.w r0, [r12]\n"                \
    "strb.w r1, [r12, lr]\n"            \
    "add.w r12, r12, lr, lsl #1\n"      \
    "strb.w r3, [r12, lr]\n"            \
    "strb.w r2, [r12], #-1\n"
#define STORE_EVEN                      \
    "strb.w r11, [r12, lr]\n"           \
    "strb.w r10, [r12]\n"               \
    "sub.w r12, r12, lr, lsl #1\n"      \
    "strb.w r9, [r12, lr]\n"            \
    "strb.w r8, [r12], #3\n"
#define NEXT                            \
    "ldr r5, [sp, " OUT_END "]\n"       \
    "cmp r12, r5\n"                     \
    "bne.w tk_gemm_next\n"              \
    "b.w tk_gemm_end\n"

/* 256 * sum -> byte: r5 multiplier, r6 addend, r7 shift. */
#define ODD(t, s) "subs.w " t ", " t ", " s "\n smmla " t ", " t ", r5, r6\n"
#define EVEN(s) "lsl.w " s ", " s ", #8\n smmla " s ", " s ", r5, r6\n"
#define BYTE(r) "asr.w " r ", " r ", r7\n ssat " r ", #8, " r "\n"
#define BYTE_BY(r, shift) "ssat " r ", #8, " r ", asr #" shift "\n"
#define EACH4(f, a, b, c, d) f(a) f(b) f(c) f(d)

__asm__(
    BEGIN("tk_gemm_finish_shift")
    "ldmia.w r4!, {r5-r7}\n"
    ODD("r0", "r8") ODD("r1", "r9") ODD("r2", "r10") ODD("r3", "r11")
    BYTE("r0") BYTE("r1") BYTE("r2") BYTE("r3")
    STORE_ODD
    "ldmia.w r4!, {r5-r7}\n"
    EVEN("r8") EVEN("r9") EVEN("r10") EVEN("r11")
    BYTE("r8") BYTE("r9") BYTE("r10") BYTE("r11")
    STORE_EVEN NEXT
    END("tk_gemm_finish_shift"));

#define FINISH_BY(shift)                                                                        \
    __asm__(                                                                                    \
        BEGIN("tk_gemm_finish_" shift)                                                          \
        "ldmia.w r4!, {r5-r7}\n"                                                                \
        ODD("r0", "r8") ODD("r1", "r9") ODD("r2", "r10") ODD("r3", "r11")                       \
        BYTE_BY("r0", shift) BYTE_BY("r1", shift) BYTE_BY("r2", shift) BYTE_BY("r3", shift)     \
        STORE_ODD                                                                               \
        "ldmia.w r4!, {r5-r7}\n"                                                                \
        EVEN("r8") EVEN("r9") EVEN("r10") EVEN("r11")                                           \
        BYTE_BY("r8", shift) BYTE_BY("r9", shift) BYTE_BY("r10", shift) BYTE_BY("r11", shift)   \
        STORE_EVEN NEXT                                                                         \
        END("tk_gemm_finish_" shift))

FINISH_BY("12");
FINISH_BY("13");
FINISH_BY("14");
FINISH_BY("15");
FINISH_BY("16");
FINISH_BY("17");
FINISH_BY("18");
FINISH_BY("19");
FINISH_BY("20");

/* 2 * sum -> byte; a negative sum takes 1 from the addend. */
#define STEP(r)                                    \
    "add.w r4, r6, " r ", asr #31\n"               \
    "smmlar " r ", " r ", r5, r4\n" BYTE(r)
#define ODD_STEP(t, s) "subs.w " t ", " t ", " s "\n asrs.w " t ", " t ", #7\n" STEP(t)
#define EVEN_STEP(s) "lsl.w " s ", " s ", #1\n" STEP(s)

__asm__(
    BEGIN("tk_gemm_finish_step")
    "ldmia.w r4!, {r5-r7}\n"
    "str r4, [sp, " STREAM "]\n"
    ODD_STEP("r0", "r8") ODD_STEP("r1", "r9") ODD_STEP("r2", "r10") ODD_STEP("r3", "r11")
    STORE_ODD
    "ldr r4, [sp, " STREAM "]\n"
    "ldmia.w r4!, {r5-r7}\n"
    "str r4, [sp, " STREAM "]\n"
    EVEN_STEP("r8") EVEN_STEP("r9") EVEN_STEP("r10") EVEN_STEP("r11")
    STORE_EVEN
    "ldr r4, [sp, " STREAM "]\n"
    NEXT
    END("tk_gemm_finish_step"));
